/** What goes over the devices of an experiment, one packet socket for each that a proof is about. */
import type { ObservedExperiment, Observer } from '../model/evidence.js'
import { Tap } from '../world/tap.js'
import { type FrameSummary, summarizeFrame } from './frame.js'

/** Enough for the headers that tell packets apart. */
const SNAP_LENGTH = 96
const LO_INDEX = 1

/** A frame that a device sent or received. */
export interface Passed extends FrameSummary {
  readonly direction: 'in' | 'out'
  /** Bytes of the packet, without the link-layer header. */
  readonly bytes: number
}

/** What goes over one device, from when somebody first asks until the end of the experiment. */
class Trail {
  readonly #tap: Tap
  #packets: Passed[] = []

  /** Throws SystemError. */
  constructor({ netns }: ObservedExperiment, node: string, index: number) {
    this.#tap = new Tap(netns(node), index, SNAP_LENGTH)
  }

  /** Everything since the last `clear`. */
  packets(): readonly Passed[] {
    for (let got = this.#tap.next(); got; got = this.#tap.next())
      this.#packets.push({ ...summarizeFrame(got.data), direction: got.direction, bytes: got.bytes })
    return this.#packets
  }

  clear(): void {
    this.packets()
    this.#packets = []
  }

  close(): void {
    this.#tap.close()
  }
}

/** The trails of one experiment. */
class Trails {
  readonly #trails = new Map<string, Trail>()

  constructor(private readonly experiment: ObservedExperiment) {}

  on(node: string, device: string): Trail {
    const key = `${node}:${device}`
    let trail = this.#trails.get(key)
    if (!trail) {
      const own = this.experiment.devices.find(entry => entry.node === node && entry.device === device)
      trail = new Trail(this.experiment, node, own?.index ?? LO_INDEX)
      this.#trails.set(key, trail)
    }
    return trail
  }

  clear(): void {
    for (const trail of this.#trails.values()) trail.clear()
  }

  close(): void {
    for (const trail of this.#trails.values()) trail.close()
  }
}

/** The trails of a run. */
export const trailObserver: Observer<Trails> = {
  what: 'packets on devices',
  level: 'basic',
  open: () => ({
    experiment(experiment) {
      const trails = new Trails(experiment)
      return { view: trails, startTrial: () => trails.clear(), close: () => trails.close() }
    },
    close() {},
  }),
}
