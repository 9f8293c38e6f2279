/**
 * Reading the configurations of nodes in a thread of its own. They are read from beginning to end, before and after all that is
 * done to a topology, which took a fifth of the time of the thread that has packets to answer.
 */
import { Worker } from 'node:worker_threads'
import { Asked } from '../base/asked.js'
import { LabError, receivedError, type SentError } from '../base/errors.js'
import type { Configuration } from '../model/configuration.js'

/** A node whose configuration is to be read. */
export interface NodeToRead {
  readonly node: string
  /** Name under /run/netns of its namespace. */
  readonly netns: string
  /** Its devices by index. */
  readonly devices: readonly (readonly [index: number, device: string])[]
  /** Sysctls that are set while trials are about them. */
  readonly own: readonly string[]
  /** Sysctls that are set before that. */
  readonly built: readonly string[]
}

/** The configuration of every node of a topology, by the node's name. */
export type Nodes = ReadonlyMap<string, Configuration>

/** What the thread is asked for. */
export type Order =
  | {
      readonly topology: number
      readonly id: number
      readonly thorough: boolean
      /** The first time. */
      readonly nodes?: readonly NodeToRead[]
    }
  | { readonly topology: number; readonly close: true }

/** What is not as it was, by node. */
export type Changes = readonly (readonly [
  node: string,
  changes: readonly (readonly [what: string, value: string | null])[],
])[]

/** What it answers: of every node, what is not as it was; null where that is not there any more. */
export type Answer =
  | { readonly id: number; readonly changed: Changes }
  | { readonly id: number; readonly failure: SentError }

const READER = new URL('./reader.js', import.meta.url)
const looks = new Asked<Changes>()
let reader: Worker | undefined
let topologies = 0

/** Starts the thread, which takes a while, before there is something to do for it. */
export function startReader(): Worker {
  if (reader) return reader
  const worker = new Worker(READER)
  reader = worker
  worker.on('message', (answer: Answer) => {
    if ('changed' in answer) looks.answer(answer.id, answer.changed)
    else looks.refuse(answer.id, receivedError(answer.failure))
    if (looks.answered) worker.unref()
  })
  const ended = (how: string) => {
    if (reader === worker) reader = undefined
    looks.refuseAll(new LabError(`the thread that reads configurations ${how}`, 'run it again'))
  }
  worker.on('error', error => ended(`failed: ${error.message}`))
  worker.on('exit', status => ended(`ended with status ${status}`))
  worker.unref()
  return worker
}

/** The configurations of the nodes of one topology. Close it when done. */
export class NodesAside {
  readonly #topology = ++topologies
  #asked: Worker | undefined
  #now: Nodes = new Map()

  constructor(private readonly nodes: readonly NodeToRead[]) {}

  /**
   * Everything that is configured now; a node that is as it was the last time is the same object. Without `thorough`, sysctls other
   * than `own` are as they were at the last thorough look. Throws LabError.
   */
  async read(thorough: boolean): Promise<Nodes> {
    const worker = startReader()
    const first = this.#asked !== worker
    this.#asked = worker
    const changed = await looks.ask(id => {
      worker.ref()
      worker.postMessage({
        topology: this.#topology,
        id,
        thorough: thorough || first,
        ...(first ? { nodes: this.nodes } : {}),
      } satisfies Order)
    })
    if (changed.length > 0) {
      const now = new Map(this.#now)
      for (const [node, changes] of changed)
        now.set(node, changedBy(changes, first ? undefined : now.get(node)))
      this.#now = now
    }
    return this.#now
  }

  close(): void {
    this.#asked?.postMessage({ topology: this.#topology, close: true } satisfies Order)
  }
}

function changedBy(changes: Changes[number][1], before: Configuration | undefined): Configuration {
  const now = new Map(before)
  for (const [what, value] of changes) {
    if (value === null) now.delete(what)
    else now.set(what, value)
  }
  return now
}
