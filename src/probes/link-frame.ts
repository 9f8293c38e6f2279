import { z } from 'zod'
import { node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import { FRAME_NAMES, FRAMES, FRAMES_LIBRARY, FrameCrossing, frameWord } from './link-frames.js'

const SHAPE = {
  from: node(),
  device: z.string(),
  /** What is sent: the frame of a protocol by its own MAC address, or a broadcast. */
  frame: z.enum(FRAME_NAMES),
  /** Where it must come in. */
  at: z.strictObject({ node: node(), device: z.string() }),
}

/** One frame between two hosts on a link. Works when it comes in at the other one. */
export const linkFrame = probeKind('link-frame', SHAPE, {
  describe: ({ device, frame, at }) =>
    `mausezahn ${device} -b ${FRAMES[frame].to}  # tcpdump -i ${at.device} ether dst ${FRAMES[frame].to}`,
  from: ({ from }) => from,
  typicalMs: (_, outcome) => (outcome === 'fails' ? 50 : 5),
  script: ({ from, device, frame, at }) => ({
    words: ['crosses', from, device, frameWord(frame), at.node, at.device],
    library: FRAMES_LIBRARY,
    tools: [],
  }),

  async run({ from, device, frame, at }, { netns, deadlineMs, lost }) {
    const crossing = new FrameCrossing(
      frame,
      { netns: netns(from), device },
      { netns: netns(at.node), device: at.device },
    )
    const started = performance.now()
    try {
      crossing.send()
      const came = await crossing.came(deadlineMs, lost)
      const elapsedMs = Math.round((performance.now() - started) * 1000) / 1000
      const where = `on ${at.device} of ${at.node}`
      return came
        ? { outcome: 'works', says: `it came in ${where}`, measured: { arrivedMs: elapsedMs } }
        : { outcome: 'fails', says: `nothing came in ${where} within ${Math.round(elapsedMs)} ms` }
    } finally {
      crossing.close()
    }
  },
})
