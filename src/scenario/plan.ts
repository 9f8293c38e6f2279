/**
 * Compiles a scenario to plans: pure data that says which commands run where, in what order, and what must come of each
 * trial. The engine executes it; whoever prints, draws or ships it needs nothing else.
 */
import { createHash, randomUUID } from 'node:crypto'
import { LabError, unknownWord } from '../errors.js'
import { hasChange, type KernelChange, type KernelVersion } from '../kernel/version.js'
import { type ProbeSpec, prepareProbe } from '../probes/index.js'
import { compileTopology, type IptablesCommands } from '../topology/compile.js'
import { validateTopology } from '../topology/validate.js'
import type { Expectation, Experiment, Fix, Scenario } from './define.js'
import type { Step } from './steps.js'

/** Tells this process from every other on the machine; its pid would not, as each world begins to count anew. */
const RUN = randomUUID()
/** Index of the first device of a plan that stands alone; the ones below are for lo. */
const FIRST_INDEX = 100

export type Phase = 'control' | 'broken' | 'fixed' | 'reverted'
export type IptablesBackend = 'nft' | 'legacy'
/** Every toggle of a scenario with its setting. */
export type Settings = Readonly<Record<string, string>>

/** One probe under one setting of the toggles. */
export interface TrialPlan {
  readonly probe: string
  readonly spec: ProbeSpec
  readonly prepare: readonly Step[]
  readonly settings: Settings
  readonly expectation: Expectation
  /** Ids of the mechanisms that can make this probe fail. */
  readonly mechanisms: readonly string[]
}

export interface PhasePlan {
  readonly phase: Phase
  readonly settings: Settings
  /** What brings the toggles from the phase before to this one. */
  readonly change: readonly Step[]
  readonly trials: readonly TrialPlan[]
}

/** One topology with everything that happens in it. */
export interface ExperimentPlan {
  readonly scenario: string
  /** Differs between the experiments of one run. */
  readonly id: string
  readonly title: string
  readonly iptables: IptablesBackend
  readonly commands: IptablesCommands
  /** Name under /run/netns of each node. */
  readonly netns: Readonly<Record<string, string>>
  /** MAC address by `node:device`. */
  readonly macs: Readonly<Record<string, string>>
  /** Index of every device but lo by `node:device`; no other device of the machine has it, unless the plan stands alone. */
  readonly indexes: Readonly<Record<string, number>>
  readonly folder: string
  /** Ids of the capabilities that it needs. */
  readonly needs: readonly string[]
  readonly exclusive?: string
  /** Whether it would be another experiment with another backend. */
  readonly usesIptables: boolean
  readonly build: readonly (readonly Step[])[]
  readonly phases: readonly PhasePlan[]
  readonly teardown: readonly Step[]
}

export interface PlanOptions {
  readonly kernel: KernelVersion
  readonly iptables: IptablesBackend
  /** How that backend is called on this machine. */
  readonly commands: IptablesCommands
  /** Only fixes that set one of these toggles; all when empty. */
  readonly toggles?: readonly string[]
  /** Tells the instances of one run apart; part of names, folders and MAC addresses. Empty for one that stands alone: nodes keep their own names. */
  readonly instance: string
}

/** Every experiment of a scenario as a plan. Throws LabError for a malformed scenario, naming the field. */
export function planScenario(scenario: Scenario, options: PlanOptions): ExperimentPlan[] {
  validateScenario(scenario)
  const chosen = options.toggles ?? []
  return scenario.experiments.flatMap((experiment, index) => {
    const fixes = experiment.fixes.filter(fix => chosen.length === 0 || chosen.some(toggle => toggle in fix))
    if (fixes.length === 0 && chosen.length > 0) return []
    const id = options.instance === '' ? '' : `${options.instance}-${index + 1}`
    return [planExperiment(scenario, { ...experiment, fixes }, id, options)]
  })
}

/** The settings of the document's failure. */
export function defaultSettings(scenario: Scenario): Settings {
  return Object.fromEntries(Object.entries(scenario.toggles).map(([id, toggle]) => [id, toggle.settings[0]]))
}

function planExperiment(
  scenario: Scenario,
  experiment: Experiment,
  id: string,
  options: PlanOptions,
): ExperimentPlan {
  const suffix = id === '' ? '' : `-${id}`
  const netns = Object.fromEntries(Object.keys(scenario.topology.nodes).map(node => [node, node + suffix]))
  const folder = `/run/netns-lab/${scenario.id}${suffix}`
  const context = (settings: Settings) => ({ iptables: options.commands, folder, settings })
  const topology = compileTopology(
    scenario.topology,
    {
      netns: node => netns[node] ?? node,
      mac: (node, device) => macAddress(`${id === '' ? '' : RUN}/${id}/${node}/${device}`),
      firstIndex: id === '' ? FIRST_INDEX : indexRange(id),
      folder,
    },
    options.commands,
  )
  const base = { ...defaultSettings(scenario), ...(experiment.given as Settings | undefined) }
  const used = new Set(
    [experiment.given ?? {}, ...experiment.fixes].flatMap(fix =>
      Object.entries(fix).flatMap(([toggle, setting]) =>
        setting === scenario.toggles[toggle]?.settings[0] ? [] : [toggle],
      ),
    ),
  )
  const change = (to: Settings, from?: Settings): Step[] =>
    Object.entries(scenario.toggles).flatMap(([name, toggle]) => {
      const setting = to[name] ?? toggle.settings[0]
      return from?.[name] === setting ? [] : toggle.change(setting, from?.[name], context(to))
    })
  const setUp = [...used].flatMap(name => scenario.toggles[name]?.setUp?.(context(base)) ?? [])
  const probes =
    experiment.probes ?? Object.keys(scenario.probes).filter(probe => !scenario.controls.includes(probe))
  const trials = (settings: Settings, ids: readonly string[]) =>
    ids.map(probe => planTrial(scenario, probe, settings, options.kernel))
  const phases: PhasePlan[] = [
    { phase: 'control', settings: base, change: change(base), trials: trials(base, scenario.controls) },
    { phase: 'broken', settings: base, change: [], trials: trials(base, probes) },
    ...experiment.fixes.flatMap((fix): PhasePlan[] => {
      const fixed = { ...base, ...(fix as Settings) }
      return [
        { phase: 'fixed', settings: fixed, change: change(fixed, base), trials: trials(fixed, probes) },
        { phase: 'reverted', settings: base, change: change(base, fixed), trials: trials(base, probes) },
      ]
    }),
  ]
  const build = setUp.length > 0 ? [...topology.build, setUp] : topology.build
  const usesIptables = [...build.flat(), ...phases.flatMap(phase => phase.change)].some(
    step => step.do === 'run' && Object.values(options.commands).includes(step.argv[0] ?? ''),
  )
  const backend = usesIptables ? [`iptables-${options.iptables}`] : []
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
        ...backend,
      ]),
    ],
    ...(scenario.exclusive ? { exclusive: scenario.exclusive } : {}),
    build,
    usesIptables,
    phases,
    teardown: topology.teardown,
  }
}

/** What must come of a probe under these settings on a kernel of which `has` says what changed in it; undefined when nothing is said. */
export function findExpectation(
  scenario: Scenario,
  probe: string,
  settings: Settings,
  has: (change: KernelChange) => boolean,
): Expectation | undefined {
  return scenario.expectations.find(
    candidate => candidate.probes.includes(probe) && fits(candidate, settings) && onKernel(candidate, has),
  )
}

function planTrial(scenario: Scenario, probe: string, settings: Settings, kernel: KernelVersion): TrialPlan {
  const spec = scenario.probes[probe]
  const expectation = findExpectation(scenario, probe, settings, change => hasChange(change, kernel))
  if (!spec || !expectation)
    throw malformed(
      scenario,
      'expectations',
      `nothing is said of '${probe}' under ${JSON.stringify(settings)}`,
      'add an expectation',
    )
  const mechanisms = scenario.expectations.flatMap(({ probes, outcome, mechanism }) =>
    probes.includes(probe) && mechanism && (outcome === 'fails' || mechanism === expectation.mechanism)
      ? [mechanism]
      : [],
  )
  return {
    probe,
    spec,
    prepare: prepareProbe(spec),
    settings,
    expectation,
    mechanisms: [...new Set(mechanisms)],
  }
}

function fits({ when = {} }: Expectation, settings: Settings): boolean {
  return Object.entries(when as Readonly<Record<string, string | readonly string[]>>).every(
    ([toggle, wanted]) => {
      const setting = settings[toggle] ?? ''
      return typeof wanted === 'string' ? setting === wanted : wanted.includes(setting)
    },
  )
}

function onKernel({ kernel }: Expectation, has: (change: KernelChange) => boolean): boolean {
  if (!kernel) return true
  return 'has' in kernel ? has(kernel.has) : !has(kernel.lacks)
}

/** The first of 64 indexes that only this experiment of this run has, as far as 2^24 ranges allow. */
function indexRange(id: string): number {
  const digest = createHash('sha256').update(`${RUN}/${id}`).digest()
  return 2 ** 29 + digest.readUIntBE(0, 3) * 64
}

/** A unicast address under OpenStack's prefix, whose last three bytes only this device has. */
function macAddress(seed: string): string {
  const digest = createHash('sha256').update(seed).digest('hex')
  return `fa:16:3e:${digest.slice(0, 2)}:${digest.slice(2, 4)}:${digest.slice(4, 6)}`
}

function malformed(scenario: Scenario, field: string, problem: string, remedy: string): LabError {
  return new LabError(`scenarios/${scenario.id}/scenario.ts: ${field}: ${problem}`, remedy)
}

/** Throws LabError, naming the field, when a scenario could not be planned or run. */
function validateScenario(scenario: Scenario): void {
  const problem = validateTopology(scenario.topology)[0]
  if (problem) throw malformed(scenario, problem.field, problem.problem, problem.remedy)
  const nodes = Object.keys(scenario.topology.nodes)
  for (const [id, spec] of Object.entries(scenario.probes)) {
    const from = 'node' in spec ? [spec.node] : [...spec.clients]
    const unknown = from.find(node => !nodes.includes(node))
    if (unknown !== undefined)
      throw malformed(scenario, `probes.${id}`, `'${unknown}' is no node`, `nodes are: ${nodes.join(', ')}`)
  }
  const known = (field: string, kind: string, word: string, words: readonly string[]) => {
    if (words.includes(word)) return
    const { message, remedy } = unknownWord(kind, word, words)
    throw malformed(scenario, field, message, remedy)
  }
  for (const control of scenario.controls) known('controls', 'probe', control, Object.keys(scenario.probes))
  const checkFix = (field: string, fix: Fix) => {
    for (const [toggle, setting] of Object.entries(fix as Settings)) {
      known(field, 'toggle', toggle, Object.keys(scenario.toggles))
      known(field, `setting of ${toggle}`, setting, scenario.toggles[toggle]?.settings ?? [])
    }
  }
  for (const [index, { given = {}, fixes, probes = [] }] of scenario.experiments.entries()) {
    checkFix(`experiments[${index}].given`, given)
    for (const [at, fix] of fixes.entries()) checkFix(`experiments[${index}].fixes[${at}]`, fix)
    for (const probe of probes)
      known(`experiments[${index}].probes`, 'probe', probe, Object.keys(scenario.probes))
  }
  for (const [index, { probes, mechanism }] of scenario.expectations.entries()) {
    for (const probe of probes)
      known(`expectations[${index}].probes`, 'probe', probe, Object.keys(scenario.probes))
    if (mechanism)
      known(`expectations[${index}].mechanism`, 'mechanism', mechanism, Object.keys(scenario.mechanisms))
  }
}
