/** Talking to rtnetlink in a network namespace: many requests in one system call, and the kernel's own words for a refusal. */
import {
  AF_NETLINK,
  closeFd,
  int32,
  NETLINK_ROUTE,
  openSocket,
  receiveBytes,
  SOCK_RAW,
  SOL_NETLINK,
  SystemError,
  sendBytes,
  sendBytesAside,
  setSocketOption,
} from './libc.js'

/** Message types and flags of linux/rtnetlink.h and linux/netlink.h, as far as they are used. */
export const RTM = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbour: 28,
  deleteNeighbour: 29,
  getNeighbour: 30,
  newRule: 32,
  deleteRule: 33,
  getRule: 34,
  getQdisc: 38,
  getFilter: 46,
  newNextHop: 104,
  getNextHop: 106,
} as const
export const NLM_F = {
  request: 1,
  ack: 4,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  dump: 0x300,
} as const
const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11
const NLMSGERR_ATTR_MSG = 1
const HEADER = 16
const NLM_F_ACK_TLVS = 0x200
const NLM_F_CAPPED = 0x100
const NLM_F_DUMP_INTR = 0x10
/** Attributes of routes, rtattr_type_t (include/uapi/linux/rtnetlink.h). */
export const RTA = {
  destination: 1,
  device: 4,
  gateway: 5,
  priority: 6,
  source: 7,
  metrics: 8,
  multipath: 9,
  cacheInfo: 12,
  table: 15,
  nextHopId: 30,
}
/** The next hop is on the link, whatever the addresses say. */
export const RTNH_F_ONLINK = 4

/** A namespace in which something changes all the time is read as well as can be. */
const DUMPS_AGAIN = 8
/** A refused request costs some 1 KiB of a socket's receive buffer of 208 KiB: so many can all be refused. */
const REQUESTS_AT_ONCE = 100

/** One request: its type, its flags besides NLM_F_REQUEST, and what follows the header. */
export interface RouteRequest {
  readonly type: number
  readonly flags: number
  readonly body: Buffer
}

/** A request that the kernel refused. */
export class NetlinkError extends SystemError {
  constructor(
    errno: number,
    /** Which one of those sent together, from 0. */
    readonly index: number,
    /** What the kernel said besides the number (extended ack); empty on old kernels, and for most refusals. */
    readonly says: string,
  ) {
    super('netlink', errno, says && `(${says})`)
  }
}

/** A netlink attribute: its type, its length, its value, padded to four bytes. */
export function attribute(type: number, value: Buffer | string | number): Buffer {
  const payload =
    typeof value === 'number' ? int32(value) : typeof value === 'string' ? Buffer.from(`${value}\0`) : value
  const length = 4 + payload.length
  const bytes = Buffer.alloc((length + 3) & ~3)
  bytes.writeUInt16LE(length, 0)
  bytes.writeUInt16LE(type, 2)
  payload.copy(bytes, 4)
  return bytes
}

/** The attributes that follow one another in `bytes`, by type; of one type the last. */
export function attributes(bytes: Buffer = Buffer.alloc(0)): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  const NESTED_OR_BIG_ENDIAN = 0xc000
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at)
    if (length < 4 || at + length > bytes.length) break
    found.set(bytes.readUInt16LE(at + 2) & ~NESTED_OR_BIG_ENDIAN, bytes.subarray(at + 4, at + length))
    at += (length + 3) & ~3
  }
  return found
}

/** The attributes of a list, in order: all have one type. */
export function elements(list: Buffer = Buffer.alloc(0)): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at + 4 <= list.length; ) {
    const length = list.readUInt16LE(at)
    if (length < 4) break
    found.push(list.subarray(at + 4, at + length))
    at += (length + 3) & ~3
  }
  return found
}

/**
 * Requests as they are sent, so many at once as can all be refused. Refusals always come; of each lot, only the last is to
 * be acknowledged. Sequence numbers count from 1.
 */
export function encodeRequests(requests: readonly RouteRequest[]): Buffer[] {
  return lotsOf(requests).map(({ bytes }) => bytes)
}

/** The same, with the sequence number of the last request of each. */
function lotsOf(requests: readonly RouteRequest[]): { readonly bytes: Buffer; readonly last: number }[] {
  const lots: { bytes: Buffer; last: number }[] = []
  for (let first = 0; first < requests.length; first += REQUESTS_AT_ONCE) {
    const some = requests.slice(first, first + REQUESTS_AT_ONCE)
    const encoded = some.map((request, index) =>
      encodeRequest(request, first + index + 1, index === some.length - 1 ? NLM_F.ack : 0),
    )
    lots.push({ bytes: Buffer.concat(encoded), last: first + some.length })
  }
  return lots
}

function encodeRequest({ type, flags, body }: RouteRequest, sequence: number, more: number): Buffer {
  const length = HEADER + body.length
  const bytes = Buffer.alloc((length + 3) & ~3)
  bytes.writeUInt32LE(length, 0)
  bytes.writeUInt16LE(type, 4)
  bytes.writeUInt16LE(NLM_F.request | flags | more, 6)
  bytes.writeUInt32LE(sequence, 8)
  body.copy(bytes, HEADER)
  return bytes
}

/** What has been received, until the next message is: of all sockets, as nobody reads one while another is read. */
const RECEIVED = Buffer.allocUnsafe(1 << 16)

/** A netlink socket in one namespace. The kernel answers within the call that asks. */
export class NetlinkSocket {
  readonly #fd: number
  /** Opens it by `inside`, which runs what it is given in the namespace. Throws SystemError. */
  constructor(inside: (open: () => number) => number, protocol: number = NETLINK_ROUTE) {
    this.#fd = inside(() => openSocket(AF_NETLINK, SOCK_RAW, protocol))
    setSocketOption(this.#fd, SOL_NETLINK, NETLINK_CAP_ACK, 1)
    setSocketOption(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, 1)
  }

  /** Has the kernel perform requests in order. All are tried; throws NetlinkError for the first one that was refused. */
  perform(requests: readonly RouteRequest[]): void {
    const refusals: NetlinkError[] = []
    for (const lot of lotsOf(requests)) {
      sendBytes(this.#fd, lot.bytes)
      refusals.push(...this.#refusals(lot.last))
    }
    if (refusals[0]) throw refusals[0]
  }

  /** The same, while this thread does something else. Nobody else may use the socket meanwhile. */
  async performAside(requests: readonly RouteRequest[]): Promise<void> {
    const refusals: NetlinkError[] = []
    for (const lot of lotsOf(requests)) {
      await sendBytesAside(this.#fd, lot.bytes)
      refusals.push(...this.#refusals(lot.last))
    }
    if (refusals[0]) throw refusals[0]
  }

  /** What was refused of a lot, whose last request has this sequence number. */
  #refusals(last: number): NetlinkError[] {
    const refusals: NetlinkError[] = []
    this.#receive((type, sequence, payload) => {
      if (type !== NLMSG_ERROR) return false
      const errno = -payload.readInt32LE(0)
      if (errno !== 0) refusals.push(new NetlinkError(errno, sequence - 1, extendedAck(payload, this.#flags)))
      return sequence === last
    })
    return refusals
  }

  /**
   * The payloads of the messages that answer one request. A dump that something changed under is made again. Throws
   * NetlinkError when it is refused.
   */
  ask(request: RouteRequest): Buffer[] {
    for (let again = 0; ; again++) {
      const { answers, whole } = this.#askOnce(request)
      if (whole || again === DUMPS_AGAIN) return answers
    }
  }

  #askOnce(request: RouteRequest): { readonly answers: Buffer[]; readonly whole: boolean } {
    const answers: Buffer[] = []
    const dump = (request.flags & NLM_F.dump) === NLM_F.dump
    let whole = true
    sendBytes(this.#fd, encodeRequest(request, 1, 0))
    this.#receive((type, _sequence, payload) => {
      if ((this.#flags & NLM_F_DUMP_INTR) !== 0) whole = false
      if (type === NLMSG_DONE) return true
      if (type === NLMSG_ERROR) {
        const errno = -payload.readInt32LE(0)
        if (errno !== 0) throw new NetlinkError(errno, 0, extendedAck(payload, this.#flags))
        return true
      }
      answers.push(Buffer.from(payload))
      return !dump
    })
    return { answers, whole }
  }

  close(): void {
    closeFd(this.#fd)
  }

  #flags = 0

  /** Hands over each message that came, until `take` says that it was the last. */
  #receive(take: (type: number, sequence: number, payload: Buffer) => boolean): void {
    for (;;) {
      const got = receiveBytes(this.#fd, RECEIVED)
      if (!got) throw new SystemError('recvfrom', NO_ANSWER, 'netlink')
      for (let at = 0; at + HEADER <= got.length; ) {
        const length = RECEIVED.readUInt32LE(at)
        if (length < HEADER) break
        this.#flags = RECEIVED.readUInt16LE(at + 6)
        const payload = RECEIVED.subarray(at + HEADER, at + length)
        if (take(RECEIVED.readUInt16LE(at + 4), RECEIVED.readUInt32LE(at + 8), payload)) return
        at += (length + 3) & ~3
      }
    }
  }
}

/** EPROTO: the kernel owes an answer that is not there. */
const NO_ANSWER = 71

/** The text of an extended ack (netlink_ack, net/netlink/af_netlink.c, 4.12). */
function extendedAck(payload: Buffer, flags: number): string {
  if ((flags & NLM_F_ACK_TLVS) === 0) return ''
  const original = (flags & NLM_F_CAPPED) !== 0 ? HEADER : payload.readUInt32LE(4)
  const text = attributes(payload.subarray(4 + ((original + 3) & ~3))).get(NLMSGERR_ATTR_MSG)
  return text?.toString('latin1').replace(/\0+$/, '') ?? ''
}
