/**
 * Trace events as text, and joining them to packets. Devices have the same names in every namespace, and addresses repeat,
 * but a device of a running experiment has an index of its own, and fib_table_lookup names the index that a packet came in
 * on. One CPU works off one received packet after the other, so between two netif_receive_skb all lookups of a CPU's
 * softirq are for that packet, and a kfree_skb of the same skb is its end. Every namespace's lo has index 1, and another run on
 * the same machine has the same addresses: a packet that came in on lo is ours where the kernel worked it off in the middle of
 * our own system call, as it does right after a send, and one experiment alone looks at lo. Any other is nobody's.
 */

/** Where a packet was: the experiment that has the node, by whatever it registered under. */
export interface TracedDevice<Owner> {
  readonly owner: Owner
  readonly node: string
  readonly device: string
}

/** One route lookup, fib_table_lookup (include/trace/events/fib.h). Its `gw` is left out: it is not set for local routes. */
export interface FibLookup {
  readonly table: number
  readonly oif: number
  readonly iif: number
  readonly from: string
  readonly to: string
  /** The device of the route that was found; `-` when there was none. */
  readonly device: string
  readonly error: number
}

/** A packet that a device of an experiment received, with the lookups that were made for it. */
export interface TracedPacket<Owner> {
  readonly owner: Owner
  /** Left out on lo: which of its experiment's it was the trace does not tell. */
  readonly node?: string
  readonly device: string
  /**
   * The lookup for the packet's own way, then those that the kernel made to check its source; on lo, none where the kernel needed
   * none to refuse it.
   */
  readonly lookups: readonly FibLookup[]
}

/** A packet that the kernel gave up. */
export interface TracedDrop<Owner> {
  readonly packet: TracedPacket<Owner>
  /** The function, without offset; absent on kernels that print a bare address. */
  readonly function?: string
  /** Name of the reason, as the event's own format spells it; absent before 5.17. */
  readonly reason?: string
}

interface Current<Owner> {
  readonly skb: string
  /** Whether it came in on lo, by a system call of ours. */
  readonly ownOnLo: boolean
  readonly lookups: FibLookup[]
  packet?: TracedPacket<Owner>
}

const EVENT =
  /-(\d+) +\[(\d{3,})\] (\S{4,6}) +\d+\.\d+: (netif_receive_skb|fib_table_lookup|kfree_skb|tracing_mark_write): (.*)$/
const RECEIVE = /^dev=(\S+) skbaddr=(\S+) /
const LOOKUP =
  /^table (\d+) oif (-?\d+) iif (-?\d+) (?:proto \d+ )?([\d.]+)\/\d+ -> ([\d.]+)\/\d+ .*==> dev (\S+) .*err (-?\d+)/
const FREE = /^skbaddr=(\S+) .*location=(\S+)(?: reason: (\S+))?/
/** A bare address, as %p prints it (before 5.17). */
const ADDRESS = /^(0x)?[\da-f]{8,16}$/
/** Gives up a packet long after it came in: what a queue held is still the same packet. */
const FROM_QUEUE = /^(nfqnl_|nf_reinject|nf_queue)/
/** How many packets are remembered for a queue to give up. */
const HELD = 4096

/** Reads trace lines in their order and keeps what can be attributed. What cannot is no evidence, and dropped. */
export class TraceJoin<Owner> {
  readonly packets: TracedPacket<Owner>[] = []
  readonly drops: TracedDrop<Owner>[] = []
  /** How often the ring buffer overflowed: something may be missing since the last time that this was less. */
  lost = 0
  /** How often a function could not be told: what a queue gives up is then not known to be that. */
  nameless = 0
  /** How many packets came in on lo by system calls of ours. */
  ownOnLo = 0
  readonly #byIndex = new Map<number, TracedDevice<Owner>>()
  readonly #current = new Map<string, Current<Owner>>()
  /** Packets that other ones came after, by skb. */
  readonly #held = new Map<string, TracedPacket<Owner>>()
  readonly #lookAtLo = new Set<Owner>()
  #pid: string | undefined

  /**
   * `mark` is what this process writes into trace_marker, so that its own lines are known; `functionAt` says in which function an
   * address is, on kernels that print nothing else.
   */
  constructor(
    private readonly mark: string,
    private readonly functionAt: (address: string) => string | undefined = () => undefined,
  ) {}

  /** From now on an experiment looks at lo of one of its nodes. */
  lookAtLo(owner: Owner): void {
    this.#lookAtLo.add(owner)
  }

  register(index: number, device: TracedDevice<Owner>): void {
    this.#byIndex.set(index, device)
  }

  unregister(owner: Owner): void {
    for (const [index, device] of this.#byIndex) if (device.owner === owner) this.#byIndex.delete(index)
    this.#lookAtLo.delete(owner)
  }

  line(text: string): void {
    const match = EVENT.exec(text)
    if (!match) {
      if (/LOST \d* ?EVENTS/.test(text)) {
        this.lost++
        this.interrupt()
      }
      return
    }
    const [, pid = '', cpu = '', flags = '', event, rest = ''] = match
    if (event === 'tracing_mark_write') {
      if (rest.trim() === this.mark) this.#pid = pid
    } else if (event === 'netif_receive_skb') this.#receive(cpu, pid, rest)
    else if (event === 'kfree_skb') this.#free(cpu, rest)
    // What a process looks up while it sends is another packet's: only softirqs (`s`) receive.
    else if (flags[2] === 's') this.#lookup(cpu, rest)
  }

  /** What comes next does not follow upon what came: packets that were under way are nobody's. */
  interrupt(): void {
    this.#current.clear()
    this.#held.clear()
  }

  #receive(cpu: string, pid: string, rest: string): void {
    const [, device, skb = ''] = RECEIVE.exec(rest) ?? []
    const ownOnLo = device === 'lo' && pid === this.#pid
    if (ownOnLo) this.ownOnLo++
    const before = this.#current.get(cpu)
    this.#held.delete(skb)
    if (before?.packet && before.skb !== skb) this.#hold(before.skb, before.packet)
    this.#current.set(cpu, { skb, ownOnLo, lookups: [] })
  }

  #lookup(cpu: string, rest: string): void {
    const current = this.#current.get(cpu)
    const match = LOOKUP.exec(rest)
    if (!current || !match) return
    const [, table, oif, iif, from = '', to = '', device = '', error] = match
    const lookup = {
      table: Number(table),
      oif: Number(oif),
      iif: Number(iif),
      from,
      to,
      device,
      error: Number(error),
    }
    if (current.packet) {
      current.lookups.push(lookup)
      return
    }
    const where = this.#byIndex.get(lookup.iif) ?? this.#onLo(current)
    if (!where) return
    current.lookups.push(lookup)
    current.packet = { ...where, lookups: current.lookups }
    this.packets.push(current.packet)
  }

  /** Whose a packet on lo is. */
  #onLo({ ownOnLo }: Current<Owner>): Omit<TracedPacket<Owner>, 'lookups'> | undefined {
    const [owner, ...others] = this.#lookAtLo
    return ownOnLo && owner !== undefined && others.length === 0 ? { owner, device: 'lo' } : undefined
  }

  #hold(skb: string, packet: TracedPacket<Owner>): void {
    this.#held.set(skb, packet)
    const [oldest] = this.#held.keys()
    if (this.#held.size > HELD && oldest !== undefined) this.#held.delete(oldest)
  }

  /** The packet that ends with this skb. */
  #end(cpu: string, skb: string, name = ''): TracedPacket<Owner> | undefined {
    const current = this.#current.get(cpu)
    if (current?.skb === skb) {
      this.#current.delete(cpu)
      const onLo = this.#onLo(current)
      return current.packet ?? (onLo && { ...onLo, lookups: [] })
    }
    if (!FROM_QUEUE.test(name)) return undefined
    const everywhere = [...this.#current.values()].find(other => other.skb === skb)?.packet
    const packet = this.#held.get(skb) ?? everywhere
    this.#held.delete(skb)
    return packet
  }

  #free(cpu: string, rest: string): void {
    const [, skb = '', location = '', reason] = FREE.exec(rest) ?? []
    const name = ADDRESS.test(location) ? this.functionAt(location) : /^[A-Za-z_][\w.]*/.exec(location)?.[0]
    if (name === undefined) this.nameless++
    const packet = this.#end(cpu, skb, name)
    if (!packet) return
    this.drops.push({
      packet,
      ...(name === undefined ? {} : { function: name.replace(/\..*/, '') }),
      ...(reason === undefined ? {} : { reason }),
    })
  }
}

/** Names of all drop reasons that a kernel knows, from the `print fmt` of kfree_skb; empty before 5.17. */
export function reasonNames(format: string): ReadonlySet<string> {
  return new Set(
    [...format.matchAll(/\{\s*(?:\d+|0x[\da-f]+|SKB_[A-Z_\d]+)\s*,\s*"([A-Z_\d]+)"\s*\}/gi)].map(
      ([, name = '']) => name,
    ),
  )
}
