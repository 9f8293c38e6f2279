/** What is known of one network namespace of a machine: facts by name, and its rules. */
import { withSlashes } from '../base/sysctl-key.js'
import type { Unread } from '../model/audit.js'
import { contains, type KnownPacket, type Rule, type RuleSets, ruleName } from './rules.js'
import { baseChains, mayCome, verdictAt, waysTo } from './walk.js'

/** Where facts come from, for those that could not be read: the first word of a fact, or of a packet's rules. */
export type FactSource = 'rules' | 'network' | 'features' | 'sysctls'

/** How `all` and a device's own sysctl come together (IN_DEV_*, include/linux/inetdevice.h). */
const TOGETHER: Readonly<Record<string, 'max' | 'or'>> = {
  rp_filter: 'max',
  arp_ignore: 'max',
  arp_announce: 'max',
  arp_notify: 'or',
  accept_local: 'or',
  route_localnet: 'or',
  src_valid_mark: 'or',
}

/** Sysctls of a device that decide about its packets, and that are 0 where nobody has set them. */
export const DEVICE_SYSCTLS = Object.keys(TOGETHER).filter(key => key !== 'arp_notify')

const LOCAL_PORTS = 'net/ipv4/ip_local_port_range'

/** One namespace as it was read. */
export class Facts {
  readonly #own: Map<string, string>
  readonly #byWord = new Map<string, [string, string][]>()
  readonly #ports: ReadonlyMap<string, string>

  readonly #configuration: ReadonlyMap<string, string>

  constructor(
    /** `this`, a name under /run/netns, or a process. */
    readonly netns: string,
    configuration: ReadonlyMap<string, string>,
    readonly sets: RuleSets,
    readonly unread: ReadonlyMap<FactSource, Unread>,
    /** A sysctl by its key; undefined where the kernel has none. */
    private readonly sysctl: (key: string) => string | undefined,
    /** Which port of a bridge an address is behind, as far as that is known. */
    ports: ReadonlyMap<string, string> = new Map(),
    /** Sysctls that are there and could not be read, as far as they were asked for: with slashes. */
    private readonly unreadSysctls: ReadonlySet<string> = new Set(),
  ) {
    this.#configuration = configuration
    this.#own = new Map(configuration)
    this.#ports = ports
    this.#addLinks()
    this.#addRules()
    this.#addTranslations()
    for (const [name, value] of this.#own) {
      const word = firstWord(name)
      const list = this.#byWord.get(word) ?? []
      if (list.length === 0) this.#byWord.set(word, list)
      list.push([name, value])
    }
  }

  /** The same namespace with other values of some sysctls, by their keys with slashes; undefined where a value is not known. */
  withSysctls(others: ReadonlyMap<string, string | undefined>): Facts {
    const read = (key: string) => {
      const path = withSlashes(key)
      return others.has(path) ? others.get(path) : this.sysctl(key)
    }
    const { netns, sets, unread, unreadSysctls } = this
    return new Facts(netns, this.#configuration, sets, unread, read, this.#ports, unreadSysctls)
  }

  /** Whether a fact is of a sysctl that is there and could not be read. */
  isUnreadSysctl(name: string): boolean {
    if (this.unreadSysctls.size === 0) return false
    const [word, device = '', key = ''] = name.split(' ')
    if (word === 'sysctl') return this.unreadSysctls.has(withSlashes(device))
    if (name === 'local ports') return this.unreadSysctls.has(LOCAL_PORTS)
    return (
      word === 'conf' &&
      ['all', device].some(place => this.unreadSysctls.has(`net/ipv4/conf/${place}/${key}`))
    )
  }

  /** A fact by its whole name. Sysctls are read when somebody asks. */
  get(name: string): string | undefined {
    const known = this.#own.get(name)
    if (known !== undefined) return known
    if (name.startsWith('sysctl ')) return this.sysctl(name.slice('sysctl '.length))
    if (name.startsWith('conf ')) return this.#together(name)
    if (name === 'local ports') return this.#localPorts()
    return undefined
  }

  /** All facts whose names begin with this word: none of sysctls, which are asked for by name. */
  beginningWith(word: string): readonly (readonly [string, string])[] {
    return this.#byWord.get(word) ?? []
  }

  /** What comes to pass of a packet, in all rules or in those of one keeper. */
  verdict(
    { family = 'ip', hook, nat = false, by }: VerdictQuestion,
    packet: KnownPacket,
  ): { readonly verdict: string; readonly rule?: Rule } {
    const chains = baseChains(this.sets, { family, hook, nat }).filter(
      ({ set }) => by === undefined || (set === 'nft') === (by === 'nft'),
    )
    return verdictAt(this.sets, chains, packet)
  }

  /** How many ports there are for outgoing connections. */
  #localPorts(): string | undefined {
    const [low, high] = this.sysctl(LOCAL_PORTS)?.split(' ').map(Number) ?? []
    return low === undefined || high === undefined ? undefined : String(high - low + 1)
  }

  #together(name: string): string | undefined {
    const [, device = '', key = ''] = name.split(' ')
    const read = (place: string) => {
      const value = this.sysctl(`net/ipv4/conf/${place}/${key}`)
      return value === undefined ? undefined : Number(value)
    }
    const [all, own] = [read('all'), read(device)]
    if (all === undefined || own === undefined) return undefined
    return String(TOGETHER[key] === 'or' ? Number(all > 0 || own > 0) : Math.max(all, own))
  }

  /** Of each bridge how many ports it has, whose address it has, and of each device whether it has addresses. */
  #addLinks(): void {
    const links = new Map<string, Map<string, string>>()
    for (const [name, value] of this.#own) {
      const [, device, what] = /^link (\S+) (.+)$/.exec(name) ?? []
      if (device === undefined || what === undefined) continue
      const link = links.get(device) ?? new Map<string, string>()
      links.set(device, link.set(what, value))
    }
    const families = new Map<string, Set<string>>()
    for (const [name, value] of this.#own) {
      const [, address, device] = /^address (\S+) dev (\S+)$/.exec(name) ?? []
      if (address === undefined || device === undefined || /\blink\b/.test(value)) continue
      const own = families.get(device) ?? new Set<string>()
      families.set(device, own.add(address.includes(':') ? 'ipv6' : 'ipv4'))
    }
    for (const [device, link] of links) {
      this.#own.set(`link ${device} addressed`, [...(families.get(device) ?? [])].sort().join(' ') || 'no')
      if (!link.has('kind')) this.#own.set(`link ${device} kind`, device === 'lo' ? 'loopback' : 'other')
      if (!link.has('master')) this.#own.set(`link ${device} master`, 'none')
      if (link.get('kind') !== 'bridge') continue
      const ports = [...links].filter(([, port]) => port.get('master') === device)
      this.#own.set(`link ${device} ports`, String(ports.length))
      const lowest = ports.toSorted(([, a], [, b]) =>
        (a.get('address') ?? '') < (b.get('address') ?? '') ? -1 : 1,
      )[0]
      const follows = lowest !== undefined && lowest[1].get('address') === link.get('address')
      this.#own.set(`link ${device} address-of`, follows ? lowest[0] : 'its own')
    }
  }

  #addRules(): void {
    for (const chain of this.sets.values()) {
      const { set, table, name, hook, priority, policy, rules } = chain
      if (hook !== undefined)
        this.#own.set(`policy ${set} ${table} ${name}`, `${policy} at ${hook} ${priority}`)
      else if (set !== 'nft') this.#own.set(`chain ${set} ${table} ${name}`, 'there')
      for (const rule of rules) this.#own.set(ruleName(rule), rule.text)
    }
  }

  /** Networks with the device that leads there: those of addresses, and of routes. */
  #networks(): { readonly own: readonly Network[]; readonly routed: readonly Network[] } {
    const own: Network[] = []
    const routed: Network[] = []
    for (const [name, value] of this.#own) {
      const [, prefix, device] = /^address (\S+) dev (\S+)$/.exec(name) ?? []
      if (prefix !== undefined && device !== undefined) own.push({ prefix, device })
      const [, to] = /^route (\S+?)(?: inet6)? table main/.exec(name) ?? []
      const by = to === undefined ? undefined : /(?:^| )dev (\S+)/.exec(value)?.[1]
      if (to !== undefined && by !== undefined) routed.push({ prefix: to, device: by })
    }
    return { own, routed }
  }

  /** Every destination and source NAT, with what it comes to. */
  #addTranslations(): void {
    const { own, routed } = this.#networks()
    const isOwn = (address: string) => own.some(({ prefix }) => prefix.startsWith(`${address}/`))
    let count = 0
    for (const family of ['ip', 'ip6']) {
      const before = baseChains(this.sets, { family, hook: 'PREROUTING', nat: true })
      for (const way of waysTo(this.sets, before, new Set(['DNAT']))) {
        const to = /--to-destination \[?([0-9.]+|[0-9a-f:]+(?=\]|$| ))/.exec(way.rule.options)?.[1]
        if (to === undefined) continue
        const into = deviceOf(to, own) ?? deviceOf(to, routed)
        const all = [...way.path, way.rule]
        const value = (field: 'dst' | 'proto' | 'dport' | 'in') =>
          all.flatMap(({ matches }) => {
            const match = matches.get(field)
            return match ? [`${match.not ? '!' : ''}${match.values.join(',')}`] : []
          })[0] ?? 'any'
        const bounces = into !== undefined && mayCome(way, { in: into })
        const back =
          into === undefined
            ? 'none'
            : this.verdict(
                { family: family as 'ip' | 'ip6', hook: 'POSTROUTING', nat: true },
                {
                  out: into,
                  src: to,
                  dst: to,
                  ct: 'NEW,DNAT',
                  proto: value('proto'),
                  srcType: 'UNICAST',
                  dstType: 'UNICAST',
                },
              ).verdict
        const port = this.#ports.get(to)
        this.#own.set(
          `dnat ${++count}`,
          [
            `to ${to} into ${into ?? 'nowhere'} port ${port ?? 'unknown'}`,
            `dst ${value('dst')} proto ${value('proto')} dport ${value('dport')} in ${value('in')}`,
            `bounces ${bounces ? 'yes' : 'no'} back ${back.replace(/^policy .*/, 'none').replace(' ', '-')}`,
            `local ${isOwn(to) ? 'yes' : 'no'} chain ${way.rule.chain.name} by ${ruleName(way.rule)}`,
          ].join(' '),
        )
      }
      const after = baseChains(this.sets, { family, hook: 'POSTROUTING', nat: true })
      for (const { path, rule } of waysTo(this.sets, after, new Set(['SNAT', 'MASQUERADE']))) {
        const all = [...path, rule]
        const value = (field: 'out' | 'src') =>
          all.flatMap(({ matches }) => {
            const match = matches.get(field)
            return match ? [`${match.not ? '!' : ''}${match.values.join(',')}`] : []
          })[0] ?? 'any'
        const random = /--random-fully|--random/.exec(rule.options)?.[0] ?? 'none'
        const to = /--to-source (\S+)/.exec(rule.options)?.[1] ?? 'any'
        const [, low, high = low] = /:(\d+)(?:-(\d+))?$/.exec(to) ?? []
        const ports = low === undefined ? 'all' : String(Number(high) - Number(low) + 1)
        // What was translated before, or matches a mark, is translated for another reason than to leave.
        const special = all.some(({ matches }) => matches.has('ct') || matches.has('mark'))
        const hairpin = all.some(
          ({ matches }) =>
            matches.has('src') &&
            matches.get('src')?.values.join() === matches.get('dst')?.values.join() &&
            !matches.get('src')?.not &&
            !matches.get('dst')?.not,
        )
        this.#own.set(
          `snat ${++count}`,
          [
            `out ${value('out')} src ${value('src')} ${rule.target} to ${to} ports ${ports} random ${random.replace('--', '')}`,
            `leaving ${special || hairpin ? 'no' : 'yes'} by ${ruleName(rule)}`,
          ].join(' '),
        )
      }
    }
  }
}

interface VerdictQuestion {
  readonly family?: 'ip' | 'ip6' | 'bridge' | undefined
  readonly hook: string
  readonly nat?: boolean | undefined
  readonly by?: 'iptables' | 'nft' | undefined
}

interface Network {
  readonly prefix: string
  readonly device: string
}

/** The device whose network an address is of: that of the longest prefix. */
function deviceOf(address: string, networks: readonly Network[]): string | undefined {
  let [best, length] = [undefined as string | undefined, -1]
  for (const { prefix, device } of networks) {
    const bits = Number(prefix.split('/')[1])
    if (bits > length && contains(prefix, address)) [best, length] = [device, bits]
  }
  return best
}

/** What facts are kept by. */
export function firstWord(name: string): string {
  return name.slice(0, name.indexOf(' ') < 0 ? name.length : name.indexOf(' '))
}
