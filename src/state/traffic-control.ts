/** Traffic control as rtnetlink says it: queueing disciplines that somebody added, and their filters with what these do. */
import { attributes, elements, NetlinkError, type NetlinkSocket, NLM_F, RTM } from '../world/rtnetlink.js'

const TCA = { kind: 1, options: 2 }
/** What the kernel gives a device by itself. */
const OWN_QDISCS: ReadonlySet<string> = new Set(['noqueue', 'noop', 'pfifo_fast', 'fq_codel', 'mq'])
/** Parents of filters of `clsact`: TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS and TC_H_MIN_EGRESS) (linux/pkt_sched.h). */
const HOOKS = { ingress: 0xfffffff2, egress: 0xfffffff3 }
/** Attributes of u32 filters (linux/pkt_cls.h): how often one matched is no setting. */
const U32 = { selector: 5, actions: 7, matched: 9 }
const ACTION = { kind: 1, options: 2 }
const MIRRED_PARMS = 2
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
 * eth0 ingress` is `protocol ip pref 1 u32 … mirred ingress redirect dev lo`, one after the other by `; `.
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
    into.set(`qdisc ${device} ${handleOf(message.readUInt32LE(8))}`, kind)
    if (kind !== 'clsact') continue
    for (const [hook, parent] of Object.entries(HOOKS)) {
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
          kind === 'u32' && attribute in { [U32.actions]: 0, [U32.matched]: 0 }
            ? []
            : [`${attribute}=${value.toString('hex')}`],
        ),
        ...(kind === 'u32' ? elements(options.get(U32.actions)).map(action => actionOf(action, nameOf)) : []),
      ].join(' '),
    ]
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
  // struct tc_mirred (linux/tc_act/tc_mirred.h): five words of struct tc_gen, the action and the device.
  const parms = kind === 'mirred' ? attributes(found.get(ACTION.options)).get(MIRRED_PARMS) : undefined
  if (!parms || parms.length < 28) return `action ${kind}`
  const what = parms.readInt32LE(20)
  return `action mirred ${MIRRED[what] ?? what} dev ${nameOf(parms.readUInt32LE(24))}`
}

function handleOf(handle: number): string {
  return `${(handle >>> 16).toString(16)}:`
}

function text(bytes: Buffer | undefined): string {
  return bytes?.toString('latin1').replace(/\0.*$/s, '') ?? ''
}
