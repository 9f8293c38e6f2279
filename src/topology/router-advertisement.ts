/** Router advertisements as ICMPv6 messages (RFC 4861, 4.2 and 4.6.2), without the checksum, which the kernel fills in. */
import { parsePrefix } from '../base/addresses.js'
import type { AdvertiseStep } from '../model/steps.js'

const ROUTER_ADVERTISEMENT = 134
const HOP_LIMIT = 64
const PREFIX_INFORMATION = 3
const FLAGS = { onLink: 0x80, autonomous: 0x40 }
const DAY = 86_400

/** The message that a step sends. */
export function routerAdvertisement({
  lifetime,
  prefixes,
}: Pick<AdvertiseStep, 'lifetime' | 'prefixes'>): Buffer {
  const header = Buffer.alloc(16)
  header[0] = ROUTER_ADVERTISEMENT
  header[4] = HOP_LIMIT
  header.writeUInt16BE(lifetime, 6)
  return Buffer.concat([header, ...prefixes.map(prefixInformation)])
}

function prefixInformation({
  prefix,
  onLink = true,
  autonomous = true,
  valid = DAY,
}: AdvertiseStep['prefixes'][number]): Buffer {
  const parsed = parsePrefix(prefix)
  const option = Buffer.alloc(32)
  option.set([
    PREFIX_INFORMATION,
    option.length / 8,
    parsed?.length ?? 0,
    (onLink ? FLAGS.onLink : 0) | (autonomous ? FLAGS.autonomous : 0),
  ])
  option.writeUInt32BE(valid, 4)
  option.writeUInt32BE(valid, 8)
  option.set(parsed?.address.toByteArray() ?? [], 16)
  return option
}
