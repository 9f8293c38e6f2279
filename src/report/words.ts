/** What all reporters say in the same words: what a verdict counts as, how a trial and a cause are called. */
import type { Mechanism } from '../model/proof.js'
import type { EvidenceReport, Report, ScenarioReport, TrialReport } from '../model/report.js'
import type { Scenario } from '../model/scenario.js'
import type { Topology } from '../model/topology.js'
import type { Verdict } from '../model/verdict.js'

/** Finds what is known of a scenario besides its report. A report may name one that this version of the lab has not. */
export type ScenarioLookup = (id: string) => Scenario | undefined

/** What a verdict counts as where there is a fixed set of results. Failures are the kernel's, errors the lab's. */
export type Result = 'pass' | 'skip' | 'fail' | 'error'

const RESULTS: Readonly<Record<Verdict, Result>> = {
  error: 'error',
  regressed: 'fail',
  'unexpected-pass': 'fail',
  flaky: 'fail',
  skipped: 'skip',
  changed: 'pass',
  confirmed: 'pass',
}

export function resultOf(verdict: Verdict): Result {
  return RESULTS[verdict]
}

/** How many trials counted as what. */
export function countResults(trials: readonly TrialReport[]): Record<Result, number> {
  const counts = { pass: 0, skip: 0, fail: 0, error: 0 }
  for (const { verdict } of trials) counts[RESULTS[verdict]]++
  return counts
}

/** Whether a scenario's verdict is one that none of its trials shows: the same trial, repeated, came out both ways. */
export function beyondTrials({ verdict, trials }: ScenarioReport): boolean {
  const result = RESULTS[verdict]
  return result !== 'pass' && !trials.some(trial => RESULTS[trial.verdict] === result)
}

/** Settings of toggles by name. */
export type Toggles = TrialReport['toggles']

/** The settings of the document's failure. A report's scenario may be unknown: then of none. */
export function documented(scenario: Scenario | undefined): Toggles {
  return Object.fromEntries(
    Object.entries(scenario?.toggles ?? {}).map(([id, { settings }]) => [id, settings[0]]),
  )
}

/** The settings that are not those of any of the `bases`, each as `toggle setting`. */
export function settingsBeyond(toggles: Toggles, ...bases: readonly Toggles[]): string[] {
  return Object.entries(toggles).flatMap(([toggle, setting]) =>
    bases.every(base => base[toggle] === setting) ? [] : [`${toggle} ${setting}`],
  )
}

/** A scenario's trials, each in a few words: `fixed float-ping (accept_local all=1)`. */
export function titledTrials(
  { trials }: ScenarioReport,
  scenario: Scenario | undefined,
): { readonly trial: TrialReport; readonly title: string }[] {
  let base: Toggles = {}
  return trials.map(trial => {
    // A fix may be the document's own setting, in a topology that starts from another one: that is worth saying, too.
    if (trial.phase === 'control') base = trial.toggles
    const details = [
      ...settingsBeyond(trial.toggles, documented(scenario), base),
      ...(trial.iptables === 'legacy' ? ['iptables legacy'] : []),
      ...(trial.repetition > 1 ? [`repetition ${trial.repetition}`] : []),
    ]
    const title = `${trial.phase} ${trial.probe}${details.length > 0 ? ` (${details.join(', ')})` : ''}`
    return { trial, title }
  })
}

/** The kernel and machine of a report in a line. */
export function describeRun({ kernel, machine }: Pick<Report, 'kernel' | 'machine'>): string {
  const version = kernel.release.startsWith(kernel.version) ? '' : ` (${kernel.version})`
  return `Linux ${kernel.release}${version}, ${machine.distribution}, ${machine.cpus} CPUs, ${machine.privilege}`
}

/** Seconds with one decimal. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

/** Text in one line, for formats in which a line break would begin something else. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** Where a mechanism loses the packet. */
export interface Place {
  readonly node: string
  readonly device?: string
}

/**
 * Where a mechanism loses the packet: on the device that its proofs name; else at the bridge of the node that they look
 * at, when the bridge's code does it; else somewhere in that node.
 */
export function placeOfLoss({ proofs, where }: Mechanism, topology: Topology | undefined): Place | undefined {
  const ranked = ['kernel-log', 'address', 'route'].flatMap(
    source => proofs.find(proof => proof.source === source) ?? [],
  )
  const proof = ranked[0] ?? proofs[0]
  if (!proof) return undefined
  const { node } = proof
  if ('device' in proof) return { node, device: proof.device }
  const bridge = where.startsWith('br_') ? Object.keys(topology?.nodes[node]?.bridges ?? {})[0] : undefined
  return { node, ...(bridge === undefined ? {} : { device: bridge }) }
}

/** Why probes failed, in the kernel's words and the document's. */
export interface Cause extends Place {
  readonly probes: readonly string[]
  /** The mechanism's id and what is known of it, where its evidence was seen. */
  readonly id?: string
  readonly mechanism?: Mechanism
  /** What the kernel said. */
  readonly says: string
}

/** The causes of a scenario's failed probes; probes that fail for the same one stand together. */
export function causesOf({ trials }: ScenarioReport, scenario: Scenario | undefined): Cause[] {
  const causes = new Map<string, Cause & { readonly clarity: number }>()
  for (const trial of trials) {
    if (trial.outcome !== 'fails') continue
    const mechanism = trial.mechanism === undefined ? undefined : scenario?.mechanisms[trial.mechanism]
    const said = clearest(trial.evidence)
    const place = (mechanism && placeOfLoss(mechanism, scenario?.topology)) ?? said
    if (!place) continue
    const key = trial.mechanism ?? `${place.node} ${said?.says}`
    const known = causes.get(key)
    const clearer = said && said.clarity < (known?.clarity ?? Infinity) ? said : undefined
    // A log line names the device better than the proofs do, which may look elsewhere.
    const device = clearer?.device ?? known?.device ?? place.device
    causes.set(key, {
      probes: [...new Set([...(known?.probes ?? []), trial.probe])],
      ...(trial.mechanism === undefined ? {} : { id: trial.mechanism }),
      ...(mechanism ? { mechanism } : {}),
      node: known?.node ?? place.node,
      ...(device === undefined ? {} : { device }),
      says: clearer?.says ?? known?.says ?? trial.says,
      clarity: clearer?.clarity ?? known?.clarity ?? Infinity,
    })
  }
  return [...causes.values()].map(({ clarity: _, ...cause }) => cause)
}

/** Sources by how much they say to a reader: the kernel's own words first. */
const CLARITY = ['kernel-log', 'address', 'route', 'rule-counter']

/** What says most about a failure, with its rank (0 is best), and the device that it names. */
function clearest(
  evidence: readonly EvidenceReport[],
):
  | { readonly node: string; readonly device?: string; readonly says: string; readonly clarity: number }
  | undefined {
  const seen = evidence.filter(({ state }) => state === 'seen')
  const sources = new Set(seen.map(({ source }) => source))
  const clarity = CLARITY.findIndex(source => sources.has(source))
  const best = seen.filter(({ source }) => source === CLARITY[clarity])
  const found = best[0] ?? seen.find(({ says }) => / \+\d/.test(says)) ?? seen[0]
  if (!found) return undefined
  // One rule that counted says little without the next one that did not. Dumps of headers are for the evidence in full.
  const says =
    found.source === 'rule-counter'
      ? best
          .map(finding => finding.says)
          .slice(0, 2)
          .join(', ')
      : (found.says.split(' | ')[0] ?? found.says)
  const device = found.source === 'kernel-log' ? /,? on dev (\S+)/.exec(says)?.[1] : undefined
  return {
    node: found.node,
    ...(device === undefined ? {} : { device }),
    says,
    clarity: clarity < 0 ? CLARITY.length : clarity,
  }
}

/** A cause in a line: probes, place, the kernel's reason, and the document's line where it says it in other words. */
export function describeCause({ probes, node, device, mechanism, says }: Cause): string {
  const parts = [
    `${probes.join(', ')}: ${[node, device].filter(Boolean).join(' ')}`,
    ...(mechanism ? [mechanism.title] : []),
    says,
  ]
  const same = mechanism && oneLine(says).includes(oneLine(mechanism.document))
  const document = mechanism
    ? same
      ? ' (the document’s own line)'
      : ` (document: “${mechanism.document}”)`
    : ''
  return `${parts.join(': ')}${document}`
}
