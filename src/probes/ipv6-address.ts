import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { milliseconds, node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import type { SysctlsStep } from '../model/steps.js'
import { readIpv6Addresses } from '../world/proc-net.js'

const POLL_MS = 3

const SHAPE = {
  from: node(),
  device: z.string(),
  /** First hextets of the address: `fe80:`, `2001:6f8:1477:1111:`. */
  startsWith: z.string(),
  /** Milliseconds that the kernel's own timing may take before the deadline begins; 0 when left out. */
  takesMs: milliseconds().optional(),
  /** Whether to take the device's addresses as they are, instead of having it begin anew. */
  asIs: z.literal(true).optional(),
}

const LIBRARY = `# wait_for_address NODE DEVICE PREFIX: until it is usable, or given up.
wait_for_address() {
  left=$((WAIT * 30)) came=fails
  while [ "$left" -gt 0 ]; do
    line=$(in_node "$1" ip -6 -o addr show dev "$2" | grep -F "inet6 $3" | sed 's/ *\\\\.*//; s/  */ /g')
    case $line in
      *dadfailed*) break ;;
      '' | *tentative*) ;;
      *)
        came=works
        break
        ;;
    esac
    left=$((left - 1))
    sleep 0.05
  done
  said=\${line:-no address $3 in time}
}
`

/**
 * Waiting for a device to have a usable IPv6 address under a prefix. It begins from scratch, with all addresses taken away, but for
 * `asIs`.
 */
export const ipv6Address = probeKind('ipv6-address', SHAPE, {
  describe: ({ device, startsWith }) => `ip -6 addr show dev ${device} | grep ${startsWith}`,

  from: ({ from }) => from,

  script: ({ from, device, startsWith }) => ({
    words: ['wait_for_address', from, device, startsWith],
    library: LIBRARY,
    tools: [],
  }),

  typicalMs: ({ takesMs = 0 }) => 80 + takesMs,

  // Writing 1 flushes every address of the device at once, 0 starts autoconfiguration anew (addrconf_disable_ipv6). Not
  // read back: with accept_dad=2 a duplicate may have made it 1 again by then.
  prepare: ({ from, device, asIs }) =>
    (asIs ? [] : (['1', '0'] as const)).map(
      (value): SysctlsStep => ({
        do: 'sysctls',
        node: from,
        values: { [`net.ipv6.conf.${device}.disable_ipv6`]: value },
        by: 'lab',
        readBack: false,
        why: 'take the IPv6 addresses away and start anew',
      }),
    ),

  async run({ from, device, startsWith, takesMs = 0 }, { netns, deadlineMs, lost }) {
    const started = performance.now()
    const found = () =>
      readIpv6Addresses(netns(from)).find(
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
})
