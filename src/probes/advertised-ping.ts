import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { address, milliseconds, node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import { echo } from './ping.js'

const SHAPE = {
  from: node(),
  to: address(),
  /** Who advertises, and where. */
  router: z.strictObject({ node: node(), device: z.string() }),
  /** The prefix that is on the link, and for how many seconds. No host makes itself an address of it. */
  prefix: z.string(),
  valid: z.int().min(0),
  /** Milliseconds between the advertisement and the ping; 0 when left out. */
  afterMs: milliseconds().optional(),
}

const LIBRARY = `# ping_after SECONDS NODE ADDRESS
ping_after() {
  sleep "$1"
  reply=$(in_node "$2" ping -n -c 1 -W "$WAIT" "$3" 2>&1 | grep -E 'bytes from|[Ee]rror|unreachable' | sed -n 1p)
  answered_by=$(echo "$reply" | sed -n 's/^[0-9]* bytes from \\([^ ]*\\): .*/\\1/p')
  said=\${reply:-no reply from $3 within $WAIT s}
  if [ -n "$answered_by" ]; then came=works; else came=fails; fi
}
`

/** A ping some time after a router has advertised a prefix, and said that it is no default router. */
export const advertisedPing = probeKind('advertised-ping', SHAPE, {
  describe: ({ to, afterMs = 0 }) => `sleep ${afterMs / 1000}; ping -c 1 ${to}`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  typicalMs: ({ afterMs = 0 }) => afterMs + 5,
  script: ({ from, to, afterMs = 0 }) => ({
    words: ['ping_after', String(afterMs / 1000), from, to],
    library: LIBRARY,
    tools: ['ping'],
  }),

  prepare: ({ from, router, prefix, valid }) => [
    {
      do: 'advertise',
      node: router.node,
      device: router.device,
      to: from,
      lifetime: 0,
      prefixes: [{ prefix, autonomous: false, valid }],
      why: 'advertise the prefix',
    },
  ],

  async run({ from, to, afterMs = 0 }, { netns, deadlineMs, lost }) {
    await delay(afterMs)
    return echo({ from: netns(from), to, deadlineMs, lost })
  },
})
