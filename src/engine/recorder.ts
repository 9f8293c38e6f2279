/** What a whole run observes: the kernel log, the tracer, the capture file, and the folder that keeps it all. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { LabError } from '../base/errors.js'
import { writePrivate } from '../base/files.js'
import { Capture, CaptureFile } from '../evidence/capture.js'
import { ConntrackEvents } from '../evidence/conntrack-events.js'
import { type KernelLog, openKernelLog } from '../evidence/kernel-log.js'
import { openTrace, type Trace } from '../evidence/trace.js'
import type { EvidenceContext, Mechanism, Proof } from '../model/proof.js'
import type { KernelVersion } from '../model/version.js'
import type { ExperimentPlan } from '../plan/plan.js'
import { SystemError } from '../world/libc.js'
import type { Netns } from '../world/netns.js'

/** `none`: outcomes alone; `basic`: what costs next to nothing; `full`: traces and captures as well. */
export const EVIDENCE_LEVELS = ['none', 'basic', 'full'] as const
export type EvidenceLevel = (typeof EVIDENCE_LEVELS)[number]

const FULL_ONLY: readonly Proof['source'][] = ['drop', 'fib', 'capture', 'conntrack-event']
const NOT_ASKED = 'not asked for'

export interface RecorderOptions {
  readonly level: EvidenceLevel
  /** A folder to keep everything in. */
  readonly out?: string
  readonly kernel: KernelVersion
  /** Called once for each source that this machine lacks. */
  readonly notice: (what: string, why: string) => void
  /** Ends the tracing at once when it aborts. */
  readonly signal: AbortSignal
}

/** What one experiment observes. */
export interface ExperimentRecorder {
  readonly sources: Pick<
    EvidenceContext,
    'trace' | 'owner' | 'capture' | 'conntrackEvents' | 'kernelLog' | 'kernel'
  >
  /** The part of a mechanism that can be looked for at this level; undefined when nothing is to be. */
  watched(mechanism: Mechanism): Mechanism | undefined
  /** Says that a trial begins. */
  startTrial(label: string): void
  /** Keeps text about a trial in the run's folder, if there is one. */
  keep?: ((name: string, text: string) => void) | undefined
  close(): void
}

/** The evidence of one run. */
export class EvidenceRecorder {
  readonly #kernelLog: KernelLog | string
  readonly #trace: Trace<unknown> | string
  readonly #file: CaptureFile | undefined

  /** Opens every source of the level. Throws LabError when the folder cannot be written. */
  constructor(private readonly options: RecorderOptions) {
    const { level, out, notice, signal } = options
    this.#kernelLog = level === 'none' ? NOT_ASKED : openKernelLog()
    this.#trace = level === 'full' ? openTrace() : NOT_ASKED
    if (level !== 'none' && typeof this.#kernelLog === 'string') notice('kernel log', this.#kernelLog)
    if (level === 'full' && typeof this.#trace === 'string')
      notice('drop reasons and route lookups', this.#trace)
    const trace = this.#trace
    // The tracer is the machine's, and does not go away with the world.
    if (typeof trace !== 'string') signal.addEventListener('abort', () => trace.close(), { once: true })
    if (out === undefined) return
    this.#file = writing(out, () => {
      mkdirSync(out, { recursive: true })
      return level === 'full' ? new CaptureFile(join(out, 'capture.pcapng')) : undefined
    })
  }

  /** Takes up an experiment whose topology stands. */
  experiment(plan: ExperimentPlan, netns: (node: string) => Netns): ExperimentRecorder {
    const { level, out, kernel } = this.options
    const owner = plan
    const trace = this.#trace
    const devices = Object.entries(plan.indexes).map(([place, index]) => {
      const at = place.indexOf(':')
      return { node: place.slice(0, at), device: place.slice(at + 1), index }
    })
    if (typeof trace !== 'string')
      for (const { node, device, index } of devices) trace.join.register(index, { owner, node, device })
    const capture = level === 'full' ? this.#capture(plan, netns, devices) : NOT_ASKED
    const events = new Map(
      level === 'full' ? Object.keys(plan.netns).map(node => [node, this.#events(netns(node))]) : [],
    )
    const folder = out === undefined ? undefined : join(out, 'trials', `${plan.scenario}-${plan.id}`)
    return {
      sources: {
        trace,
        owner,
        capture,
        conntrackEvents: node => events.get(node) ?? NOT_ASKED,
        kernelLog: this.#kernelLog,
        kernel,
      },
      watched(mechanism) {
        if (level === 'none') return undefined
        if (level === 'full') return mechanism
        return {
          ...mechanism,
          proofs: mechanism.proofs.filter(({ source }) => !FULL_ONLY.includes(source)),
        }
      },
      startTrial: label => {
        if (typeof capture !== 'string') capture.start(label)
      },
      keep:
        folder === undefined
          ? undefined
          : (name, text) =>
              writing(folder, () => {
                mkdirSync(folder, { recursive: true, mode: 0o700 })
                writePrivate(join(folder, name), text)
              }),
      close() {
        if (typeof trace !== 'string') trace.join.unregister(owner)
        if (typeof capture !== 'string') capture.close()
        for (const source of events.values()) if (typeof source !== 'string') source.close()
      },
    }
  }

  #events(netns: Netns): ConntrackEvents | string {
    try {
      return new ConntrackEvents(netns)
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      const why = `${error.message}: it takes a kernel with CONFIG_NF_CT_NETLINK`
      this.options.notice('connection tracking events', why)
      return why
    }
  }

  #capture(
    plan: ExperimentPlan,
    netns: (node: string) => Netns,
    devices: readonly { node: string; device: string; index: number }[],
  ): Capture {
    const nodes = Object.keys(plan.netns).map(node => ({
      node,
      netns: netns(node),
      devices: new Map([
        [LO_INDEX, 'lo'],
        ...devices.flatMap((entry): [number, string][] =>
          entry.node === node ? [[entry.index, entry.device]] : [],
        ),
      ]),
    }))
    return new Capture(nodes, this.#file, `${plan.scenario}, ${plan.title}`)
  }

  /** Closes every source, and writes the kernel log into the folder. Throws LabError when it cannot be written. */
  close(): void {
    const { out, notice } = this.options
    const log = this.#kernelLog
    if (typeof this.#trace !== 'string') this.#trace.close()
    if (this.#file && this.#file.leftOut > 0)
      notice('part of the capture', `${this.#file.leftOut} frames did not fit into capture.pcapng`)
    if (out !== undefined) writing(join(out, 'capture.pcapng'), () => this.#file?.close())
    if (typeof log === 'string') return
    if (out !== undefined) {
      const lines = log
        .records()
        .map(({ timestampUs, text }) => `[${(timestampUs / 1e6).toFixed(6).padStart(12)}] ${text}\n`)
      writing(out, () => writePrivate(join(out, 'kernel.log'), lines.join('')))
    }
    log.close()
  }
}

/** Every namespace's lo. */
const LO_INDEX = 1

function writing<T>(folder: string, write: () => T): T {
  try {
    return write()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new LabError(
      `${folder}: the evidence could not be written: ${code}`,
      code === 'ENOSPC' ? 'free some space, or keep it elsewhere' : 'choose a folder that may be written',
    )
  }
}
