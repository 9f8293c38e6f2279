/** IP addresses and prefixes as text. */
import ipaddr from 'ipaddr.js'

/** An address, its prefix length and its family. */
export interface Prefix {
  readonly address: ipaddr.IPv4 | ipaddr.IPv6
  readonly length: number
}

/** An address as ip(8) and this library read alike: no short form like 10.1, no zone. */
export function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const whole = text.includes(':') ? ipaddr.IPv6.isValid(text) : ipaddr.IPv4.isValidFourPartDecimal(text)
  // A leading zero makes a number octal to some, and nothing to others.
  return whole && !text.includes('%') && !/(^|\.)0\d/.test(text) ? ipaddr.parse(text) : undefined
}

/** An address with a prefix length, or the address alone, which is then the whole prefix. */
export function parsePrefix(text: string): Prefix | undefined {
  const [base = '', length, ...more] = text.split('/')
  const address = parseAddress(base)
  if (!address || more.length > 0) return undefined
  const bits = address.toByteArray().length * 8
  if (length === undefined) return { address, length: bits }
  return /^(0|[1-9]\d{0,2})$/.test(length) && Number(length) <= bits
    ? { address, length: Number(length) }
    : undefined
}

/** A MAC address as text. */
export function macText(bytes: Uint8Array): string {
  return [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join(':')
}
