/** What a scenario means for a machine: its shape, the settings of its toggles as they are there, and what its own expectations make of them. */
import { parseAddress } from '../base/addresses.js'
import { quote } from '../base/shell-words.js'
import { type Audit, type Finding, type Holder, NOTHING_FOUND, type Repair } from '../model/audit.js'
import { type KernelChange, releasesOf } from '../model/change.js'
import type { Expectation, Scenario, Settings } from '../model/scenario.js'
import { PLAIN_IPTABLES } from '../model/steps.js'
import type { Toggle, ToggleContext } from '../model/toggle.js'
import { type Circumstances, defaultSettings, findExpectation, kernelChanges } from '../plan/expectations.js'
import { ordinaryProbes } from '../plan/plan.js'
import type { Facts } from './facts.js'
import { type Binding, find } from './shape.js'

/** What a toggle depends on besides its setting; no claim that is read here does. */
const ANY_MACHINE = { iptables: PLAIN_IPTABLES, mac: () => '', folder: '' }

/** A toggle as it is on a machine. */
interface Reading {
  readonly setting: string
  /** Facts that say so. */
  readonly facts: readonly string[]
  /** Why that is not known. */
  readonly unseen?: string
}

/** What an audit of one namespace comes to for one scenario: what is exposed first. Nothing for a scenario that does not say what it is like. */
export function judge(scenario: Scenario, facts: Facts, circumstances: Circumstances): Finding[] {
  const { audit } = scenario
  if (!audit) return []
  const common = { scenario: scenario.id, title: scenario.title, netns: facts.netns }
  const found = find(audit.shape, facts)
  if ('missing' in found) {
    const unread = found.unread === undefined ? undefined : facts.unread.get(found.unread)
    const missing = unread
      ? `${found.missing}: ${unread.what} could not be read: ${unread.why}`
      : found.missing
    return [{ ...common, ...NOTHING_FOUND, finding: unread ? 'cannot tell' : 'not concerned', missing }]
  }
  const judged = found.bindings.map(binding => judgeOne(scenario, audit, facts, circumstances, binding))
  const grouped = new Map<string, Omit<Finding, keyof typeof common>>()
  for (const one of judged) {
    const key = JSON.stringify([one.finding, one.fails, one.held, one.holders.map(({ by }) => by)])
    const before = grouped.get(key)
    grouped.set(
      key,
      before
        ? {
            ...before,
            places: [...before.places, ...one.places],
            objects: [...new Set([...before.objects, ...one.objects])],
          }
        : one,
    )
  }
  const order = (finding: Finding['finding']) => ['exposed', 'relies on'].indexOf(finding) >>> 0
  const all = [...grouped.values()].sort((a, b) => order(a.finding) - order(b.finding))
  // What is found somewhere is no news elsewhere.
  const told = all.some(({ finding }) => order(finding) < 2)
    ? all.filter(({ finding }) => order(finding) < 2)
    : all.slice(0, 1)
  return told.map(one => ({ ...common, ...one }))
}

function judgeOne(
  scenario: Scenario,
  audit: Audit,
  facts: Facts,
  circumstances: Circumstances,
  binding: Binding,
): Omit<Finding, 'scenario' | 'title' | 'netns'> {
  const readings = Object.fromEntries(
    Object.entries(scenario.toggles).map(([id, toggle]) => [
      id,
      readToggle(scenario, audit, id, toggle, facts, binding),
    ]),
  )
  const settings = Object.fromEntries(Object.entries(readings).map(([id, { setting }]) => [id, setting]))
  const expect = (probe: string, under: Settings) => findExpectation(scenario, probe, under, circumstances)
  const fails: { probe: string; why: string }[] = []
  const held: { probe: string; why: string }[] = []
  const holders = new Map<string, Holder>()
  for (const probe of symptoms(scenario, audit)) {
    const now = expect(probe, settings)
    if (now?.outcome === 'fails') fails.push({ probe, why: now.why })
    if (now?.outcome !== 'works') continue
    const by = holdersOf(scenario, readings, circumstances.has, (under, has = circumstances.has) =>
      findExpectation(scenario, probe, under, { ...circumstances, has }),
    )
    if (by.length > 0) held.push({ probe, why: now.why })
    for (const holder of by) holders.set(holder.by, holder)
  }
  const names = topologyNames(scenario, binding)
  const conditions = [
    ...(audit.if ?? []),
    ...Object.entries(readings).flatMap(([id, { unseen }]) =>
      unseen !== undefined && matters(scenario, id, settings, [...fails, ...held], expect)
        ? [`${id} is ${settings[id]}: ${unseen}`]
        : [],
    ),
  ]
  return {
    finding: fails.length > 0 ? 'exposed' : held.length > 0 ? 'relies on' : 'not concerned',
    objects: [...new Set(binding.facts)],
    places: [names],
    settings,
    fails,
    held,
    holders: [...holders.values()],
    repairs: repairsOf(scenario, audit, settings, fails, names, expect),
    conditions,
    ...(fails.length + held.length === 0 ? { missing: 'nothing of it fails with these settings' } : {}),
  }
}

/** Probes whose failure counts: those that fail under some settings and work under others. */
export function symptoms(scenario: Scenario, audit: Audit): readonly string[] {
  if (audit.probes) return audit.probes
  return ordinaryProbes(scenario).filter(probe => {
    const outcomes = new Set((scenario.expect[probe] ?? []).map(({ outcome }) => outcome))
    return !scenario.controls.includes(probe) && outcomes.size > 1
  })
}

/** What holds a probe: the toggles without which it would fail, or the kernel; nothing where it would not fail anyhow. */
function holdersOf(
  scenario: Scenario,
  readings: Readonly<Record<string, Reading>>,
  has: (change: KernelChange) => boolean,
  expect: (under: Settings, has?: (change: KernelChange) => boolean) => Expectation | undefined,
): Holder[] {
  const first = defaultSettings(scenario)
  const settings = Object.fromEntries(Object.entries(readings).map(([id, { setting }]) => [id, setting]))
  const other = Object.entries(readings).filter(([id, { setting }]) => setting !== first[id])
  const holder = ([id, { setting, facts }]: [string, Reading]): Holder => ({ by: `${id}=${setting}`, facts })
  const alone = other.filter(([id]) => expect({ ...settings, [id]: first[id] ?? '' })?.outcome === 'fails')
  if (alone.length > 0) return alone.map(holder)
  if (expect(first)?.outcome === 'fails') return other.map(holder)
  // It would not fail without any of them: then a change of this kernel holds it, or nothing does.
  return kernelChanges(scenario).flatMap(change => {
    const flipped = (one: KernelChange) => (one.commit === change.commit) !== has(one)
    if (expect(first, flipped)?.outcome !== 'fails') return []
    const told = `${change.title} (${releasesOf(change)})`
    return [{ by: `kernel ${has(change) ? 'with' : 'without'} ${change.commit}`, facts: [told] }]
  })
}

function readToggle(
  scenario: Scenario,
  { node, reads = {} }: Audit,
  id: string,
  toggle: Toggle,
  facts: Facts,
  binding: Binding,
): Reading {
  const [first] = toggle.settings
  const own = reads[id]
  if (own) {
    for (const [setting, parts] of Object.entries(own)) {
      const found = find(parts, facts, [binding])
      if ('bindings' in found) {
        const told = found.bindings[0]?.facts.slice(binding.facts.length) ?? []
        return { setting, facts: told }
      }
      if (found.unread !== undefined)
        return {
          setting: first,
          facts: [],
          unseen: `${facts.unread.get(found.unread)?.what} could not be read`,
        }
    }
    return { setting: first, facts: [] }
  }
  const context: ToggleContext = { ...ANY_MACHINE, settings: defaultSettings(scenario) }
  const claims = toggle.settings.map(setting => ({
    setting,
    here: toggle.claims(setting, context).filter(claim => claim.node === node && 'what' in claim),
  }))
  if (claims.every(({ here }) => here.length === 0))
    return { setting: first, facts: [], unseen: elsewhere(toggle, node) }
  const names = topologyNames(scenario, binding)
  const unknown = unknownDevices(scenario, node, names)
  const holds = claims.find(
    ({ here }) =>
      here.length > 0 &&
      here.every(claim => {
        // What is said of a device that the machine has no name for is not read.
        if (!('what' in claim) || unknown.some(name => mentions(claim.what, name))) return false
        const value = facts.get(onMachine(claim.what, names))
        return claim.value === null ? value === undefined : value === renamed(claim.value, names)
      }),
  )
  const told = (holds ?? claims[0])?.here.flatMap(claim => {
    if (!('what' in claim)) return []
    const what = onMachine(claim.what, names)
    return [`${what}: ${facts.get(what) ?? 'is not there'}`]
  })
  return holds
    ? { setting: holds.setting, facts: told ?? [] }
    : { setting: first, facts: [], unseen: `taken for that, as no setting is known by ${told?.join(', ')}` }
}

function elsewhere({ nodes }: Toggle, node: string): string {
  const others = nodes.filter(name => name !== node)
  return others.length > 0 && !nodes.includes(node)
    ? `it is of ${others.join(', ')} in the scenario, which is not seen from here`
    : 'it is nothing that is configured'
}

/** Whether another setting of a toggle would change what comes of one of these probes. */
function matters(
  { toggles }: Scenario,
  id: string,
  settings: Settings,
  probes: readonly { readonly probe: string }[],
  expect: (probe: string, under: Settings) => Expectation | undefined,
): boolean {
  return (toggles[id]?.settings ?? []).some(setting =>
    probes.some(
      ({ probe }) =>
        expect(probe, { ...settings, [id]: setting })?.outcome !== expect(probe, settings)?.outcome,
    ),
  )
}

/** The fixes that the scenario tries and that repair something here, in the machine's own words. */
function repairsOf(
  scenario: Scenario,
  { node }: Audit,
  settings: Settings,
  fails: readonly { readonly probe: string }[],
  names: Readonly<Record<string, string>>,
  expect: (probe: string, under: Settings) => Expectation | undefined,
): Repair[] {
  if (fails.length === 0) return []
  const found = new Map<string, Repair>()
  const unknown = unknownDevices(scenario, node, names)
  for (const fix of scenario.experiments.flatMap(({ fixes }) => fixes)) {
    const changed = Object.fromEntries(
      Object.entries(fix).filter(([id, setting]) => settings[id] !== setting),
    )
    const probes = fails.flatMap(({ probe }) =>
      expect(probe, { ...settings, ...changed })?.outcome === 'works' ? [probe] : [],
    )
    const commands = Object.entries(changed).flatMap(([id, setting]) => {
      const toggle = scenario.toggles[id]
      const lines = toggle?.onRealSystem(setting) ?? []
      const where = toggle && toggle.nodes.length > 0 && !toggle.nodes.includes(node)
      return lines.map(line => `${commandOf(line, names)}${where ? `  # ${toggle.nodes.join(', ')}` : ''}`)
    })
    // A command about a device that the machine has no name for says nothing.
    if (commands.some(line => unknown.some(name => mentions(line, name)))) continue
    if (probes.length > 0) found.set(JSON.stringify(changed), { settings: changed, probes, commands })
  }
  return [...found.values()]
}

/** What the machine calls devices and addresses of the topology. */
function topologyNames({ topology }: Scenario, { names }: Binding): Record<string, string> {
  const devices = new Set([
    ...topology.links.flat().map(({ device }) => device),
    ...Object.values(topology.nodes).flatMap(({ bridges = {} }) => Object.keys(bridges)),
  ])
  return Object.fromEntries([...names].filter(([name]) => devices.has(name) || parseAddress(name)))
}

/** A fact's name on the machine; a key of a sysctl with slashes, as devices may have dots. */
function onMachine(what: string, names: Readonly<Record<string, string>>): string {
  const [, key] = /^sysctl (.+)$/.exec(what) ?? []
  return key === undefined
    ? renamed(what, names)
    : `sysctl ${key
        .split('.')
        .map(part => names[part] ?? part)
        .join('/')}`
}

/** Devices of a node that the machine has no name for. */
function unknownDevices(
  { topology: { nodes, links } }: Scenario,
  node: string,
  names: Readonly<Record<string, string>>,
): string[] {
  const devices = links.flat().flatMap(end => (end.node === node ? [end.device] : []))
  return [...devices, ...Object.keys(nodes[node]?.bridges ?? {})].filter(name => !Object.hasOwn(names, name))
}

function mentions(text: string, name: string): boolean {
  return new RegExp(`(?<![\\w-])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`).test(text)
}

/** A command with the machine's names, for a shell: a device may be called anything, and with a dot a sysctl of it takes slashes. */
function commandOf(line: string, names: Readonly<Record<string, string>>): string {
  const quoted = Object.fromEntries(Object.entries(names).map(([name, own]) => [name, quote(own)]))
  const [, key = '', value = ''] = /^sysctl -w ([^=]+)=(.*)$/.exec(line) ?? []
  const parts = key.split('.')
  return parts.some(part => names[part]?.includes('.'))
    ? `sysctl -w ${parts.map(part => quoted[part] ?? part).join('/')}=${value}`
    : renamed(line, quoted)
}

/** A text with the machine's names in place of the topology's. */
function renamed(text: string, names: Readonly<Record<string, string>>): string {
  const known = Object.keys(names).sort((a, b) => b.length - a.length)
  if (known.length === 0) return text
  const pattern = known.map(name => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')
  return text.replace(new RegExp(`(?<![\\w-])(?:${pattern})(?![\\w-])`, 'g'), name => names[name] ?? name)
}
