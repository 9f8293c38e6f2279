/** A netfilter queue held open from user space: packets wait in it until this program says that they may go on. */
import {
  AF_NETLINK,
  closeFd,
  EPOLLIN,
  NETLINK_NETFILTER,
  openSocket,
  receiveBytes,
  SOCK_RAW,
  SystemError,
  sendBytes,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { ready } from '../world/reactor.js'

const NFNL_SUBSYS_QUEUE = 3
const MESSAGE = { packet: 0, verdict: 1, config: 2 }
const ATTRIBUTE = { packetHeader: 1, verdictHeader: 2, configCommand: 1, configParameters: 2 }
const NLMSG_ERROR = 2
const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const NF_ACCEPT = 1
const COMMAND_BIND = 1
const COPY_META = 1

/** A queue of one network namespace (nfnetlink_queue). Packets in it when it is closed are dropped by the kernel. */
export class PacketQueue {
  readonly #fd: number
  readonly #number: number

  /** Binds to queue `number` of the namespace. Throws SystemError (EBUSY: somebody else has it; EINVAL: no such support). */
  constructor(netns: Netns, number: number) {
    this.#number = number
    this.#fd = netns.inside(() => openSocket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER))
    this.#configure(ATTRIBUTE.configCommand, Buffer.from([COMMAND_BIND, 0, 0, 0]))
    this.#configure(ATTRIBUTE.configParameters, Buffer.from([0, 0, 0, 0, COPY_META]))
  }

  /** Ids of the packets that come in until there are `count` of them or `timeoutMs` are over. */
  async hold(count: number, timeoutMs: number): Promise<number[]> {
    const ids: number[] = []
    const until = performance.now() + timeoutMs
    while (ids.length < count) {
      // A packet that this process has just sent is there already: a busy one would come to it again much later.
      const more = this.#receive()
      if (more.length === 0 && !(await ready(this.#fd, EPOLLIN, Math.max(0, until - performance.now()))))
        break
      ids.push(...more)
    }
    return ids
  }

  /** Lets a held packet go on its way. Throws SystemError. */
  accept(id: number): void {
    const header = Buffer.alloc(8)
    header.writeUInt32BE(NF_ACCEPT, 0)
    header.writeUInt32BE(id, 4)
    sendBytes(this.#fd, this.#message(MESSAGE.verdict, NLM_F_REQUEST, ATTRIBUTE.verdictHeader, header))
  }

  /** Lets every further packet through at once, until `signal` aborts. */
  async pass(signal: AbortSignal): Promise<void> {
    while (await ready(this.#fd, EPOLLIN, undefined, signal))
      for (const id of this.#receive()) this.accept(id)
  }

  close(): void {
    closeFd(this.#fd)
  }

  #receive(): number[] {
    const buffer = Buffer.alloc(65536)
    const got = receiveBytes(this.#fd, buffer)
    return got ? packetIds(buffer.subarray(0, got.length)) : []
  }

  #configure(attribute: number, value: Buffer): void {
    sendBytes(this.#fd, this.#message(MESSAGE.config, NLM_F_REQUEST | NLM_F_ACK, attribute, value))
    const answer = Buffer.alloc(4096)
    // The kernel answers a configuration message before sendto returns.
    const got = receiveBytes(this.#fd, answer)
    const errno = got && answer.readUInt16LE(4) === NLMSG_ERROR ? -answer.readInt32LE(16) : 0
    if (errno !== 0) throw new SystemError('nfnetlink_queue', errno, `bind to queue ${this.#number}`)
  }

  #message(type: number, flags: number, attribute: number, value: Buffer): Buffer {
    const padded = (value.length + 3) & ~3
    const message = Buffer.alloc(16 + 4 + 4 + padded)
    message.writeUInt32LE(message.length, 0)
    message.writeUInt16LE((NFNL_SUBSYS_QUEUE << 8) | type, 4)
    message.writeUInt16LE(flags, 6)
    message.writeUInt16BE(this.#number, 18)
    message.writeUInt16LE(4 + value.length, 20)
    message.writeUInt16LE(attribute, 22)
    value.copy(message, 24)
    return message
  }
}

/** Packet ids in a read from the queue: netlink messages, each with a packet header attribute. */
function packetIds(bytes: Buffer): number[] {
  const ids: number[] = []
  for (let at = 0; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    if (length < 16) break
    if (bytes.readUInt16LE(at + 4) === ((NFNL_SUBSYS_QUEUE << 8) | MESSAGE.packet)) {
      for (let attribute = at + 20; attribute + 4 <= at + length; ) {
        const size = bytes.readUInt16LE(attribute)
        if (size < 4) break
        if (bytes.readUInt16LE(attribute + 2) === ATTRIBUTE.packetHeader)
          ids.push(bytes.readUInt32BE(attribute + 4))
        attribute += (size + 3) & ~3
      }
    }
    at += (length + 3) & ~3
  }
  return ids
}
