/** Events of connection tracking over netlink, in the words of `conntrack -E`. */
import { z } from 'zod'
import type { Finding, Observer } from '../model/evidence.js'
import { type FieldsOf, type Pattern, pattern } from '../model/fields.js'
import {
  AF_NETLINK,
  bindSocket,
  closeFd,
  ipv6Text,
  NETLINK_NETFILTER,
  openSocket,
  receiveBytes,
  SOCK_RAW,
  SystemError,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { attributes } from '../world/rtnetlink.js'
import { holding } from './patterns.js'
import { PROOF_FIELDS, unavailable, withWords, wordsOf } from './source.js'

const GROUP_NEW = 1
const NFNL_SUBSYS_CTNETLINK = 1
const HEADER_LENGTH = 16 + 4
/** enum ctattr_type, ctattr_tuple, ctattr_ip, ctattr_l4proto (linux/netfilter/nfnetlink_conntrack.h). */
const CTA = { original: 1, reply: 2, status: 3, protocolInfo: 4, timeout: 7 }
const CTA_PROTOINFO_TCP = 1
const CTA_PROTOINFO_TCP_STATE = 1
/** enum tcp_conntrack (linux/netfilter/nf_conntrack_tcp.h), as far as a connection can be new in it. */
const TCP_STATES = ['NONE', 'SYN_SENT', 'SYN_RECV', 'ESTABLISHED']
const TUPLE = { addresses: 1, protocol: 2 }
const IP = { v4From: 1, v4To: 2, v6From: 3, v6To: 4 }
const PROTO = { number: 1, sport: 2, dport: 3, id: 4, type: 5, code: 6, id6: 7, type6: 8, code6: 9 }
const IPS_SEEN_REPLY = 2
const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' }

/** What was received last: one for all, as it is read at once, and every node of every experiment has such a socket. */
const RECEIVED = Buffer.alloc(1 << 16)

/** The new connections of one namespace since this was opened. */
class ConntrackEvents {
  readonly #fd: number
  readonly #lines: string[] = []
  /** Whether the socket overflowed: something may be missing. */
  lost = false

  /** Throws SystemError where the kernel has no CONFIG_NF_CT_NETLINK. */
  constructor(netns: Netns) {
    this.#fd = netns.inside(() => openSocket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER))
    const address = Buffer.alloc(12)
    address.writeUInt16LE(AF_NETLINK, 0)
    address.writeUInt32LE(GROUP_NEW, 8)
    try {
      bindSocket(this.#fd, address)
    } catch (error) {
      closeFd(this.#fd)
      throw error
    }
  }

  /** All events so far, oldest first. */
  lines(): readonly string[] {
    for (;;) {
      try {
        const got = receiveBytes(this.#fd, RECEIVED)
        if (!got) return this.#lines
        this.#lines.push(...describeEvents(RECEIVED.subarray(0, got.length)))
      } catch (error) {
        if (!(error instanceof SystemError) || error.code !== 'ENOBUFS') throw error
        this.lost = true
      }
    }
  }

  close(): void {
    closeFd(this.#fd)
  }
}

/** The lines of all events in one netlink datagram. */
export function describeEvents(datagram: Buffer): string[] {
  const lines: string[] = []
  for (let at = 0; at + HEADER_LENGTH <= datagram.length; ) {
    const length = datagram.readUInt32LE(at)
    if (length < HEADER_LENGTH) break
    if (datagram.readUInt16LE(at + 4) === NFNL_SUBSYS_CTNETLINK << 8)
      lines.push(describeEvent(datagram.subarray(at + HEADER_LENGTH, at + length)))
    at += (length + 3) & ~3
  }
  return lines
}

function describeEvent(message: Buffer): string {
  const top = attributes(message)
  const original = tuple(top.get(CTA.original))
  const reply = tuple(top.get(CTA.reply))
  const seenReply = ((top.get(CTA.status)?.readUInt32BE() ?? 0) & IPS_SEEN_REPLY) !== 0
  const name = PROTOCOLS[original.protocol] ?? 'unknown'
  const timeout = top.get(CTA.timeout)?.readUInt32BE()
  const tcp = attributes(top.get(CTA.protocolInfo)).get(CTA_PROTOINFO_TCP)
  const state = attributes(tcp).get(CTA_PROTOINFO_TCP_STATE)?.[0]
  return [
    `[NEW] ${name.padEnd(8)} ${original.protocol}`,
    ...(timeout === undefined ? [] : [timeout]),
    ...(state === undefined ? [] : [TCP_STATES[state] ?? state]),
    original.text,
    ...(seenReply ? [] : ['[UNREPLIED]']),
    reply.text,
  ].join(' ')
}

function tuple(bytes: Buffer | undefined): { protocol: number; text: string } {
  const parts = attributes(bytes)
  const addresses = attributes(parts.get(TUPLE.addresses))
  const proto = attributes(parts.get(TUPLE.protocol))
  const v4 = (key: number) => addresses.get(key)?.join('.')
  const v6 = (key: number) => {
    const found = addresses.get(key)
    return found && ipv6Text(found)
  }
  const short = (key: number) => proto.get(key)?.readUInt16BE()
  const fields = {
    src: v4(IP.v4From) ?? v6(IP.v6From),
    dst: v4(IP.v4To) ?? v6(IP.v6To),
    type: proto.get(PROTO.type)?.[0] ?? proto.get(PROTO.type6)?.[0],
    code: proto.get(PROTO.code)?.[0] ?? proto.get(PROTO.code6)?.[0],
    id: short(PROTO.id) ?? short(PROTO.id6),
    sport: short(PROTO.sport),
    dport: short(PROTO.dport),
  }
  return {
    protocol: proto.get(PROTO.number)?.[0] ?? 0,
    text: Object.entries(fields)
      .flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))
      .join(' '),
  }
}

/** The events of a node, or why there are none. */
type View = (node: string) => ConntrackEvents | string

export const conntrackEventObserver: Observer<View> = {
  what: 'connection tracking events',
  level: 'basic',
  open: ({ notice }) => ({
    experiment({ nodes, netns }) {
      const open = (node: string): ConntrackEvents | string => {
        try {
          return new ConntrackEvents(netns(node))
        } catch (error) {
          if (!(error instanceof SystemError)) throw error
          const why = `${error.message}: it takes a kernel with CONFIG_NF_CT_NETLINK`
          notice(conntrackEventObserver.what, why)
          return why
        }
      }
      const events = new Map(nodes.map(node => [node, open(node)]))
      return {
        view: node => events.get(node) ?? 'no such node',
        close() {
          for (const one of events.values()) if (typeof one !== 'string') one.close()
        },
      }
    },
    close: () => {},
  }),
}

const FIELDS = { ...PROOF_FIELDS, source: z.literal('conntrack-event'), event: pattern() }
type ConntrackEventProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

/** A connection that began to be tracked, in a line as `conntrack -E` has it; `andStays`: also where the failure is repaired. */
export const newConnection = wordsOf(
  <const N extends string>(node: N, event: Pattern) =>
    proof<N>({ source: 'conntrack-event', node, event: holding(event) }),
  {
    source: 'conntrack-event',
    fields: z.strictObject(FIELDS),
    level: 'full',
    observer: conntrackEventObserver,
    happens: () => true,
    watch(own: ConntrackEventProof, { view }) {
      const { source, node, event } = own
      const seen = view(conntrackEventObserver)
      const events = typeof seen === 'string' ? seen : seen(node)
      if (typeof events === 'string') return unavailable(own, events)
      const start = events.lines().length
      const wanted = new RegExp(event)
      return {
        pollable: false,
        look(): Finding {
          const line = events
            .lines()
            .slice(start)
            .find(text => wanted.test(text))
          if (line) return { source, node, state: 'seen', says: line }
          const lost = events.lost ? ' (events were lost)' : ''
          return {
            source,
            node,
            state: events.lost ? 'not-seen' : 'absent',
            says: `no event /${event}/${lost}`,
          }
        },
      }
    },
  },
)

interface ConntrackEventWords<N extends string> {
  /** Also where the failure is repaired. */
  andStays(): ConntrackEventProof<N>
}

function proof<N extends string>(
  data: ConntrackEventProof<N>,
): ConntrackEventProof<N> & ConntrackEventWords<N> {
  return withWords(data, { andStays: () => proof({ ...data, stops: false }) })
}
