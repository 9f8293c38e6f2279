/** Traffic control as rtnetlink says it: queueing disciplines that somebody added, and their filters with what these do. */
import { attributes, elements, NetlinkError, type NetlinkSocket, NLM_F, RTM } from '../world/rtnetlink.js'

const TCA = { kind: 1, options: 2 }
/** What the kernel gives a device by itself. */
const OWN_QDISCS: ReadonlySet<string> = new Set(['noqueue', 'noop', 'pfifo_fast', 'fq_codel', 'mq'])
/** Parents of filters of `clsact`: TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS and TC_H_MIN_EGRESS) (linux/pkt_sched.h). */
const HOOKS = { ingress: 0xfffffff2, egress: 0xfffffff3 }
/** Attributes of u32 filters (linux/pkt_cls.h): how often one matched is no setting, nor whether a card has it. */
const U32 = { class: 1, hash: 2, selector: 5, actions: 7, matched: 9, flags: 11 }
/** The first hash table that the kernel makes for filters that name none (gen_new_htid(), net/sched/cls_u32.c). */
const FIRST_HASH = 0x80000000
const ACTION = { kind: 1, options: 2 }
const MIRRED_PARMS = 2
const CSUM_PARMS = 1
/** TCA_CSUM_UPDATE_FLAG_* (linux/tc_act/tc_csum.h). */
const CSUM: Readonly<Record<string, number>> = {
  ip: 1,
  icmp: 2,
  igmp: 4,
  tcp: 8,
  udp: 16,
  udplite: 32,
  sctp: 64,
}
/** Words of struct tc_gen, which every action's parameters begin with: index, capab, action, refcnt, bindcnt. */
const GENERIC_BYTES = 20
const TCA_EGRESS_REDIR = 1
const MIRRED: Readonly<Record<number, string>> = {
  [TCA_EGRESS_REDIR]: 'egress redirect',
  2: 'egress mirror',
  3: 'ingress redirect',
  4: 'ingress mirror',
}
const ETHER_TYPES: Readonly<Record<number, string>> = { 3: 'all', 2048: 'ip', 2054: 'arp', 34525: 'ipv6' }

/**
 * Every queueing discipline that is none of the kernel's own, and every filter of one that is on the way of all packets: `filter
 * eth0 ingress` is `protocol ip pref 1 u32 match u32 0x00000044 0x0000ffff at 20 action mirred ingress redirect dev lo`, one after the
 * other by `; `; `filter eth0 1:` those of the discipline with that handle.
 */
export function readTrafficControl(
  socket: NetlinkSocket,
  nameOf: (index: number) => string,
  into: Map<string, string>,
): void {
  for (const message of socket.ask({ type: RTM.getQdisc, flags: NLM_F.dump, body: Buffer.alloc(20) })) {
    const kind = text(attributes(message.subarray(20)).get(TCA.kind))
    if (OWN_QDISCS.has(kind)) continue
    const device = nameOf(message.readInt32LE(4))
    const handle = message.readUInt32LE(8)
    into.set(`qdisc ${device} ${handleOf(handle)}`, kind)
    const parents = kind === 'clsact' ? HOOKS : { [handleOf(handle)]: handle }
    for (const [hook, parent] of Object.entries(parents)) {
      const filters = filtersOf(socket, message.readInt32LE(4), parent, nameOf)
      if (filters.length > 0) into.set(`filter ${device} ${hook}`, filters.join('; '))
    }
  }
}

function filtersOf(
  socket: NetlinkSocket,
  index: number,
  parent: number,
  nameOf: (index: number) => string,
): string[] {
  const body = Buffer.alloc(20)
  body.writeInt32LE(index, 4)
  body.writeUInt32LE(parent, 12)
  return filterMessages(socket, body).flatMap(message => {
    const found = attributes(message.subarray(20))
    const options = attributes(found.get(TCA.options))
    const kind = text(found.get(TCA.kind))
    // The hash tables of u32 come as filters without a selector.
    if (options.size === 0 || (kind === 'u32' && !options.has(U32.selector))) return []
    const info = message.readUInt32LE(16)
    const type = ((info & 0xff) << 8) | ((info >>> 8) & 0xff)
    return [
      [
        `protocol ${ETHER_TYPES[type] ?? `0x${type.toString(16)}`} pref ${info >>> 16} ${kind}`,
        ...[...options].flatMap(([attribute, value]) =>
          kind === 'u32' ? u32Words(attribute, value) : [`${attribute}=${value.toString('hex')}`],
        ),
        ...(kind === 'u32' ? elements(options.get(U32.actions)).map(action => actionOf(action, nameOf)) : []),
      ].join(' '),
    ]
  })
}

/** What an attribute of a u32 filter says, in the words of tc-u32(8); a number where that has none for it. */
function u32Words(attribute: number, value: Buffer): string[] {
  if (attribute === U32.actions || attribute === U32.matched || attribute === U32.flags) return []
  if (attribute === U32.hash && value.readUInt32LE() >= FIRST_HASH) return []
  if (attribute === U32.class) {
    const id = value.readUInt32LE()
    return [`classid ${(id >>> 16).toString(16)}:${(id & 0xffff).toString(16)}`]
  }
  // struct tc_u32_sel: how many keys at 2, and behind 16 bytes these: mask, value, offset, offset's mask.
  const keys = attribute === U32.selector ? value.readUInt8(2) : 0
  const plain = value.subarray(4, 16).every(byte => byte === 0)
  if (keys === 0 || !plain || value.length < 16 + 16 * keys) return [`${attribute}=${value.toString('hex')}`]
  return Array.from({ length: keys }, (_, at) => value.subarray(16 + 16 * at, 32 + 16 * at)).map(key => {
    const [mask, own] = [key.readUInt32BE(0), key.readUInt32BE(4)].map(
      number => `0x${number.toString(16).padStart(8, '0')}`,
    )
    return `match u32 ${own} ${mask} at ${key.readInt32LE(12) === 0 ? '' : 'nexthdr+'}${key.readInt32LE(8)}`
  })
}

function filterMessages(socket: NetlinkSocket, body: Buffer): Buffer[] {
  try {
    return socket.ask({ type: RTM.getFilter, flags: NLM_F.dump, body })
  } catch (error) {
    // The discipline has just gone.
    if (error instanceof NetlinkError) return []
    throw error
  }
}

/** What a filter does, without what it has counted. */
function actionOf(action: Buffer, nameOf: (index: number) => string): string {
  const found = attributes(action)
  const kind = text(found.get(ACTION.kind))
  if (kind === 'csum') {
    const flags = attributes(found.get(ACTION.options)).get(CSUM_PARMS)?.readUInt32LE(GENERIC_BYTES) ?? 0
    return `action csum ${Object.keys(CSUM)
      .filter(name => (flags & (CSUM[name] ?? 0)) !== 0)
      .join(' and ')}`
  }
  // struct tc_mirred (linux/tc_act/tc_mirred.h): the action and the device.
  const parms = kind === 'mirred' ? attributes(found.get(ACTION.options)).get(MIRRED_PARMS) : undefined
  if (!parms || parms.length < GENERIC_BYTES + 8) return `action ${kind}`
  const what = parms.readInt32LE(GENERIC_BYTES)
  return `action mirred ${MIRRED[what] ?? what} dev ${nameOf(parms.readUInt32LE(GENERIC_BYTES + 4))}`
}

function handleOf(handle: number): string {
  return `${(handle >>> 16).toString(16)}:`
}

function text(bytes: Buffer | undefined): string {
  return bytes?.toString('latin1').replace(/\0.*$/s, '') ?? ''
}
