/**
 * Trying a finding: the scenario's topology in the lab's own world, with this machine's rules and settings in place of the document's, in the
 * topology's words; and the scenario's probes there.
 */
import { parseAddress, parsePrefix } from '../base/addresses.js'
import { TopologyInstance } from '../engine/topology-instance.js'
import type { Finding } from '../model/audit.js'
import type { Scenario } from '../model/scenario.js'
import type { Step } from '../model/steps.js'
import type { Toggle, ToggleContext } from '../model/toggle.js'
import type { Topology } from '../model/topology.js'
import { type PlanOptions, planScenario } from '../plan/plan.js'
import { probeOf } from '../probes/index.js'
import { DEVICE_SYSCTLS, type Facts } from './facts.js'
import { contains, type Rule, ruleName } from './rules.js'
import { tablesOf } from './tables.js'

/** What of a machine goes into the topology, in the topology's words. */
export interface Recipe {
  readonly scenario: string
  readonly finding: Finding
  readonly topology: Topology
  /** What of the machine does not go into it. */
  readonly left: readonly string[]
}

/** What came of one probe there. */
export interface RebuiltProbe {
  readonly probe: string
  readonly control: boolean
  readonly outcome: 'works' | 'fails' | 'not-triggered'
  /** What the audit expected; nothing of a control but that it works. */
  readonly expected: 'works' | 'fails'
  readonly says: string
}

/** Sysctls of a namespace that decide about packets. */
const GLOBAL = [
  'net.ipv4.ip_forward',
  'net.bridge.bridge-nf-call-iptables',
  'net.bridge.bridge-nf-call-ip6tables',
  'net.ipv4.fib_multipath_hash_policy',
  'net.netfilter.nf_conntrack_tcp_be_liberal',
  'net.netfilter.nf_conntrack_tcp_loose',
]
const SETS = { iptables: 'iptables', ip6tables: 'ip6tables' } as const
const USUAL_MTU = 1500

/** Writes down what of a machine goes into a scenario's topology. */
export function recipeOf(scenario: Scenario, finding: Finding, facts: Facts): Recipe {
  const node = scenario.audit?.node ?? ''
  const [names = {}] = finding.places
  const words = new Words(scenario, node, names, facts)
  const left: string[] = []
  const own = scenario.topology.nodes[node]
  const rules = Object.fromEntries(
    Object.entries(SETS).flatMap(([field, set]) => {
      const tables = tablesOf(facts, set, rule => words.rule(rule, portsOf(scenario, node, finding, rule)))
      return Object.keys(tables).length > 0 ? [[field, tables]] : []
    }),
  )
  for (const set of new Set([...facts.sets.values()].map(chain => chain.set)))
    if (!Object.values(SETS).some(known => known === set)) left.push(`rules of ${set}`)
  for (const device of words.unknown()) left.push(`rules about ${device}, which has no place in the topology`)
  const links = scenario.topology.links.map(([a, b]) => [words.end(a), words.end(b)] as const)
  return {
    scenario: scenario.id,
    finding,
    topology: {
      ...scenario.topology,
      links,
      nodes: {
        ...scenario.topology.nodes,
        ...(own ? { [node]: { ...own, ...rules, sysctls: { ...own.sysctls, ...words.sysctls() } } } : {}),
      },
    },
    left,
  }
}

/** The ports that the probes use in place of those of the machine's own DNAT rule; none for other rules. */
function portsOf(
  { topology }: Scenario,
  node: string,
  { objects }: Finding,
  rule: Rule,
): { readonly dport?: string; readonly to?: string } {
  const isIt = objects.some(text => text.startsWith('dnat ') && text.endsWith(` by ${ruleName(rule)}`))
  if (!isIt) return {}
  const document = Object.values(topology.nodes[node]?.iptables ?? {})
    .flat()
    .find(line => line.includes('-j DNAT'))
  const dport = /--dport (\S+)/.exec(document ?? '')?.[1]
  const to = /--to-destination \S+?:(\d+)/.exec(document ?? '')?.[1] ?? dport
  return { ...(dport === undefined ? {} : { dport }), ...(to === undefined ? {} : { to }) }
}

/** Puts a machine's words into those of a topology. */
class Words {
  readonly #devices: ReadonlyMap<string, string>
  /** What the node's devices are called in the topology. */
  readonly #own: ReadonlySet<string>
  readonly #addresses = new Map<string, string>()
  readonly #networks: { readonly from: string; readonly to: string }[] = []

  constructor(
    { topology }: Scenario,
    private readonly node: string,
    private readonly names: Readonly<Record<string, string>>,
    private readonly facts: Facts,
  ) {
    const documents = topology.nodes[node]?.addresses ?? {}
    this.#own = new Set([
      'lo',
      ...topology.links.flat().flatMap(end => (end.node === node ? [end.device] : [])),
      ...Object.keys(documents),
    ])
    this.#devices = new Map(Object.entries(names).map(([document, machine]) => [machine, document]))
    for (const [document, machine] of Object.entries(names))
      if (parseAddress(document)) this.#addresses.set(machine, document)
    const machines = facts.beginningWith('address').flatMap(([name]) => {
      const [, address = '', device = ''] = /^address (\S+) dev (\S+)$/.exec(name) ?? []
      return [{ address, device }]
    })
    const unbound = Object.keys(documents).filter(device => device !== 'lo' && !Object.hasOwn(names, device))
    for (const { address, device } of machines) {
      const document =
        this.#devices.get(device) ??
        (unbound.includes(device) ? device : device !== 'lo' && unbound.length === 1 ? unbound[0] : undefined)
      const [own] = (document === undefined ? undefined : documents[document])?.filter(
        text => text.includes(':') === address.includes(':'),
      ) ?? ['']
      const to = own?.split(' ')[0] ?? ''
      if (to === '') continue
      const bare = address.split('/')[0] ?? ''
      if (!this.#addresses.has(bare)) this.#addresses.set(bare, to.split('/')[0] ?? '')
      this.#networks.push({ from: networkOf(address), to: networkOf(to) })
    }
  }

  /** Devices of rules that the topology has no name for. */
  unknown(): string[] {
    const rules = [...this.facts.sets.values()].flatMap(chain => chain.rules)
    const named = rules.flatMap(({ matches }) =>
      [matches.get('in'), matches.get('out')].flatMap(match => match?.values ?? []),
    )
    return [...new Set(named)].filter(name => !this.#devices.has(name) && !this.#own.has(name))
  }

  /** A rule in the topology's words. */
  rule({ text }: Rule, { dport, to }: { readonly dport?: string; readonly to?: string }): string {
    const words = [...text.matchAll(/"(?:\\.|[^"\\])*"|\S+/g)].map(([word]) => word)
    return words
      .map((word, at) => {
        const before = words[at - 1] ?? ''
        if (before === '--dport' && dport !== undefined) return dport
        const written = this.#word(word)
        return before === '--to-destination' && to !== undefined && /:\d+$/.test(written)
          ? written.replace(/:\d+$/, `:${to}`)
          : written
      })
      .join(' ')
  }

  /** One end of a link, with the MTU that the machine's device has. */
  end(end: Topology['links'][number][number]): Topology['links'][number][number] {
    const machine = end.node === this.node ? this.names[end.device] : undefined
    const mtu = machine === undefined ? undefined : Number(this.facts.get(`link ${machine} mtu`))
    return mtu === undefined || Number.isNaN(mtu) || mtu === USUAL_MTU || mtu > 65_535 ? end : { ...end, mtu }
  }

  /** What the machine has of the sysctls that matter, for the devices of the topology. */
  sysctls(): Record<string, string> {
    const found: Record<string, string> = {}
    const take = (key: string, machine: string) => {
      const value = this.facts.get(`sysctl ${machine}`)
      if (value !== undefined) found[key] = value
    }
    for (const key of GLOBAL) take(key, key)
    for (const [machine, document] of [['all', 'all'], ...this.#devices] as const)
      if (document === 'all' || !parseAddress(document))
        for (const key of DEVICE_SYSCTLS)
          take(`net.ipv4.conf.${document}.${key}`, `net/ipv4/conf/${machine}/${key}`)
    return found
  }

  #word(word: string): string {
    const device = this.#devices.get(word)
    if (device !== undefined) return device
    const [, address = word, rest = ''] =
      /^([0-9.]+|[0-9a-f:]*:[0-9a-f:.]*)((?:\/|:\d|-).*)?$/.exec(word) ?? []
    const prefix = parsePrefix(word)
    const network = prefix && this.#networks.find(({ from }) => from === word)
    if (network) return network.to
    const exact = this.#addresses.get(address)
    if (exact !== undefined) return exact + rest
    if (!parseAddress(address)) return word
    // Another host of a network that both have, where they are of one length.
    const same = this.#networks.find(
      ({ from, to }) => from.split('/')[1] === to.split('/')[1] && contains(from, address),
    )
    return same && address.includes('.') ? hostIn(address, same.to) + rest : word
  }
}

/** The network of an address with its length: `10.0.3.0/24`. */
function networkOf(text: string): string {
  const prefix = parsePrefix(text)
  if (!prefix) return text
  const bytes = prefix.address
    .toByteArray()
    .map((byte, at) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix.length - 8 * at))) & 255)
  return prefix.address.kind() === 'ipv4' ? `${bytes.join('.')}/${prefix.length}` : text
}

/** The same host in another IPv4 network. */
function hostIn(address: string, network: string): string {
  const [base = '', length = '0'] = network.split('/')
  const [host, own] = [address, base].map(text => text.split('.').map(Number))
  return (own ?? [])
    .map((byte, at) => {
      const mask = (0xff00 >> Math.min(8, Math.max(0, Number(length) - 8 * at))) & 255
      return (byte & mask) | ((host?.[at] ?? 0) & ~mask & 255)
    })
    .join('.')
}

/**
 * Whether a toggle's setting is in the machine's rules, which were taken over. What else is a toggle's is set as it was read: a time-out of
 * hours as the seconds that the probes have for it.
 */
function isTakenOver(toggle: Toggle, node: string, context: ToggleContext): boolean {
  if (!toggle.nodes.includes(node)) return toggle.nodes.length === 0
  return toggle.settings.some(setting =>
    toggle.claims(setting, context).some(claim => claim.node === node && !('what' in claim)),
  )
}

/**
 * Builds it and runs the probes: the controls, then those that the audit speaks of. Inside a world. Throws LabError where it cannot be built:
 * the machine's rules may need what the lab has not.
 */
export async function rebuild(
  scenario: Scenario,
  { finding, topology }: Recipe,
  options: Omit<PlanOptions, 'instance'>,
  slowness: number,
): Promise<RebuiltProbe[]> {
  const node = scenario.audit?.node ?? ''
  const asked = [...finding.fails, ...finding.held].map(({ probe }) => probe)
  const changed: Scenario = {
    ...scenario,
    topology,
    experiments: [{ title: 'this machine', given: finding.settings, fixes: [], probes: asked }],
  }
  const [plan] = planScenario(changed, { ...options, instance: '' })
  if (!plan) return []
  const instance = new TopologyInstance(
    plan,
    () => slowness,
    () => {},
  )
  const context: ToggleContext = {
    iptables: plan.commands,
    mac: (of, device) => plan.macs[`${of}:${device}`] ?? '',
    folder: plan.folder,
    settings: finding.settings,
  }
  const toggles = Object.entries(scenario.toggles).filter(([, toggle]) => !isTakenOver(toggle, node, context))
  const steps = (make: (toggle: Toggle, setting: string) => Step[]) =>
    toggles.flatMap(([id, toggle]) => make(toggle, finding.settings[id] ?? toggle.settings[0]))
  try {
    await instance.build()
    await instance.performAll(steps((toggle, setting) => toggle.change(setting, undefined, context)))
    await instance.performAll(steps((toggle, setting) => toggle.again?.(setting, context) ?? []))
    const done: RebuiltProbe[] = []
    for (const phase of plan.phases.slice(0, 2))
      for (const trial of phase.trials) {
        await instance.performAll(trial.prepare)
        const { outcome, says } = await probeOf(trial.spec).run({
          ...instance.probeContext,
          deadlineMs: DEADLINE_MS * slowness,
          lost: new AbortController().signal,
        })
        const control = phase.phase === 'control'
        const expected = finding.fails.some(({ probe }) => !control && probe === trial.probe)
          ? 'fails'
          : 'works'
        done.push({ probe: trial.probe, control, outcome, expected, says })
      }
    return done
  } finally {
    await instance.destroy()
  }
}

/** As a run has it. */
const DEADLINE_MS = 1500
