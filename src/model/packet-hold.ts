/**
 * Holding new TCP connections between source NAT (priority 100) and their confirmation (the last of postrouting), where
 * the race for a port is decided. nftables' own `queue` needs CONFIG_NFT_QUEUE; iptables' NFQUEUE target in a chain of
 * its own, called from an nftables chain at priority 150, does the same on every kernel with nft_compat.
 */
import { type RunStep, run } from './steps.js'
import type { PacketHold } from './topology.js'

/** The step that takes a hold away again: it is the lab's own, and nothing that a release would keep. */
export function unholdStep(node: string): RunStep {
  const commands = ['late', 'HOLD'].flatMap(chain =>
    ['flush', 'delete'].map(action => `${action} chain ip mangle ${chain}\n`),
  )
  return run(node, ['nft', '-f', '-'], 'take the queue’s chains away', commands.join(''))
}

/** The two steps that put a hold into a node. Without a program at the queue, packets pass (`--queue-bypass`). */
export function holdSteps(node: string, { device, port, queue }: PacketHold): RunStep[] {
  const chain = `*mangle
:HOLD - [0:0]
-A HOLD -j NFQUEUE --queue-num ${queue} --queue-bypass
COMMIT
`
  const hook = `add chain ip mangle late { type filter hook postrouting priority 150; }
add rule ip mangle late oifname "${device}" tcp dport ${port} tcp flags & (syn|ack) == syn jump HOLD
`
  return [
    run(node, ['iptables-nft-restore', '-w', '--noflush'], 'make the queue’s chain', chain),
    run(node, ['nft', '-f', '-'], 'call it after source NAT', hook),
  ]
}
