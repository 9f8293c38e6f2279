import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { LabError } from '../base/errors.js'
import { milliseconds, node } from '../model/fields.js'
import { type ProbeContext, probeKind } from '../model/probe.js'
import { deviceIndex } from '../world/libc.js'
import { isOperational, readBridgeOption, setUp } from '../world/links.js'
import type { Netns } from '../world/netns.js'
import { FRAMES_LIBRARY, FrameCrossing, frameWord } from './link-frames.js'

const POLL_MS = 2
/** From one frame to the next. */
const EVERY_MS = 100
/** Twice the shortest delay that there is while STP runs. */
const LISTENS_AND_LEARNS_MS = 4000

const SHAPE = {
  /** Whose frames are to come through, and its device. */
  from: node(),
  device: z.string(),
  /** The port of the bridge behind which it is. */
  port: z.strictObject({ node: node(), device: z.string() }),
  /** Where they must come in. */
  at: z.strictObject({ node: node(), device: z.string() }),
  /** For how long it goes on to send, from when the port takes part. */
  withinMs: milliseconds(),
}

const LIBRARY = `# new_port NODE DEVICE HEX HOST PORT SERVER DEVICE SECONDS: the port goes down and up; frames until one comes through.
new_port() {
  in_node "$4" ip link set dev "$5" down
  in_node "$4" ip link set dev "$5" up
  left=100
  while in_node "$4" bridge link show dev "$5" | grep -q 'state disabled'; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || skip "$5 of $4 stays disabled"
    sleep 0.02
  done
  until=$(($(date +%s%N) / 1000000 + $8 * 1000)) patience=$WAIT WAIT=0.2
  while :; do
    crosses "$1" "$2" "$3" "$6" "$7"
    if [ "$came" = works ] || [ "$(($(date +%s%N) / 1000000))" -gt "$until" ]; then break; fi
  done
  WAIT=$patience
  [ "$came" = works ] || said="nothing came in on $7 of $6 in $8 s"
}
`

/**
 * A port that joins its bridge anew, as when the machine behind it has booted, and what that one broadcasts from then on. Works when
 * some of it comes through in time.
 */
export const newPort = probeKind('new-port', SHAPE, {
  describe: ({ port, withinMs }) =>
    `ip link set dev ${port.device} up; timeout ${withinMs / 1000} dhclient -v eth0  # behind that port`,
  from: ({ from }) => from,
  typicalMs: ({ withinMs }, outcome) =>
    outcome === 'fails' ? 50 : withinMs > LISTENS_AND_LEARNS_MS ? LISTENS_AND_LEARNS_MS : 10,
  script: ({ from, device, port, at, withinMs }) => ({
    words: [
      ...['new_port', from, device, frameWord('broadcast'), port.node, port.device],
      ...[at.node, at.device, String(Math.ceil(withinMs / 1000))],
    ],
    library: FRAMES_LIBRARY + LIBRARY,
    tools: ['ip', 'bridge', 'date'],
  }),

  async run({ from, device, port, at, withinMs }, { netns, deadlineMs, lost }) {
    const host = netns(port.node)
    const index = host.inside(() => deviceIndex(port.device))
    const crossing = new FrameCrossing(
      'broadcast',
      { netns: netns(from), device },
      { netns: netns(at.node), device: at.device },
    )
    try {
      setUp(host, index, false)
      setUp(host, index, true)
      const sender = netns(from).inside(() => deviceIndex(device))
      const sends = () => isOperational(netns(from), sender)
      const states = [await takesPart(host, index, port.device, sends, deadlineMs)]
      const started = performance.now()
      const elapsed = () => Math.round(performance.now() - started)
      let came = false
      do {
        crossing.send()
        came = await crossing.came(EVERY_MS, lost)
        const state = readBridgeOption(host, index, 'state') ?? 'no port'
        if (state !== states.at(-1)) states.push(state)
      } while (!came && elapsed() < withinMs && !lost.aborted)
      const says = `${elapsed()} ms after ${port.device} came up (${states.join(', ')})`
      return came
        ? { outcome: 'works', says: `it came in ${says}`, measured: { arrivedMs: elapsed() } }
        : { outcome: 'fails', says: `nothing came in, ${says}` }
    } finally {
      crossing.close()
    }
  },
})

/** Waits until the bridge has seen the port's carrier, and `sends` says that the one behind it may send; the port's state then. */
async function takesPart(
  host: Netns,
  index: number,
  device: string,
  sends: () => boolean,
  deadlineMs: ProbeContext['deadlineMs'],
): Promise<string> {
  const until = performance.now() + deadlineMs
  for (;;) {
    const state = readBridgeOption(host, index, 'state')
    if (state !== undefined && state !== 'disabled' && sends()) return state
    if (performance.now() > until)
      throw new LabError(
        `port ${device} is ${state ?? 'none'} after it came up, or nobody can send behind it`,
      )
    await delay(POLL_MS)
  }
}
