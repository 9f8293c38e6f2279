/** The timestamps option in frames (RFC 7323). */

const ETHERNET = 14
const ETHERTYPE_IPV4 = 0x0800
const IPPROTO_TCP = 6
const FLAGS = { syn: 0x02, ack: 0x10 }
const OPTION = { end: 0, nop: 1, timestamps: 8 }

/** A first SYN. */
interface Syn {
  readonly source: string
  readonly sourcePort: number
  /** Its TSval, as an unsigned number of 32 bits; undefined where it has none. */
  readonly timestamp: number | undefined
}

/** What a frame says where it is a client's SYN over IPv4; undefined for any other. */
export function timestampOf(frame: Buffer): Syn | undefined {
  if (frame.length < ETHERNET + 40 || frame.readUInt16BE(12) !== ETHERTYPE_IPV4) return undefined
  const ip = frame.subarray(ETHERNET)
  const tcp = ip.subarray(((ip[0] ?? 0) & 0xf) * 4)
  if (ip[9] !== IPPROTO_TCP || tcp.length < 20) return undefined
  const flags = tcp[13] ?? 0
  if ((flags & FLAGS.syn) === 0 || (flags & FLAGS.ack) !== 0) return undefined
  return {
    source: [...ip.subarray(12, 16)].join('.'),
    sourcePort: tcp.readUInt16BE(0),
    timestamp: valueIn(tcp.subarray(20, ((tcp[12] ?? 0) >> 4) * 4)),
  }
}

/** TSval of TCP's options. */
function valueIn(options: Buffer): number | undefined {
  for (let at = 0; at < options.length; ) {
    const kind = options[at]
    if (kind === OPTION.end) return undefined
    if (kind === OPTION.timestamps) return at + 6 <= options.length ? options.readUInt32BE(at + 2) : undefined
    at += kind === OPTION.nop ? 1 : Math.max(2, options[at + 1] ?? 2)
  }
  return undefined
}
