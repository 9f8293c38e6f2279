/** Policy rules and next hop objects as rtnetlink requests (include/uapi/linux/fib_rules.h, nexthop.h). */
import { parsePrefix } from '../base/addresses.js'
import { entryOf } from '../base/records.js'
import type { PolicyRule } from '../model/policy-rule.js'
import type { NextHopObject } from '../model/steps.js'
import { AF_INET, AF_INET6 } from '../world/libc.js'
import { attribute, NLM_F, type RouteRequest, RTM } from '../world/rtnetlink.js'

const NEW = NLM_F.create | NLM_F.exclusive
const FRA = {
  destination: 1,
  source: 2,
  iif: 3,
  priority: 6,
  fwmark: 10,
  suppressPrefixlength: 14,
  table: 15,
  fwmask: 16,
  oif: 17,
}
const FR_ACT_TO_TBL = 1
const FIB_RULE_INVERT = 2
const NHA = { id: 1, group: 2, device: 5, gateway: 6 }
const TABLES: Readonly<Record<string, number>> = { default: 253, main: 254, local: 255 }

/** The number of a routing table; undefined for a name that only ip(8) may know. */
export function tableNumber(table: string): number | undefined {
  return /^\d{1,9}$/.test(table) ? Number(table) : entryOf(TABLES, table)
}

/** The request that adds a policy rule; undefined when it names an address that is none. */
export function ruleRequest(rule: PolicyRule): RouteRequest | undefined {
  const { family, not, from, to, fwmark, fwmask, iif, oif, tos = 0, suppressPrefixlength, priority } = rule
  const [source, destination] = [from, to].map(text => (text === undefined ? undefined : bytesOf(text)))
  if ((from !== undefined && !source) || (to !== undefined && !destination)) return undefined
  const table = tableNumber(rule.table)
  if (table === undefined) return undefined
  const header = Buffer.alloc(12)
  header[0] = family === 'inet' ? AF_INET : AF_INET6
  header[1] = destination?.length ?? 0
  header[2] = source?.length ?? 0
  header[3] = tos
  header[4] = table < 256 ? table : 0
  header[7] = FR_ACT_TO_TBL
  header.writeUInt32LE(not ? FIB_RULE_INVERT : 0, 8)
  const number = (type: number, value: number | undefined) =>
    value === undefined ? [] : [attribute(type, unsigned(value))]
  const body = [
    header,
    ...(source ? [attribute(FRA.source, source.bytes)] : []),
    ...(destination ? [attribute(FRA.destination, destination.bytes)] : []),
    ...number(FRA.priority, priority),
    ...number(FRA.fwmark, fwmark),
    ...number(FRA.fwmask, fwmask),
    ...number(FRA.table, table < 256 ? undefined : table),
    ...number(FRA.suppressPrefixlength, suppressPrefixlength),
    ...(iif === undefined ? [] : [attribute(FRA.iif, iif)]),
    ...(oif === undefined ? [] : [attribute(FRA.oif, oif)]),
  ]
  return { type: RTM.newRule, flags: NEW, body: Buffer.concat(body) }
}

/** The request that adds a next hop object; undefined when it names a device or an address that is not known. */
export function nextHopRequest(
  { id, via, device, group }: NextHopObject,
  { index }: { readonly index: (device: string) => number | undefined },
): RouteRequest | undefined {
  const gateway = via === undefined ? undefined : bytesOf(via)
  const at = device === undefined ? undefined : index(device)
  if ((via !== undefined && !gateway) || (device !== undefined && at === undefined)) return undefined
  const header = Buffer.alloc(8)
  header[0] = gateway?.family ?? (group ? 0 : AF_INET)
  const body = [
    header,
    attribute(NHA.id, id),
    ...(gateway ? [attribute(NHA.gateway, gateway.bytes)] : []),
    ...(at === undefined ? [] : [attribute(NHA.device, at)]),
    // struct nexthop_grp: the id, and a weight of one.
    ...(group
      ? [attribute(NHA.group, Buffer.concat(group.map(one => Buffer.concat([unsigned(one), unsigned(0)]))))]
      : []),
  ]
  return { type: RTM.newNextHop, flags: NEW, body: Buffer.concat(body) }
}

function unsigned(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** An address with its prefix length, which is the address's own where none is written, as netlink has it. */
export function bytesOf(
  text: string,
): { readonly family: number; readonly bytes: Buffer; readonly length: number } | undefined {
  const prefix = parsePrefix(text)
  if (!prefix) return undefined
  const bytes = Buffer.from(prefix.address.toByteArray())
  return { family: bytes.length === 4 ? AF_INET : AF_INET6, bytes, length: prefix.length }
}
