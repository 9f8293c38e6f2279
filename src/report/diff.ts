/** What changed between two reports, worst first: two kernels, two distributions, two machines, two days. */

import type { Report, ScenarioReport, TrialReport } from '../model/report.js'
import { trialKey } from '../model/trial.js'
import { isBad, VERDICTS, type Verdict } from '../model/verdict.js'
import { type MachineChange, machineDiff } from './machine-diff.js'
import { documented } from './words.js'

/** Kinds of difference of a scenario as a whole, worst first. */
const SCENARIO_DIFFERENCES = [
  'became-error',
  'vanished',
  'became-skipped',
  'became-flaky',
  'no-longer-flaky',
  'no-longer-skipped',
  'no-longer-error',
  'appeared',
] as const
export type ScenarioDifferenceKind = (typeof SCENARIO_DIFFERENCES)[number]

/** Kinds of difference of a trial, worst first. */
const DIFFERENCES = [
  'fix-broke',
  'judged-worse',
  'now-fails',
  'fix-works',
  'failure-gone',
  'judged-better',
  'mechanism',
  'evidence',
  'no-longer-run',
  'newly-run',
] as const
export type DifferenceKind = (typeof DIFFERENCES)[number]

/** What `--fail-on` takes. */
export const FAIL_ON = [...DIFFERENCES, ...SCENARIO_DIFFERENCES, 'worse', 'any', 'none'] as const
export type FailOn = (typeof FAIL_ON)[number]

/** What an upgrade must not bring: something worked, or was known, and is not any more. */
const WORSE: readonly FailOn[] = [
  ...(['fix-broke', 'judged-worse', 'now-fails', 'no-longer-run'] as const),
  ...(['became-error', 'vanished', 'became-skipped', 'became-flaky'] as const),
]

/** Whether a kind of difference is what an upgrade must not bring. */
export function isWorse(kind: string): boolean {
  return WORSE.some(known => known === kind)
}

/** One trial in one report, all of its repetitions together. */
export interface Side {
  readonly outcome: TrialReport['outcome']
  /** Whether it is an attack, which fails where it is reached. */
  readonly attack?: true
  readonly verdict: Verdict
  readonly says: string
  readonly why: string
  readonly mechanism?: string
}

/** One difference, in every phase and with every iptables in which it shows. */
export interface Difference {
  readonly kind: DifferenceKind
  readonly scenario: string
  readonly probe: string
  readonly phases: readonly TrialReport['phase'][]
  readonly iptables: readonly TrialReport['iptables'][]
  /** What distinguishes its settings from those of the scenario's failure. */
  readonly settings: Readonly<Record<string, string>>
  /** How the rules of its fix were saved and loaded, where they were. */
  readonly persisted?: NonNullable<TrialReport['persisted']>
  readonly before?: Side
  readonly after?: Side
  /** Proofs that the kernel gives otherwise than before. */
  readonly evidence?: readonly string[]
  /** Toggles that decide about the outcome in one of the reports only. */
  readonly toggles?: { readonly matter: boolean; readonly names: readonly string[] }
  /** The kernel's commit behind it, where it is known. */
  readonly change?: NonNullable<TrialReport['change']>
}

/** One scenario that only one of the reports has, or whose verdict no trial of it shows. */
export interface ScenarioDifference {
  readonly kind: ScenarioDifferenceKind
  readonly scenario: string
  readonly before?: ScenarioSide
  readonly after?: ScenarioSide
}

/** A scenario in one report. */
interface ScenarioSide {
  readonly verdict: Verdict
  readonly reason: string
  readonly trials: number
}

/** Everything that differs between two reports. */
export interface ReportDiff {
  readonly schema: 'netns-lab.diff/1'
  readonly before: Report['kernel']
  readonly after: Report['kernel']
  /** What differs besides the kernel: the distribution, the versions of its tools, its defaults. */
  readonly machine: readonly MachineChange[]
  /** Scenarios as a whole, worst first; of one that only one report has, its trials are not told. */
  readonly scenarios: readonly ScenarioDifference[]
  /** Trials, worst first. */
  readonly differences: readonly Difference[]
  /** Trials that both reports have. */
  readonly compared: number
}

interface Trials {
  readonly first: TrialReport
  readonly all: readonly TrialReport[]
}

/** Compares two reports, trial by trial. */
export function diffReports(before: Report, after: Report): ReportDiff {
  const ids = [...new Set([...before.scenarios, ...after.scenarios].map(({ id }) => id))]
  let compared = 0
  const scenarios = ids.flatMap(id => scenarioDifference(id, before, after) ?? [])
  const whole = new Set(scenarios.filter(isWhole).map(({ scenario }) => scenario))
  const differences = ids.flatMap(id => {
    if (whole.has(id)) return []
    const a = before.scenarios.find(scenario => scenario.id === id)
    const b = after.scenarios.find(scenario => scenario.id === id)
    const old = groupTrials(a)
    const fresh = groupTrials(b)
    const known = b ?? a
    const base = known?.story
      ? documented(known.story)
      : (known?.trials.find(({ phase }) => phase === 'broken')?.toggles ?? {})
    return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((key): Difference[] => {
      const [from, to] = [old.get(key), fresh.get(key)]
      const trial = to?.first ?? from?.first
      if (!trial) return []
      if (from && to) compared++
      const found = compare(from, to)
      if (!found) return []
      return [
        {
          scenario: id,
          probe: trial.probe,
          phases: [trial.phase],
          iptables: [trial.iptables],
          settings: distinguishing(trial.toggles, base),
          ...(trial.persisted ? { persisted: trial.persisted } : {}),
          ...found,
          ...(from && to ? decidingToggles(from.first, to.first, a, b) : {}),
        },
      ]
    })
  })
  const rank = ({ kind }: Difference) => DIFFERENCES.indexOf(kind)
  const scenarioRank = ({ kind }: ScenarioDifference) => SCENARIO_DIFFERENCES.indexOf(kind)
  return {
    schema: 'netns-lab.diff/1',
    before: before.kernel,
    after: after.kernel,
    machine: machineDiff(before, after),
    scenarios: scenarios.sort((x, y) => scenarioRank(x) - scenarioRank(y)),
    differences: merge(differences).sort((x, y) => rank(x) - rank(y)),
    compared,
  }
}

/** Whether something is different that a user would not have so; `worse` is all that worked or was known and is not any more. */
export function failsOn({ scenarios, differences }: ReportDiff, kinds: readonly FailOn[]): boolean {
  const all = [...scenarios, ...differences].map(({ kind }) => kind)
  const meant = kinds.flatMap(kind => (kind === 'worse' ? WORSE : kind))
  return meant.includes('any') ? all.length > 0 : all.some(kind => meant.includes(kind))
}

/** What became of a scenario as a whole; undefined where its trials tell all of it. */
function scenarioDifference(id: string, before: Report, after: Report): ScenarioDifference | undefined {
  const [a, b] = [before, after].map(({ scenarios }) => scenarios.find(scenario => scenario.id === id))
  const kind = scenarioKind(a, b)
  if (!kind) return undefined
  const told = (found: ScenarioReport) => ({
    verdict: found.verdict,
    reason: found.reason,
    trials: found.trials.length,
  })
  return {
    kind,
    scenario: id,
    ...(a ? { before: told(a) } : {}),
    ...(b ? { after: told(b) } : {}),
  }
}

function scenarioKind(
  a: ScenarioReport | undefined,
  b: ScenarioReport | undefined,
): ScenarioDifferenceKind | undefined {
  if (!a || !b) return a ? 'vanished' : 'appeared'
  if (a.verdict === b.verdict) return undefined
  for (const verdict of ['error', 'skipped', 'flaky'] as const) {
    if (b.verdict === verdict) return `became-${verdict}`
    if (a.verdict === verdict) return `no-longer-${verdict}`
  }
  return undefined
}

/** Whether nothing can be said of the trials besides that one side does not have them. */
function isWhole({ before, after }: ScenarioDifference): boolean {
  const none = (side: ScenarioSide | undefined) => !side || side.trials === 0 || side.verdict === 'skipped'
  return none(before) || none(after)
}

/** Whether a user who relies on a fix would be hurt by going from the one to the other. */
export function breaksFix({ differences }: ReportDiff): boolean {
  return differences.some(({ kind }) => kind === 'fix-broke')
}

function groupTrials(scenario: ScenarioReport | undefined): Map<string, Trials> {
  const groups = new Map<string, TrialReport[]>()
  for (const trial of scenario?.trials ?? []) {
    const key = trialKey(trial)
    groups.set(key, [...(groups.get(key) ?? []), trial])
  }
  return new Map(
    [...groups].flatMap(([key, all]) => {
      // A trial that came out both ways stands for its worst; one that did not come about says nothing.
      const rank = (trial: TrialReport) =>
        hasOutcome(trial) ? VERDICTS.indexOf(trial.verdict) : VERDICTS.length
      const [first] = [...all].sort((x, y) => rank(x) - rank(y))
      return first ? [[key, { first, all }] as const] : []
    }),
  )
}

function compare(
  from: Trials | undefined,
  to: Trials | undefined,
): Pick<Difference, 'kind' | 'before' | 'after' | 'evidence' | 'change'> | undefined {
  const ran = (trials: Trials | undefined) => trials?.all.some(hasOutcome)
  const sides = {
    ...(from ? { before: sideOf(from.first) } : {}),
    ...(to ? { after: sideOf(to.first) } : {}),
  }
  if (!from || !to || !ran(from) || !ran(to)) {
    if (!ran(from) && !ran(to)) return undefined
    return { kind: ran(from) ? 'no-longer-run' : 'newly-run', ...sides }
  }
  const change = changeBehind(from.first, to.first)
  const result = (kind: DifferenceKind) => ({ kind, ...sides, ...(change ? { change } : {}) })
  const kind = differenceOf(from.first, to.first)
  if (kind) return result(kind)
  if (from.first.mechanism !== to.first.mechanism) return result('mechanism')
  const evidence = evidenceDifferences(from, to)
  return evidence.length > 0 ? { ...result('evidence'), evidence } : undefined
}

function hasOutcome({ outcome }: TrialReport): boolean {
  return outcome === 'works' || outcome === 'fails' || outcome === 'error'
}

/** How a trial that came out otherwise differs, by what it means to a user; undefined where outcome and judgement are the same. */
export function differenceOf(from: TrialReport, to: TrialReport): DifferenceKind | undefined {
  const fixed = to.phase === 'fixed' || to.phase === 'persisted'
  if (from.outcome === 'works' && to.outcome === 'fails') return fixed ? 'fix-broke' : 'now-fails'
  if (isBad(to.verdict) && !isBad(from.verdict)) return 'judged-worse'
  if (from.outcome === 'fails' && to.outcome === 'works') return fixed ? 'fix-works' : 'failure-gone'
  return isBad(from.verdict) && !isBad(to.verdict) ? 'judged-better' : undefined
}

/** A trial as one side of a difference. */
export function sideOf({ outcome, attack, verdict, says, why, mechanism }: TrialReport): Side {
  return {
    outcome,
    ...(attack ? { attack } : {}),
    verdict,
    says,
    why,
    ...(mechanism === undefined ? {} : { mechanism }),
  }
}

/** The commit that either trial's expectation is keyed by, the one of a kernel that behaves otherwise first. */
function changeBehind(from: TrialReport, to: TrialReport): TrialReport['change'] {
  return to.change ?? from.change
}

/** Proofs of a failure whose state differs; `not-seen` says too little to differ from anything. */
function evidenceDifferences(from: Trials, to: Trials): string[] {
  // What a counter says while all is well is no evidence of anything.
  if (to.first.outcome !== 'fails') return []
  return to.first.evidence.flatMap((finding, index) => {
    const at = (trials: Trials) => new Set(trials.all.map(({ evidence }) => evidence[index]?.state))
    const [old, fresh] = [at(from), at(to)]
    const known = from.first.evidence[index]
    const weak = old.has('not-seen') || fresh.has('not-seen') || old.has(undefined)
    const same = [...old].some(state => fresh.has(state))
    if (!known || weak || same || known.source !== finding.source || known.node !== finding.node) return []
    return [
      `${finding.source} in ${finding.node}: ${known.state} (${known.says}), now ${finding.state} (${finding.says})`,
    ]
  })
}

function distinguishing(
  toggles: Readonly<Record<string, string>>,
  base: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(toggles).filter(([name, setting]) => base[name] !== setting))
}

/** The toggles of a fix, where setting them decides about the outcome in one report and not in the other. */
function decidingToggles(
  from: TrialReport,
  to: TrialReport,
  a: ScenarioReport | undefined,
  b: ScenarioReport | undefined,
): Pick<Difference, 'toggles'> {
  if (to.phase !== 'fixed') return {}
  const decides = (trial: TrialReport, scenario: ScenarioReport | undefined) => {
    const broken = nearestBroken(trial, scenario)
    return broken && { matters: broken.outcome !== trial.outcome, broken }
  }
  const [old, fresh] = [decides(from, a), decides(to, b)]
  if (!old || !fresh || old.matters === fresh.matters) return {}
  const names = Object.keys(distinguishing(to.toggles, fresh.broken.toggles))
  return { toggles: { matter: fresh.matters, names } }
}

/** The trial before the fix: the one whose settings differ least. */
function nearestBroken(trial: TrialReport, scenario: ScenarioReport | undefined): TrialReport | undefined {
  const distance = (other: TrialReport) => Object.keys(distinguishing(trial.toggles, other.toggles)).length
  return scenario?.trials
    .filter(
      ({ phase, probe, iptables }) =>
        phase === 'broken' && probe === trial.probe && iptables === trial.iptables,
    )
    .sort((x, y) => distance(x) - distance(y))[0]
}

/** Joins differences that are the same but for the phase or the iptables that they were seen with. */
function merge(differences: readonly Difference[]): Difference[] {
  const merged = new Map<string, Difference>()
  for (const difference of differences) {
    const { kind, scenario, probe, settings, persisted, before, after } = difference
    const key = JSON.stringify([
      ...[kind, scenario, probe, settings, persisted],
      ...[before?.outcome, before?.mechanism, after?.outcome, after?.mechanism],
    ])
    const known = merged.get(key)
    merged.set(
      key,
      known
        ? {
            ...known,
            phases: [...new Set([...known.phases, ...difference.phases])],
            iptables: [...new Set([...known.iptables, ...difference.iptables])],
          }
        : difference,
    )
  }
  return [...merged.values()]
}
