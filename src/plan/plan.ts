/**
 * Compiles a scenario to plans: pure data that says which commands run where, in what order, and what must come of each
 * trial. The engine executes it; whoever prints, draws or ships it needs nothing else.
 */
import { createHash, randomUUID } from 'node:crypto'
import { hasChange } from '../model/change.js'
import type { Defaults } from '../model/defaults.js'
import { holdSteps, unholdStep } from '../model/packet-hold.js'
import type { Persistence } from '../model/persistence.js'
import type { ExperimentPlan, IptablesBackend, PhasePlan, ToggleClaim, TrialPlan } from '../model/plan.js'
import { rulesOfFix, setsOf, waysToPersist } from '../model/saved-rules.js'
import type { Experiment, Scenario, Settings } from '../model/scenario.js'
import {
  type IptablesCommands,
  LOADED_SETS,
  mergeSysctls,
  RULE_SETS,
  rulePrograms,
  type Step,
} from '../model/steps.js'
import type { ToggleContext } from '../model/toggle.js'
import type { Topology } from '../model/topology.js'
import { formatKernelVersion, type KernelVersion } from '../model/version.js'
import { probeOf } from '../probes/index.js'
import { compileTopology } from '../topology/compile.js'
import { policyOf } from '../topology/lines.js'
import { type Circumstances, defaultSettings, findExpectation } from './expectations.js'
import { capabilityOf } from './needs.js'
import { malformed, stepsOf } from './validate.js'

/** Tells this process from every other on the machine; its pid would not, as each world begins to count anew. */
const RUN = randomUUID()
/** Experiments have their indexes from here on, so many of them, in ranges that have at least this length. */
const INDEXES = 2 ** 29
const SMALLEST_RANGE = 64
/** Index of the first device of a plan that stands alone; the ones below are for lo. */
const FIRST_INDEX = 100

export interface PlanOptions {
  readonly kernel: KernelVersion
  readonly iptables: IptablesBackend
  /** How that backend is called on this machine. */
  readonly commands: IptablesCommands
  /** A distribution's sysctls, in place of the lab's where the document does not name them. */
  readonly defaults?: Defaults
  /** Only fixes that set one of these toggles, or one to this setting (`NAME=SETTING`); all when empty. */
  readonly toggles?: readonly string[]
  /** Also saves and loads the rules of each fix in these ways, in experiments of their own. */
  readonly persist?: readonly Persistence[]
  /** Versions of tools by name, which expectations may be keyed by; the newest when left out. */
  readonly tools?: Readonly<Record<string, string>>
  /** Tells the instances of one run apart; part of names, folders and MAC addresses. Empty for one that stands alone: nodes keep their own names. */
  readonly instance: string
}

/** Every experiment of a scenario as a plan. Throws LabError, naming the field, where nothing is said of a trial, or a toggle gives no steps. */
export function planScenario(scenario: Scenario, options: PlanOptions): ExperimentPlan[] {
  const chosen = options.toggles ?? []
  return scenario.experiments.flatMap((experiment, index) => {
    const fixes = experiment.fixes.filter(
      fix => chosen.length === 0 || chosen.some(word => setsToggle(fix, word)),
    )
    if (fixes.length === 0 && chosen.length > 0) return []
    const id = options.instance === '' ? '' : `${options.instance}-${index + 1}`
    const persisted = fixes.flatMap((fix, at) =>
      (options.persist ?? []).flatMap(by =>
        planOne(scenario, { ...experiment, fixes }, id === '' ? '' : `${id}${by[0]}${at + 1}`, {
          ...options,
          persisted: { by, fix },
        }),
      ),
    )
    return [...planOne(scenario, { ...experiment, fixes }, id, options), ...persisted]
  })
}

/** Whether a fix sets a toggle, by its name or by `NAME=SETTING`. */
function setsToggle(fix: Settings, word: string): boolean {
  return Object.entries(fix).some(([toggle, setting]) => word === toggle || word === `${toggle}=${setting}`)
}

/** An experiment as one plan, or as one for each trial; none where there is nothing in it to persist. */
function planOne(
  scenario: Scenario,
  experiment: Experiment,
  id: string,
  options: OwnOptions,
): ExperimentPlan[] {
  const whole = planExperiment(scenario, experiment, id, options)
  if (options.persisted && !whole.phases.some(({ persisted }) => persisted)) return []
  // What stands alone is looked at by a person, who has one topology.
  if (!experiment.fresh || id === '') return [whole]
  return trialsOf(whole).map((at, number) => ({
    ...alone(planExperiment(scenario, experiment, `${id}-${number + 1}`, options), at),
    usesIptables: whole.usesIptables,
  }))
}

/** How one experiment is planned: with its fixes taken back, or with their rules saved and loaded. */
interface OwnOptions extends PlanOptions {
  readonly persisted?: { readonly by: Persistence; readonly fix: Settings }
}

/** Where a trial stands in its plan: the index of its phase, and its own in there. */
interface TrialPlace {
  readonly phase: number
  readonly trial: number
}

/** Every trial of a plan but those of the control. */
function trialsOf({ phases }: ExperimentPlan): TrialPlace[] {
  return phases.flatMap(({ phase: name, trials }, phase) =>
    name === 'control' ? [] : trials.map((_, trial) => ({ phase, trial })),
  )
}

/** One trial of a plan with what leads to it: the control, and a fix that is taken back or was saved. */
function alone(plan: ExperimentPlan, { phase, trial }: TrialPlace): ExperimentPlan {
  const target = plan.phases[phase]
  const follows = target?.phase === 'reverted' || target?.phase === 'persisted'
  const before = follows ? plan.phases.slice(phase - 1, phase) : []
  return {
    ...plan,
    phases: [
      ...plan.phases.slice(0, 1),
      ...before.map(fixed => ({ ...fixed, trials: [] })),
      ...(target ? [{ ...target, trials: target.trials.slice(trial, trial + 1) }] : []),
    ],
  }
}

/** The probes of a scenario that are neither controls nor guards. */
export function ordinaryProbes({ probes, controls, experiments }: Scenario): string[] {
  const others = new Set([...controls, ...experiments.flatMap(({ guards = [] }) => guards)])
  return Object.keys(probes).filter(probe => !others.has(probe))
}

function planExperiment(
  scenario: Scenario,
  experiment: Experiment,
  id: string,
  options: OwnOptions,
): ExperimentPlan {
  const suffix = id === '' ? '' : `-${id}`
  const netns = Object.fromEntries(Object.keys(scenario.topology.nodes).map(node => [node, node + suffix]))
  const folder = `/run/netns-lab/${scenario.id}${suffix}`
  const context = (settings: Settings) => ({
    iptables: options.commands,
    folder,
    settings,
    mac: (node: string, device: string) => topology.macs[`${node}:${device}`] ?? '',
  })
  const topology = compileTopology(
    scenario.topology,
    {
      netns: node => netns[node] ?? node,
      alone: id === '',
      mac: (node, device) => macAddress(`${id === '' ? '' : RUN}/${id}/${node}/${device}`),
      firstIndex: id === '' ? FIRST_INDEX : indexRange(id, scenario.topology),
      folder,
    },
    options.commands,
    options.defaults,
  )
  const base = { ...defaultSettings(scenario), ...experiment.given }
  const used = new Set(
    [experiment.given ?? {}, ...experiment.fixes].flatMap(fix =>
      Object.entries(fix).flatMap(([toggle, setting]) =>
        setting === scenario.toggles[toggle]?.settings[0] ? [] : [toggle],
      ),
    ),
  )
  const toggles = Object.entries(scenario.toggles)
  const again = (to: Settings) =>
    toggles.flatMap(([name, toggle]) =>
      stepsOf(
        scenario,
        name,
        'again',
        () => toggle.again?.(to[name] ?? toggle.settings[0], context(to)) ?? [],
      ),
    )
  const change = (to: Settings, from?: Settings): Step[] =>
    mergeSysctls([
      ...toggles.flatMap(([name, toggle]) => {
        const setting = to[name] ?? toggle.settings[0]
        if (from?.[name] === setting) return []
        return stepsOf(scenario, name, 'change', () => toggle.change(setting, from?.[name], context(to)))
      }),
      ...again(to),
    ])
  const setUp = [...used].flatMap(name => scenario.toggles[name]?.setUp?.(context(base)) ?? [])
  const { guards = [], probes = ordinaryProbes(scenario) } = experiment
  const trials = (settings: Settings, ids: readonly string[], persisted?: Persistence) =>
    ids.map(probe => planTrial(scenario, probe, settings, { ...options, persisted }))
  const phase = (
    name: PhasePlan['phase'],
    { settings, from, fix, ids }: PhaseSettings & { readonly ids: readonly string[] },
  ): PhasePlan => ({
    phase: name,
    settings,
    ...(fix ? { fix } : {}),
    change: from === settings ? [] : from ? change(settings, from) : change(settings).map(asScaffolding),
    claims: claimsOf(scenario, settings, context(settings)),
    trials: trials(settings, ids),
  })
  const control = phase('control', { settings: base, ids: scenario.controls })
  const persisted = ({ by, fix }: NonNullable<OwnOptions['persisted']>): PhasePlan[] => {
    const fixed = { ...base, ...fix }
    const set = phase('fixed', { settings: fixed, from: base, fix, ids: [] })
    const rules = rulesOfFix(set.claims, control.claims)
    if (!waysToPersist(rules, options.iptables).includes(by)) return []
    // What fails in spite of the fix has nothing to lose, but for what goes before the same thing done once more.
    const all = trials(fixed, [...probes, ...guards])
    const works = ({ expectation }: TrialPlan) => expectation.outcome === 'works'
    const working = all.filter(
      (trial, at) =>
        works(trial) ||
        all
          .slice(at + 1)
          .some(later => works(later) && JSON.stringify(later.spec) === JSON.stringify(trial.spec)),
    )
    if (working.length === 0) return []
    const nodes = [...new Set(rules.map(({ claim }) => claim.node))]
    const why = 'save its rules, take them away, and load them'
    return [
      set,
      {
        ...set,
        phase: 'persisted',
        persisted: by,
        change: mergeSysctls([
          ...nodes.flatMap((node): Step[] => {
            const hold = scenario.topology.nodes[node]?.packetHold
            return [
              ...(hold ? [unholdStep(node)] : []),
              ...(by === 'nft' ? (['iptables'] as const) : setsOf(rules)).map(
                (set): Step => ({
                  ...{ do: 'persist', node, by, set, why },
                  programs: rulePrograms(options.commands, set),
                }),
              ),
              ...(hold ? holdSteps(node, hold) : []),
            ]
          }),
          ...again(fixed),
        ]),
        trials: trials(
          fixed,
          working.map(({ probe }) => probe),
          by,
        ),
      },
    ]
  }
  const whole = (): PhasePlan[] => [
    phase('broken', { settings: base, from: base, ids: probes }),
    ...experiment.fixes.flatMap((fix): PhasePlan[] => {
      const fixed = { ...base, ...fix }
      return [
        phase('fixed', { settings: fixed, from: base, fix, ids: [...probes, ...guards] }),
        phase('reverted', { settings: base, from: fixed, fix, ids: probes }),
      ]
    }),
  ]
  const phases = [control, ...(options.persisted ? persisted(options.persisted) : whole())]
  const build = setUp.length > 0 ? [...topology.build, setUp] : topology.build
  const called = new Set(
    [...build.flat(), ...phases.flatMap(phase => phase.change)].flatMap(step =>
      step.do === 'run' ? step.argv.slice(0, 1) : [],
    ),
  )
  const sets = RULE_SETS.filter(set =>
    Object.values(rulePrograms(options.commands, set)).some(program => called.has(program)),
  )
  return {
    scenario: scenario.id,
    id,
    title: experiment.title,
    iptables: options.iptables,
    commands: options.commands,
    netns,
    macs: topology.macs,
    indexes: topology.indexes,
    folder,
    needs: [
      ...new Set([
        ...scenario.needs,
        ...[...used].flatMap(name => scenario.toggles[name]?.needs ?? []),
        ...sets.map(set => capabilityOf(set, options.iptables)),
        ...(options.persisted?.by === 'nft' ? ['nft-ruleset'] : []),
      ]),
    ],
    ...(scenario.exclusive ? { exclusive: scenario.exclusive } : {}),
    ...(experiment.waitsMs === undefined ? {} : { waitsMs: experiment.waitsMs }),
    rules: rulesOf(scenario.topology),
    loaded: Object.fromEntries(
      Object.entries(scenario.topology.nodes).map(([node, { nft, tc }]) => [
        node,
        { ...(nft ? { nft } : {}), ...(tc ? { tc } : {}) },
      ]),
    ),
    build,
    usesIptables: sets.length > 0,
    phases,
    teardown: topology.teardown,
  }
}

/** A step that brings about what a fix is to change: the lab itself writes sysctls, as there is nothing to try yet. */
function asScaffolding(step: Step): Step {
  return step.do === 'sysctls' ? { ...step, by: 'lab' } : step
}

/** The settings of a phase: `from` are those of the phase before, unless there was none. */
interface PhaseSettings {
  readonly settings: Settings
  readonly from?: Settings
  readonly fix?: Settings
}

/** The rules that a topology has in each chain. */
function rulesOf({ nodes }: Topology): ExperimentPlan['rules'] {
  return Object.entries(nodes).flatMap(([node, own]) =>
    LOADED_SETS.flatMap(set =>
      Object.entries(own[set] ?? {}).flatMap(([table, lines]) => {
        const policies = new Map(lines.flatMap(policyOf))
        const byChain = new Map<string, string[]>([...policies.keys()].map(chain => [chain, []]))
        for (const rule of lines.filter(line => !policyOf(line)[0])) {
          const [, chain = '', ...words] = rule.split(' ')
          byChain.set(chain, [...(byChain.get(chain) ?? []), words.join(' ')])
        }
        return [...byChain].map(([chain, rules]) => {
          const policy = policies.get(chain)
          return { node, set, table, chain, rules, ...(policy ? { policy } : {}) }
        })
      }),
    ),
  )
}

/** What the kernel must say under these settings, by toggle. */
export function claimsOf({ toggles }: Scenario, settings: Settings, context: ToggleContext): ToggleClaim[] {
  return Object.entries(toggles).flatMap(([name, toggle]) => {
    const setting = settings[name] ?? toggle.settings[0]
    return toggle.claims(setting, context).map(claim => ({ toggle: name, setting, claim }))
  })
}

function planTrial(
  scenario: Scenario,
  probe: string,
  settings: Settings,
  { kernel, ...circumstances }: Omit<Circumstances, 'has'> & { readonly kernel: KernelVersion },
): TrialPlan {
  const spec = scenario.probes[probe]
  const expectation = findExpectation(scenario, probe, settings, {
    ...circumstances,
    has: change => hasChange(change, kernel),
  })
  if (!spec || !expectation)
    throw malformed(scenario, {
      field: `expect.${probe}`,
      problem: `nothing is said of it under ${JSON.stringify(settings)} on Linux ${formatKernelVersion(kernel)}`,
      remedy: 'add an expectation; one without `when` at the end is for all others',
    })
  const mechanisms = (scenario.expect[probe] ?? []).flatMap(({ outcome, mechanism }) =>
    mechanism !== undefined && (outcome === 'fails' || mechanism === expectation.mechanism)
      ? [mechanism]
      : [],
  )
  const { refusedBy } = expectation
  return {
    probe,
    spec,
    prepare: probeOf(spec).prepare(),
    settings,
    expectation,
    mechanisms: [...new Set([...mechanisms, ...(refusedBy === undefined ? [] : [refusedBy])])],
  }
}

/** The first of as many indexes as a topology has devices, which no other experiment has as far as chance allows. */
function indexRange(id: string, { links, nodes }: Topology): number {
  const bridges = Object.values(nodes).flatMap(node => Object.keys(node.bridges ?? {}))
  const size = Math.max(SMALLEST_RANGE, 2 * links.length + bridges.length)
  const digest = createHash('sha256').update(`${RUN}/${id}`).digest()
  return INDEXES + (digest.readUIntBE(0, 5) % Math.floor(INDEXES / size)) * size
}

/** A unicast address under OpenStack's prefix, whose last three bytes only this device has. */
function macAddress(seed: string): string {
  const digest = createHash('sha256').update(seed).digest('hex')
  return `fa:16:3e:${digest.slice(0, 2)}:${digest.slice(2, 4)}:${digest.slice(4, 6)}`
}
