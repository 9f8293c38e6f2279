/**
 * A private instance of the kernel's tracer, with drops, received packets and route lookups. It belongs to the machine, not
 * to the world: it is removed at the end and on signals; after `kill -9` the kernel stops it and frees its buffer, and the
 * next run takes the empty folder away.
 */
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import type { ObservedExperiment, Observer } from '../model/evidence.js'
import { mount, SystemError } from '../world/libc.js'
import { KernelSymbols } from './kernel-symbols.js'
import { reasonNames, type TracedPacket, TraceJoin } from './trace-events.js'

const MOUNT_POINT = '/run/netns-lab/tracing'
const PREFIX = 'netns-lab-'
const EVENTS = ['net/netif_receive_skb', 'skb/kfree_skb', 'fib/fib_table_lookup'] as const
const BUFFER_KB_PER_CPU = 4096
const DRAIN_INTERVAL_MS = 50
/** Netlink messages are skbs, too, and their protocol is 0. */
const IP_ONLY = 'protocol == 2048 || protocol == 34525'

/** The tracer of one run. */
class Trace<Owner> {
  readonly join: TraceJoin<Owner>
  readonly reasons: ReadonlySet<string>
  readonly #folder: string
  readonly #pipe: number
  readonly #free: number
  readonly #timer: NodeJS.Timeout
  readonly #decoder = new StringDecoder('latin1')
  readonly #buffer = Buffer.alloc(1 << 18)
  #rest = ''
  #closed = false
  readonly #watchers = new Set<Owner>()

  /** Throws SystemError where tracefs cannot be mounted, ENOENT where the kernel lacks an event. */
  constructor() {
    mkdirSync(MOUNT_POINT, { recursive: true })
    const instances = join(MOUNT_POINT, 'instances')
    // Another trace of this process has mounted it: a second time at the same place would be EBUSY (do_add_mount()).
    if (!existsSync(instances)) mount('tracefs', MOUNT_POINT, 'tracefs', 0)
    for (const name of readdirSync(instances))
      if (name.startsWith(PREFIX)) removeUnused(join(instances, name))
    const name = `${PREFIX}${process.hrtime.bigint().toString(36)}`
    const symbols = new KernelSymbols()
    this.join = new TraceJoin(name, address => symbols.functionAt(address))
    this.#folder = join(instances, name)
    mkdirSync(this.#folder)
    try {
      const missing = EVENTS.find(event => !existsSync(join(this.#folder, 'events', event)))
      if (missing) throw Object.assign(new Error(`no event ${missing}`), { code: 'ENOENT' })
      // An open trace_pipe keeps the instance from being removed by another run (EBUSY, instance_rmdir in
      // kernel/trace/trace.c), and the last close of free_buffer stops it (tracing_free_buffer_release).
      this.#pipe = openSync(join(this.#folder, 'trace_pipe'), constants.O_RDONLY | constants.O_NONBLOCK)
    } catch (error) {
      removeUnused(this.#folder)
      throw error
    }
    this.#free = openSync(join(this.#folder, 'free_buffer'), constants.O_WRONLY)
    this.#write('options/disable_on_free', '1')
    this.#write('buffer_size_kb', String(BUFFER_KB_PER_CPU))
    this.#write('events/skb/kfree_skb/filter', IP_ONLY)
    this.#write('trace_marker', name)
    this.#write('tracing_on', '0')
    for (const event of EVENTS) this.#write(`events/${event}/enable`, '1')
    this.reasons = reasonNames(readFileSync(join(this.#folder, 'events/skb/kfree_skb/format'), 'utf8'))
    this.#timer = setInterval(() => this.drain(), DRAIN_INTERVAL_MS)
    this.#timer.unref()
  }

  /**
   * Traces as long as anybody watches: a catalogue at once makes 30,000 events a second, and next to none of them is of a trial
   * that asks.
   */
  watch(owner: Owner): void {
    if (this.#watchers.size === 0 && !this.#closed) this.#write('tracing_on', '1')
    this.#watchers.add(owner)
  }

  /** Ends that. Calling it again does nothing. */
  unwatch(owner: Owner): void {
    if (!this.#watchers.delete(owner) || this.#watchers.size > 0 || this.#closed) return
    this.#write('tracing_on', '0')
    this.drain()
    this.join.interrupt()
  }

  /** Reads everything that was traced until now into `join`. */
  drain(): void {
    if (this.#closed) return
    for (;;) {
      let length: number
      try {
        length = readSync(this.#pipe, this.#buffer)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return
        throw error
      }
      if (length === 0) return
      const lines = (this.#rest + this.#decoder.write(this.#buffer.subarray(0, length))).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) this.join.line(line)
    }
  }

  /** Removes the instance. Calling it again does nothing. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#timer)
    this.#write('events/enable', '0')
    closeSync(this.#pipe)
    closeSync(this.#free)
    removeUnused(this.#folder)
  }

  #write(file: string, value: string): void {
    writeFileSync(join(this.#folder, file), value)
  }
}

/** Removes an instance unless it is in use or gone already. */
function removeUnused(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!['EBUSY', 'ENOENT'].includes(code)) throw error
  }
}

/** Starts a trace, or says why this machine has none. */
function openTrace<Owner>(): Trace<Owner> | string {
  try {
    return new Trace<Owner>()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (error instanceof SystemError && code === 'EPERM')
      return 'tracefs cannot be mounted (EPERM): it takes root in the initial user namespace'
    if (error instanceof SystemError || code === 'ENODEV')
      return `tracefs cannot be mounted (${code}): it takes a kernel with CONFIG_TRACING`
    return `${message}: it takes a kernel with CONFIG_EVENT_TRACING and CONFIG_NET`
  }
}

/** The tracer as one experiment sees it. */
interface TraceView {
  readonly trace: Trace<ObservedExperiment>
  /** What the experiment's devices are registered with the tracer under. */
  readonly owner: ObservedExperiment
}

/** The tracer of a run, which knows every experiment's devices by their indexes. */
export const traceObserver: Observer<TraceView> = {
  what: 'drop reasons and route lookups',
  level: 'full',
  open() {
    const trace = openTrace<ObservedExperiment>()
    if (typeof trace === 'string') return trace
    return {
      experiment(owner) {
        for (const { node, device, index } of owner.devices)
          trace.join.register(index, { owner, node, device })
        return {
          view: { trace, owner },
          startTrial: () => trace.unwatch(owner),
          close() {
            trace.join.unregister(owner)
            trace.unwatch(owner)
          },
        }
      },
      close: () => trace.close(),
      // The tracer is the machine's, and does not go away with the world.
      abort: () => trace.close(),
    }
  },
}

/** What a packet must be for a proof to be about it. */
interface PacketProof {
  readonly node: string
  /** The device that the routing code saw it come in on: for a frame that br_netfilter took up, the bridge. */
  readonly device: string
  /** Patterns of its addresses as they were then, after DNAT. */
  readonly from: string
  readonly to: string
}

/** Whether a proof is about a packet. */
export function isAbout(
  packet: TracedPacket<ObservedExperiment>,
  { node, device, from, to }: PacketProof,
  owner: ObservedExperiment,
): boolean {
  const lookup = packet.lookups[0]
  return (
    packet.owner === owner &&
    (packet.node === undefined || packet.node === node) &&
    packet.device === device &&
    (lookup === undefined || (new RegExp(from).test(lookup.from) && new RegExp(to).test(lookup.to)))
  )
}

/** Takes up packets, on a device or on all, until the trial is over: everything that was traced before is left out. */
export function startTracing({ trace, owner }: TraceView, device?: string): void {
  if (device === 'lo') trace.join.lookAtLo(owner)
  trace.drain()
  trace.watch(owner)
}

/** That nothing was traced that a proof is about. */
export function nothingTraced(what: string, { device, from, to }: PacketProof, lost: boolean): string {
  return `no ${what} of ${from} -> ${to} on ${device} that could be attributed${lost ? ' (trace events were lost)' : ''}`
}
