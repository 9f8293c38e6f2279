/** A topology with other names, MAC addresses and addresses: the same one for the same, and networks stay networks. */
import { createHash, randomBytes } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import { parseAddress } from '../base/addresses.js'
import type { LinkEndDefinition } from '../model/topology.js'
import { inOrder, type Recorded } from './record.js'

/** Chains that the kernel itself calls. */
const OWN_CHAINS = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'])
/** What names nobody: this host, loopback, link-local, multicast, broadcast. */
const KEPT = ['unspecified', 'loopback', 'linkLocal', 'multicast', 'broadcast']
/** The first octet of the first network; that of all others is one more each. */
const FIRST_OCTET = 20

/** Renames everything in a recorded topology that could say whose it is; the key decides how, and is forgotten. */
export function anonymous({ topology, left }: Recorded, key = randomBytes(32)): Recorded {
  const words = new Words(key)
  const nodes = new Map(Object.keys(topology.nodes).map((name, index) => [name, `node${index + 1}`]))
  for (const { bridges = {} } of Object.values(topology.nodes))
    for (const name of Object.keys(bridges)) words.name(name, 'br')
  for (const end of topology.links.flat()) {
    const place = typeof end === 'string' ? end : end.end
    words.name(place.slice(place.indexOf(':') + 1), 'dev')
  }
  for (const { iptables = {}, ip6tables = {} } of Object.values(topology.nodes))
    for (const rule of [...Object.values(iptables), ...Object.values(ip6tables)].flat()) {
      const chain = rule.split(' ')[1] ?? ''
      if (!OWN_CHAINS.has(chain)) words.name(chain, 'CHAIN')
    }
  const node = (name: string) => nodes.get(name) ?? name
  const place = (text: string) => {
    const at = text.indexOf(':')
    return `${node(text.slice(0, at))}:${words.text(text.slice(at + 1))}` as const
  }
  const end = (own: LinkEndDefinition): LinkEndDefinition =>
    typeof own === 'string' ? place(own) : { ...words.all(own), end: place(own.end) }
  return {
    topology: {
      nodes: Object.fromEntries(
        Object.entries(topology.nodes).map(([name, { is: _, iptables, ip6tables, nft, ...own }]) => {
          const renamed = words.all(own)
          return [
            node(name),
            {
              is: 'a namespace',
              ...renamed,
              ...(renamed.routes ? { routes: inOrder(renamed.routes) } : {}),
              ...(iptables ? { iptables: words.tables(iptables) } : {}),
              ...(ip6tables ? { ip6tables: words.tables(ip6tables) } : {}),
              ...(nft ? { nft: words.nft(nft) } : {}),
            },
          ]
        }),
      ),
      links: topology.links.map(([a, b]) => [end(a), end(b)]),
    },
    left: left.map(text => {
      const [, name = '', what = text] = /^([^:]+): (.*)$/.exec(text) ?? []
      return `${node(name)}: ${words.text(what)}`
    }),
  }
}

class Words {
  readonly #names = new Map<string, string>([['lo', 'lo']])
  readonly #octets = new Map<number, number>()
  readonly #macs = new Map<string, string>()

  constructor(private readonly key: Buffer) {}

  /** Gives a name another one, by what it is of. */
  name(name: string, kind: string): void {
    if (this.#names.has(name)) return
    const count = [...this.#names.values()].filter(one => one.replace(/\d+$/, '') === kind).length
    this.#names.set(name, `${kind}${count + 1}`)
  }

  /** A value with all of its keys and texts renamed. */
  all<T>(value: T): T {
    if (typeof value === 'string') return this.text(value) as T
    if (Array.isArray(value)) return value.map(one => this.all(one as unknown)) as T
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([field, own]) => [
        this.text(field),
        field === 'is' ? 'a namespace' : this.all(own as unknown),
      ]),
    ) as T
  }

  /** Rules by table, which keeps its name. */
  tables(tables: Readonly<Record<string, readonly string[]>>): Record<string, readonly string[]> {
    return Object.fromEntries(Object.entries(tables).map(([table, rules]) => [table, this.all(rules)]))
  }

  /** Commands of nft: tables, chains and sets are renamed by their places, as they may be called what a word of nft is. */
  nft(lines: readonly string[]): string[] {
    const names = new Map<string, string>()
    const renamed = (kind: string, name: string) => {
      const known =
        names.get(name) ?? `${kind}${[...names.values()].filter(one => one.startsWith(kind)).length + 1}`
      names.set(name, known)
      return known
    }
    for (const line of lines) {
      const [, kind = '', table = '', name] =
        /^add (table|chain|set|map) \S+ (\S+)(?: (\S+))?/.exec(line) ?? []
      if (table !== '') renamed('table', table)
      if (name !== undefined) renamed(kind, name)
    }
    const own = (name: string) => names.get(name) ?? name
    return lines.map(line => {
      const [, head = '', table = '', name = '', rest = ''] =
        /^(add \w+ \S+) (\S+) ?(\S*)(.*)$/.exec(line) ?? []
      const told = this.text(rest)
        .replace(/(?<=\b(?:jump|goto) )[\w.@-]+/g, own)
        .replace(/(?<=@)[\w.-]+/g, own)
      return `${head} ${own(table)}${name === '' ? '' : ` ${own(name)}`}${told}`
    })
  }

  /** A text word by word; comments of rules are left out. */
  text(text: string): string {
    return text
      .replace(/ -m comment --comment (?:"(?:\\.|[^"\\])*"|\S+)/g, '')
      .split(/([\s,]+)/)
      .map(word => this.#word(word))
      .join('')
  }

  #word(word: string): string {
    const known = this.#names.get(word)
    if (known !== undefined) return known
    if (/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(word)) return this.#mac(word)
    const [, address = '', rest = ''] =
      /^\[?([0-9]+(?:\.[0-9]+){3}|[0-9a-f]*:[0-9a-f:]*[0-9a-f:])(?:\])?((?:[/:-].*)?)$/.exec(word) ?? []
    const parsed = address === '' ? undefined : parseAddress(address)
    if (parsed) return this.#address(parsed, rest)
    // `host:eth0`, and the keys of sysctls.
    const sysctl = /^net[./]/.test(word)
    const parts = word.split(sysctl ? /([./])/ : /(:)/)
    return parts.length > 1 ? parts.map(part => this.#names.get(part) ?? part).join('') : word
  }

  #mac(mac: string): string {
    const known =
      this.#macs.get(mac) ??
      `02:00:00:00:${(this.#macs.size >> 8).toString(16).padStart(2, '0')}:${(this.#macs.size & 255).toString(16).padStart(2, '0')}`
    this.#macs.set(mac, known)
    return known
  }

  /** Another address, that has as many leading bits in common with any other as this one has (as Crypto-PAn does it). */
  #address(address: ipaddr.IPv4 | ipaddr.IPv6, rest: string): string {
    const v4 = address.kind() === 'ipv4'
    if (KEPT.includes(address.range())) return address.toString() + rest
    const bytes = address.toByteArray()
    const length = /^\/(\d+)/.exec(rest)?.[1]
    const bits = bytes.map(byte => byte.toString(2).padStart(8, '0')).join('')
    // A network has no host bits, and gets none.
    const isNetwork = length !== undefined && !bits.slice(Number(length)).includes('1')
    // The last octet of IPv4 stays: it names nobody, and no host becomes a broadcast address.
    const kept = Math.min(isNetwork ? Number(length) : bits.length, v4 ? 24 : 128)
    const flipped = [...bits].map((bit, at) =>
      at < kept &&
      (createHash('sha256').update(this.key).update(bits.slice(0, at)).digest()[0] ?? 0) % 2 === 1
        ? String(1 - Number(bit))
        : bit,
    )
    const changed = Array.from({ length: bytes.length }, (_, at) =>
      Number.parseInt(flipped.slice(at * 8, at * 8 + 8).join(''), 2),
    )
    const [first = 0] = bytes
    if (!this.#octets.has(first)) this.#octets.set(first, FIRST_OCTET + this.#octets.size)
    const octet = this.#octets.get(first) ?? FIRST_OCTET
    changed[0] = v4 ? octet : 0xfd
    if (!v4) changed[1] = octet
    const other = ipaddr.fromByteArray(changed).toString()
    return (
      (/^:\d/.test(rest) && !v4 ? `[${other}]` : other) +
      rest.replace(/(?<=^-)[0-9.]+(?=$|:)/, end => {
        const parsed = parseAddress(end)
        return parsed ? this.#address(parsed, '') : end
      })
    )
  }
}
