/** What a device does with a packet whose source is routed over another one, as the sysctls of its namespace have it. */
import { SAMPLE_DEVICE } from '../model/defaults.js'
import { CommandError, runCommand } from '../world/command.js'
import { addNetns, deleteNetns, Netns } from '../world/netns.js'
import { Mibs } from '../world/proc-net.js'

const SENDER = 'sender'
const TIMEOUT_MS = 60_000
const [DEVICE_ADDRESS, PEER_ADDRESS] = ['192.0.2.1', '192.0.2.2']
/** Of the sender's, and routed over lo at the other end: a packet from it comes in on the wrong device. */
const SOURCE = '198.51.100.1'
const SETTLED = ['ping', '-c', '1', '-W', '5', DEVICE_ADDRESS]
const FROM_ELSEWHERE = ['ping', '-c', '1', '-W', '1', '-I', SOURCE, DEVICE_ADDRESS]

/** What became of it. */
export type ReversePathPacket = 'dropped' | 'taken'

/**
 * Sends one through a veth pair that is in a namespace with both ends, and says whether it was dropped by the reverse path filter
 * (IPReversePathFilter, fib_validate_source(), net/ipv4/fib_frontend.c) or taken. Throws LabError where neither shows.
 */
export async function sendFromElsewhere(
  netns: Netns,
  node: string,
  peer: string,
): Promise<ReversePathPacket> {
  addNetns(SENDER)
  const sender = new Netns(SENDER)
  const ip = (where: Netns, ...argv: readonly string[]) => must(where, ['ip', ...argv])
  const must = async (where: Netns, argv: readonly string[]) => {
    const record = await runCommand(argv, { node: where.name, netns: where, timeoutMs: TIMEOUT_MS })
    if (record.exitCode !== 0) throw new CommandError(record, 'send a packet from elsewhere')
  }
  const counts = () => {
    const mibs = new Mibs(netns)
    return { dropped: mibs.get('TcpExtIPReversePathFilter') ?? 0, taken: mibs.get('IcmpInEchos') ?? 0 }
  }
  try {
    await ip(netns, 'link', 'set', peer, 'netns', SENDER)
    for (const [where, device, address] of [
      [netns, SAMPLE_DEVICE, `${DEVICE_ADDRESS}/30`],
      [sender, peer, `${PEER_ADDRESS}/30`],
    ] as const) {
      await ip(where, 'address', 'add', address, 'dev', device)
      for (const up of ['lo', device]) await ip(where, 'link', 'set', up, 'up')
    }
    await ip(sender, 'address', 'add', `${SOURCE}/32`, 'dev', 'lo')
    await ip(netns, 'route', 'add', `${SOURCE}/32`, 'dev', 'lo')
    // Once for the neighbours and the carrier, which must not be what is missing.
    await runCommand(SETTLED, { node: SENDER, netns: sender, timeoutMs: TIMEOUT_MS })
    const before = counts()
    await runCommand(FROM_ELSEWHERE, { node: SENDER, netns: sender, timeoutMs: TIMEOUT_MS })
    const after = counts()
    if (after.dropped > before.dropped) return 'dropped'
    if (after.taken > before.taken) return 'taken'
    throw new CommandError(
      await runCommand(FROM_ELSEWHERE, { node: SENDER, netns: sender, timeoutMs: TIMEOUT_MS }),
      `a packet from elsewhere neither came in on ${SAMPLE_DEVICE} of ${node} nor was dropped by its reverse path filter`,
    )
  } finally {
    sender.close()
    await deleteNetns(SENDER)
  }
}
