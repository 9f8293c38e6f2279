/**
 * Proves that a phase is what it claims to be: every toggle's setting is what the kernel says, nothing else differs from the
 * phase before, and nothing changes while a probe runs.
 */
import { LabError } from '../base/errors.js'
import type { Claim, Configuration, ConfigurationChange, Policy } from '../model/configuration.js'
import type { CountedRule } from '../model/evidence.js'
import {
  type ExperimentPlan,
  type IptablesBackend,
  otherBackend,
  type PhasePlan,
  type ToggleClaim,
} from '../model/plan.js'
import type { RuleCount } from '../model/rule-count.js'
import { type RuleSet, rulePrograms, type Step } from '../model/steps.js'
import { partsOf } from '../model/topology.js'
import { type Nodes, NodesAside } from '../state/aside.js'
import { diffConfigurations } from '../state/diff.js'
import { RuleCounters } from '../state/rule-counters.js'
import type { Netns } from '../world/netns.js'
import { type ListedChain, type WrongRule, wrongRule } from './as-built.js'
import { wronglyLoaded } from './as-loaded.js'
import { asBridgeRule, bridgeRules, isBridgeRules } from './bridge-rules.js'
import { asListed, familyOf, RuleBook, rulesIn, setOf } from './rule-book.js'

const LO_INDEX = 1

/** What rules read like; the same rule reads the same in every namespace. */
const book = new RuleBook()

/** Watches over the configuration of one topology. Close it when done. */
export class ConfigurationWatch {
  readonly #nodes: NodesAside
  readonly #counters = new Map<string, RuleCounters>()
  #built: Nodes | undefined
  #base: Nodes | undefined
  #now: Nodes | undefined
  #before: PhasePlan | undefined
  #setBy: readonly string[] = []
  /** What the rules of a node were last found to be as they should. */
  readonly #right = new Map<string, { readonly configuration: Configuration; readonly asked: string }>()
  /** What the fix that is set claims, and the phase before did not. */
  #claimed: ReadonlySet<string> = new Set()

  /** `list` runs a program in a node and resolves with what it prints. Throws SystemError. */
  constructor(
    private readonly plan: ExperimentPlan,
    private readonly netns: (node: string) => Netns,
    private readonly list: (node: string, argv: readonly string[]) => Promise<string>,
  ) {
    const devices = Object.entries(plan.indexes).map(([place, index]) => ({ ...partsOf(place), index }))
    this.#nodes = new NodesAside(
      Object.entries(plan.netns).map(([node, name]) => {
        const own = devices.flatMap(({ node: of, device, index }) =>
          of === node ? [[index, device] as const] : [],
        )
        const tried = triedSysctls(plan, node)
        return {
          node,
          netns: name,
          devices: [[LO_INDEX, 'lo'], ...own],
          own: tried,
          built: builtSysctls(plan, node),
        }
      }),
    )
  }

  /** Takes up the topology as it was built, before any toggle is set. Throws LabError when its rules are not those that it was loaded with. */
  async begin(): Promise<void> {
    const nodes = await this.#lookAround()
    this.#built = nodes
    const fault = this.#wrongRule([], nodes)
    if (fault) {
      const { restore } = rulePrograms(this.plan.commands, fault.set)
      throw new LabError(fault.says, `${restore} did something else than it was told`)
    }
    for (const [node, configuration] of nodes) {
      const wrong = wronglyLoaded(node, this.plan, configuration)
      if (wrong)
        throw new LabError(wrong, 'the program did something else than it was told, or the kernel did')
    }
  }

  /**
   * Takes up a phase whose toggles have just been set: what it changed. Throws LabError when a setting is not what the kernel
   * says, when something else has changed as well, or when a phase that takes a fix back is not what it was before.
   */
  async enter(phase: PhasePlan): Promise<ConfigurationChange[]> {
    if (phase.change.length > 0) this.#setBy = programsOf(phase)
    const nodes = await this.#lookAround()
    this.#now = nodes
    if (phase.phase === 'persisted') return this.#enterPersisted(phase, nodes)
    this.#check(phase, nodes)
    this.#checkFirst(phase, nodes)
    const base = this.#base ?? nodes
    this.#base = base
    const changes = changesBetween(base, nodes)
    const before = this.#before ?? phase
    this.#before = phase
    const { iptables } = this.plan
    this.#claimed = new Set([...claimedBy(iptables, phase, before), ...claimedBy(iptables, before, phase)])
    const unclaimed = changes.filter(
      ({ node, what }) => phase.phase !== 'fixed' || !isClaimed(node, what, this.#claimed),
    )
    const [first] = unclaimed
    if (first)
      throw new LabError(
        `${describeSet(phase)}${phase.phase === 'fixed' ? 'something else changed, too' : 'the configuration is not what it was before'}: ${describe(first, iptables)}`,
        blame(phase),
      )
    return changes.flatMap(change => readable(change, iptables))
  }

  /**
   * Takes up a phase whose rules were saved and loaded. What became of them is what is tried: the rules of these nodes may be any,
   * and in words that iptables-save does not have. Throws LabError where anything else has changed.
   */
  #enterPersisted(phase: PhasePlan, nodes: Nodes): [] {
    const reloaded = new Set(phase.change.flatMap(step => (step.do === 'persist' ? [step.node] : [])))
    const [first] = changesBetween(this.#base ?? nodes, nodes).filter(
      ({ node, what }) => !(reloaded.has(node) && isOfRules(what)) && !isClaimed(node, what, this.#claimed),
    )
    if (first)
      throw new LabError(
        `rules were saved and loaded by ${phase.persisted}, and something else changed, too: ${describe(first, this.plan.iptables)}`,
        blame(phase),
      )
    return []
  }

  /**
   * What changed since the phase was taken up, or since the last look. What was built, and is not to change, is looked at where there is
   * no phase to come that does. Throws LabError.
   */
  async changes(isLast: boolean): Promise<ConfigurationChange[]> {
    const before = this.#now
    const now = await this.#nodes.read(isLast)
    this.#now = now
    if (!before) return []
    return changesBetween(before, now).flatMap(change => readable(change, this.plan.iptables))
  }

  /** What the rules and policies of a node have counted until now, as the kernel has them. Throws SystemError. */
  chainCounts(node: string): RuleCount[] {
    const counters = this.#counters.get(node) ?? new RuleCounters(this.netns(node))
    this.#counters.set(node, counters)
    return counters.read()
  }

  /** What the rules and policies of a node have counted until now, in the words of iptables-save. Throws LabError. */
  async counts(node: string): Promise<CountedRule[]> {
    const counts = this.chainCounts(node).flatMap(count => {
      const [, , table = '', chain = ''] = count.chain.split(' ')
      const set = setOf(count.chain, this.plan.iptables)
      return set ? [{ ...count, set, table, chain }] : []
    })
    if (counts.some(count => 'rule' in count && !book.knows(count.rule)))
      await this.#learn(node, (await this.#nodes.read(false)).get(node) ?? new Map())
    return counts.map(({ set, table, chain, packets, ...of }) => ({
      set,
      table,
      words: 'rule' in of ? `-A ${chain} ${book.words(of.rule)}` : `:${chain} ${of.policy.toUpperCase()}`,
      packets,
    }))
  }

  /** Programs that were the last to be told to configure anything. */
  get setBy(): readonly string[] {
    return this.#setBy
  }

  close(): void {
    this.#nodes.close()
    for (const counters of this.#counters.values()) counters.close()
  }

  /** Everything that is configured now, with the words of its rules. */
  async #lookAround(): Promise<Nodes> {
    const nodes = await this.#nodes.read(true)
    for (const [node, configuration] of nodes) await this.#learn(node, configuration)
    return nodes
  }

  #learn(node: string, configuration: Configuration): Promise<void> {
    const { iptables, commands } = this.plan
    return book.learn(configuration, iptables, commands, argv => this.list(node, argv))
  }

  /** Throws LabError when the toggles that are set first have changed something that none of them claims. */
  #checkFirst(phase: PhasePlan, nodes: Nodes): void {
    if (this.#base || !this.#built) return
    const claimed = new Set(claimedBy(this.plan.iptables, phase))
    const [first] = changesBetween(this.#built, nodes).filter(
      change => !isClaimed(change.node, change.what, claimed) && !isNewChain(change, claimed),
    )
    if (first)
      throw new LabError(
        `something else than the toggles was set: ${describe(first, this.plan.iptables)}`,
        blame(phase),
      )
  }

  /** Throws LabError for the first claim that the kernel does not bear out. */
  #check(phase: PhasePlan, nodes: Nodes): void {
    for (const { toggle, setting, claim } of phase.claims) {
      const wrong = this.#contradiction(claim, nodes.get(claim.node) ?? new Map(), phase.claims)
      if (wrong !== undefined)
        throw new LabError(
          `${describeSet(phase)}${toggle} is not ${setting}: in node ${claim.node} ${wrong}`,
          blame(phase),
        )
    }
    const fault = this.#wrongRule(phase.claims, nodes)
    if (fault) throw new LabError(`${describeSet(phase)}${fault.says}`, blame(phase))
  }

  #wrongRule(claims: readonly ToggleClaim[], nodes: Nodes): WrongRule | undefined {
    for (const [node, configuration] of nodes) {
      const asked = JSON.stringify(claims.filter(({ claim }) => claim.node === node))
      const right = this.#right.get(node)
      if (right?.configuration === configuration && right.asked === asked) continue
      const fault = wrongRule(node, this.plan, claims, (set, table, chain) =>
        this.#chain(configuration, set, table, chain),
      )
      if (fault) return fault
      this.#right.set(node, { configuration, asked })
    }
    return undefined
  }

  #contradiction(
    claim: Claim,
    configuration: Configuration,
    all: readonly ToggleClaim[],
  ): string | undefined {
    if ('what' in claim) {
      const is = configuration.get(claim.what) ?? null
      return is === claim.value
        ? undefined
        : `the kernel says ${claim.what} ${is ?? 'is not there'}, not ${claim.value ?? 'that it is not there'}`
    }
    if ('nftTable' in claim) {
      const own = [...configuration].filter(([what]) => what.startsWith(`rules ${claim.nftTable} `))
      const there = own.reduce((sum, [, rules]) => sum + rulesIn(rules).length, 0)
      if (there !== claim.rules)
        return `table ${claim.nftTable} of nftables has ${there} rules, not ${claim.rules}`
      const wrong = Object.entries(claim.hooks ?? {}).find(
        ([chain, hook]) => !configuration.get(`chain ${claim.nftTable} ${chain}`)?.endsWith(` ${hook}`),
      )
      return wrong && `chain ${claim.nftTable} ${wrong[0]} of nftables does not hook on to ${wrong[1]}`
    }
    if ('bridgeRules' in claim) return bridgeContradiction(claim, configuration, all)
    if ('policy' in claim) {
      const { policy } = this.#chain(configuration, claim.set, claim.table, claim.chain)
      return policy === claim.policy
        ? undefined
        : `the policy of ${claim.table} ${claim.chain} is ${policy ?? 'not there'}, not ${claim.policy}`
    }
    return this.#ruleContradiction(claim, configuration)
  }

  #ruleContradiction(
    { set, table, chain, rule }: Extract<Claim, { readonly rule: object }>,
    configuration: Configuration,
  ): string | undefined {
    const { rules: listed } = this.#chain(configuration, set, table, chain)
    if ('words' in rule) {
      const wanted = asListed(rule.words)
      const is = listed[rule.position - 1]
      if (is === wanted) return undefined
      return `rule ${rule.position} of ${table} ${chain} is ${is === undefined ? 'not there' : `'${is}'`}, not '${wanted}'`
    }
    const left = listed.find(words => rule.not.some(other => asListed(other) === words))
    return left === undefined ? undefined : `${table} ${chain} still has '${left}'`
  }

  /** A chain with its rules in words. */
  #chain(configuration: Configuration, set: RuleSet = 'iptables', table: string, chain: string): ListedChain {
    const name = `${familyOf(set, this.plan.iptables)} ${table} ${chain}`
    const rules = rulesIn(configuration.get(`rules ${name}`)).map(text => book.words(text))
    const policy = policyIn(configuration.get(`chain ${name}`))
    return { rules, ...(policy ? { policy } : {}) }
  }
}

/** Several toggles may claim rules of one node's bridges: there must be those of all of them, and no others. */
function bridgeContradiction(
  { node }: Claim,
  configuration: Configuration,
  all: readonly ToggleClaim[],
): string | undefined {
  const wanted = all
    .flatMap(({ claim }) => (claim.node === node && 'bridgeRules' in claim ? claim.bridgeRules : []))
    .map(asBridgeRule)
    .sort()
  const is = bridgeRules(configuration, rule => book.find(rule))
  // What cannot be followed is there, at least, where something should be.
  if (is ? is.join() === wanted.join() : wanted.length > 0) return undefined
  return `the rules for bridged frames are ${listed(is)}, not ${listed(wanted)}`
}

function listed(rules: readonly string[] | undefined): string {
  if (!rules) return 'none that can be read'
  return rules.length === 0 ? 'none' : rules.map(rule => `'${rule}'`).join(', ')
}

/** Sysctls that a plan writes in a node after it is built, or claims. */
function triedSysctls({ phases }: ExperimentPlan, node: string): string[] {
  const claimed = phases.flatMap(({ claims }) =>
    claims.flatMap(({ claim }) =>
      claim.node === node && 'what' in claim && claim.what.startsWith('sysctl ')
        ? [claim.what.slice('sysctl '.length)]
        : [],
    ),
  )
  const written = phases.flatMap(({ change }) => writtenBy(change, node))
  return [...new Set([...written, ...claimed])]
}

/** Sysctls that a plan writes in a node to build it. */
function builtSysctls({ build }: ExperimentPlan, node: string): string[] {
  return [...new Set(writtenBy(build.flat(), node))]
}

function writtenBy(steps: readonly Step[], node: string): string[] {
  return steps.flatMap(step => (step.do === 'sysctls' && step.node === node ? Object.keys(step.values) : []))
}

function changesBetween(before: Nodes, after: Nodes): ConfigurationChange[] {
  return [...after].flatMap(([node, configuration]) =>
    before.get(node) === configuration
      ? []
      : diffConfigurations(node, before.get(node) ?? new Map(), configuration),
  )
}

/** What the claims of a phase are about that another one does not make alike: `node what`. */
function claimedBy(backend: IptablesBackend, { claims }: PhasePlan, other?: PhasePlan): string[] {
  const same = new Set(other?.claims.map(({ claim }) => JSON.stringify(claim)))
  return claims.flatMap(({ claim }) => {
    if (same.has(JSON.stringify(claim))) return []
    if ('what' in claim) return [`${claim.node} ${claim.what}`]
    if ('nftTable' in claim) return [`${claim.node} nft ${claim.nftTable}`]
    if ('bridgeRules' in claim) return [`${claim.node} rules bridge`]
    const { node, set = 'iptables', table, chain } = claim
    return [`${node} ${'policy' in claim ? 'chain' : 'rules'} ${familyOf(set, backend)} ${table} ${chain}`]
  })
}

function isClaimed(node: string, what: string, claimed: ReadonlySet<string>): boolean {
  if (isBridgeRules(what)) return claimed.has(`${node} rules bridge`)
  const [word, family, table] = what.split(' ')
  if (claimed.has(`${node} nft ${family} ${table}`)) return true
  if (word === 'sysctl' && setTogether(family ?? '').some(key => claimed.has(`${node} sysctl ${key}`)))
    return true
  return claimed.has(`${node} ${what}`)
}

/**
 * Sysctls that set this one, too: the forwarding of all devices sets that of each, and of those to come (inet_forward_change(),
 * addrconf_fixup_forwarding()); that of IPv4 has two names.
 */
function setTogether(key: string): string[] {
  const [, family] = /^net\.(ipv4|ipv6)\.conf\.[^ ]+\.forwarding$/.exec(key) ?? []
  if (family === undefined && key !== 'net.ipv4.ip_forward') return []
  const all = `net.${family ?? 'ipv4'}.conf.all.forwarding`
  return family === 'ipv6' ? [all] : [all, 'net.ipv4.ip_forward']
}

/** A built-in chain that lets everything pass, and that iptables-nft made for the first rule of its table. */
function isNewChain(
  { node, what, before, after = '' }: ConfigurationChange,
  claimed: ReadonlySet<string>,
): boolean {
  const [word, family, table] = what.split(' ')
  return (
    word === 'chain' &&
    (family === 'ip' || family === 'ip6') &&
    before === undefined &&
    after.startsWith('accept ') &&
    [...claimed].some(claim => claim.startsWith(`${node} rules ${family} ${table} `))
  )
}

/** The policy of a chain as a configuration has it. */
function policyIn(value: string | undefined): Policy | undefined {
  const [, policy] = /^(accept|drop) /.exec(value ?? '') ?? []
  return policy === undefined ? undefined : policy === 'drop' ? 'DROP' : 'ACCEPT'
}

/** Chains, rules and sets, whoever made them. */
function isOfRules(what: string): boolean {
  return /^(rules|chain|set) /.test(what)
}

const KEEPERS: Readonly<Record<RuleSet, (backend: IptablesBackend) => string>> = {
  iptables: () => '',
  ip6tables: () => 'ip6tables ',
  otherIptables: backend => `iptables-${otherBackend(backend)} `,
}

/** A change as people read it: rules by their words, one at a time, and policies by theirs. */
function readable(change: ConfigurationChange, backend: IptablesBackend): ConfigurationChange[] {
  const [word, family = '', ...chain] = change.what.split(' ')
  // Part of a rule, whose words have what is in it.
  if (word === 'set' && /^__(set|map)\d+$/.test(chain[1] ?? '')) return []
  const set = setOf(change.what, backend)
  const name = `${set ? KEEPERS[set](backend) : `${family} `}${chain.join(' ')}`
  const policies = [policyIn(change.before), policyIn(change.after)] as const
  if (word === 'chain' && policies[0] && policies[1] && policies[0] !== policies[1])
    return [{ node: change.node, what: `policy of ${name}`, before: policies[0], after: policies[1] }]
  if (word !== 'rules') return [change]
  const [before, after] = [rulesIn(change.before), rulesIn(change.after)]
  let first = 0
  while (first < before.length && first < after.length && before[first] === after[first]) first++
  let last = 0
  while (
    last < before.length - first &&
    last < after.length - first &&
    before.at(-1 - last) === after.at(-1 - last)
  )
    last++
  const olds = before.slice(first, before.length - last)
  const news = after.slice(first, after.length - last)
  return Array.from({ length: Math.max(olds.length, news.length) }, (_, at) => {
    const [old, fresh] = [olds[at], news[at]]
    return {
      node: change.node,
      what: `rule ${first + at + 1} of ${name}`,
      ...(old === undefined ? {} : { before: book.words(old) }),
      ...(fresh === undefined ? {} : { after: book.words(fresh) }),
    }
  })
}

/** A change in a line: `vm link eth0 mtu was 1500 and is 1400`. */
export function describeChange({ node, what, before, after }: ConfigurationChange): string {
  const was = before === undefined ? 'was not there' : `was '${before}'`
  const is = after === undefined ? 'is gone' : `is '${after}'`
  return `${node}: ${what} ${was} and ${is}`
}

function describe(change: ConfigurationChange, backend: IptablesBackend): string {
  const [first = change] = readable(change, backend)
  return describeChange(first)
}

/** What was done last, as the beginning of a sentence: `isolated=on was set without complaint, and …`. */
function describeSet({ phase, fix = {} }: PhasePlan): string {
  const settings = Object.entries(fix).map(([toggle, setting]) => `${toggle}=${setting}`)
  if (settings.length === 0) return ''
  return `${settings.join(', ')} was ${phase === 'fixed' ? 'set' : 'taken back'} without complaint, and `
}

/** Whom to look at: the programs that brought this phase about. */
function blame(phase: PhasePlan): string {
  const names = programsOf(phase).join(', ')
  return `${names || 'what built the topology'} did something else than it was told, or the kernel did: it was asked by netlink, /proc/sys, iptables-save and nft`
}

/** The programs outside the lab that bring a phase about, each once. */
function programsOf({ change }: PhasePlan): string[] {
  const programs = change.flatMap(step =>
    step.do === 'persist'
      ? [step.by]
      : step.do === 'run'
        ? [step.argv[0] ?? '']
        : step.do === 'sysctls' && step.by === 'tool'
          ? ['sysctl']
          : [],
  )
  return [...new Set(programs)]
}
