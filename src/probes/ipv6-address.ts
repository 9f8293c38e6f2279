import { setTimeout as delay } from 'node:timers/promises'
import type { ProbeKind } from '../model/probe.js'
import { run } from '../model/steps.js'
import { ipv6Text } from '../world/libc.js'
import type { Netns } from '../world/netns.js'

/** Waiting for a device to get a usable IPv6 address under a prefix, from scratch: all that it has are taken away first. */
export interface Ipv6AddressSpec {
  readonly kind: 'ipv6-address'
  readonly node: string
  readonly device: string
  /** First hextets of the address: `fe80:`, `2001:6f8:1477:1111:`. */
  readonly startsWith: string
  /** Milliseconds that the kernel's own timing may take before the deadline begins; 0 when left out. */
  readonly takesMs?: number
}

/** An address as /proc/net/if_inet6 has it (if6_seq_show, net/ipv6/addrconf.c). */
export interface DeviceAddress {
  readonly address: string
  readonly device: string
  readonly tentative: boolean
  readonly dadFailed: boolean
}

const IFA_F_DADFAILED = 0x08
const IFA_F_TENTATIVE = 0x40
const POLL_MS = 3

/** The IPv6 addresses of a node's devices. */
export function ipv6Addresses(netns: Netns): DeviceAddress[] {
  const lines = netns.readProc('if_inet6')?.trim().split('\n') ?? []
  return lines.flatMap(line => {
    const [hex, , , , flagsHex, device] = line.split(/ +/)
    if (!hex || !flagsHex || !device) return []
    const flags = Number.parseInt(flagsHex, 16)
    return [
      {
        address: ipv6Text(Buffer.from(hex, 'hex')),
        device,
        tentative: (flags & IFA_F_TENTATIVE) !== 0,
        dadFailed: (flags & IFA_F_DADFAILED) !== 0,
      },
    ]
  })
}

export const ipv6AddressProbe: ProbeKind<Ipv6AddressSpec> = {
  describe: ({ device, startsWith }) => `ip -6 addr show dev ${device} | grep ${startsWith}`,

  typicalMs: ({ takesMs = 0 }) => 80 + takesMs,

  // Writing 1 flushes every address of the device at once, 0 starts autoconfiguration anew (addrconf_disable_ipv6). Not
  // read back: with accept_dad=2 a duplicate may have made it 1 again by then.
  prepare: ({ node, device }) => {
    const key = `net.ipv6.conf.${device}.disable_ipv6`
    return [
      {
        ...run(
          node,
          ['sysctl', '-q', '-w', `${key}=1`, `${key}=0`],
          'take the IPv6 addresses away and start anew',
        ),
        builtin: true,
      },
    ]
  },

  async run({ node, device, startsWith, takesMs = 0 }, { netns, deadlineMs, lost }) {
    const started = performance.now()
    const found = () =>
      ipv6Addresses(netns(node)).find(
        entry => entry.device === device && entry.address.startsWith(startsWith),
      )
    for (;;) {
      const entry = found()
      const elapsed = Math.round(performance.now() - started)
      if (entry?.dadFailed)
        return { outcome: 'fails', says: `${entry.address} is 'dadfailed tentative' after ${elapsed} ms` }
      if (entry && !entry.tentative)
        return {
          outcome: 'works',
          says: `${entry.address} is usable after ${elapsed} ms`,
          measured: { readyMs: elapsed },
        }
      if (elapsed > takesMs + deadlineMs || lost.aborted)
        return {
          outcome: 'fails',
          says: entry
            ? `${entry.address} is still tentative after ${elapsed} ms`
            : `no address ${startsWith}… after ${elapsed} ms`,
        }
      await delay(POLL_MS)
    }
  },
}
