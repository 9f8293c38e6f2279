/** What all reporters say in the same words: how a trial and a cause are called, and what they count. */
import { entryOf } from '../base/records.js'
import { changeLine, revertClause, revertIn } from '../model/change.js'
import type { MeasuredWay, Report, ScenarioReport, Story, TrialReport } from '../model/report.js'
import { nameTrial, untriedBackends } from '../model/trial.js'
import { isBad, type Result, resultOf } from '../model/verdict.js'

/** How many trials counted as what. */
export function countResults(trials: readonly TrialReport[]): Record<Result, number> {
  const counts = { pass: 0, skip: 0, fail: 0, error: 0 }
  for (const { verdict } of trials) counts[resultOf(verdict)]++
  return counts
}

/** Whether a scenario's verdict is one that none of its trials shows: it could not be run, or a trial came out both ways. */
export function beyondTrials({ verdict, trials }: ScenarioReport): boolean {
  const result = resultOf(verdict)
  return result !== 'pass' && !trials.some(trial => resultOf(trial.verdict) === result)
}

/** Settings of toggles by name. */
export type Toggles = TrialReport['toggles']

/** The settings of the document's failure; none where the report does not tell of them. */
export function documented(story: Story | undefined): Toggles {
  return Object.fromEntries(
    Object.entries(story?.toggles ?? {}).map(([id, { settings }]) => [id, settings[0] ?? '']),
  )
}

/** The settings that are not those of any of the `bases`, each as `toggle setting`. */
export function settingsBeyond(toggles: Toggles, ...bases: readonly Toggles[]): string[] {
  return Object.entries(toggles).flatMap(([toggle, setting]) =>
    bases.every(base => base[toggle] === setting) ? [] : [`${toggle} ${setting}`],
  )
}

/** A scenario's trials, each with a name that no other one of them has: `fixed float-ping (accept_local all=1) [rp_filter 1]`. */
export function titledTrials({
  trials,
}: ScenarioReport): { readonly trial: TrialReport; readonly title: string }[] {
  const unique = uniqueNames()
  return trials.map(trial => {
    const { experiment, phase, probe, fix = {}, persisted, iptables, repetition } = trial
    const settings = settingsBeyond(fix, {}).join(', ')
    const details = [
      ...(settings ? [`${phase === 'reverted' ? 'after ' : ''}${settings}`] : []),
      ...(persisted ? [`saved by ${persisted}`] : []),
      ...(iptables === 'legacy' ? ['iptables legacy'] : []),
      ...(repetition > 1 ? [`repetition ${repetition}`] : []),
    ]
    const title = `${phase} ${probe}${details.length > 0 ? ` (${details.join(', ')})` : ''} [${experiment}]`
    return { trial, title: unique(oneLine(title)) }
  })
}

/** The kernel and machine of a report in a line. */
export function describeRun({ kernel, machine }: Pick<Report, 'kernel' | 'machine'>): string {
  const version = kernel.release.startsWith(kernel.version) ? '' : ` (${kernel.version})`
  return `Linux ${kernel.release}${version}, ${machine.distribution}, ${machine.cpus} CPUs, ${machine.privilege}`
}

/** A name for each of several runs that no other one has: its kernel, and its distribution where they have several. */
export function runNames(reports: readonly Pick<Report, 'kernel' | 'machine'>[]): string[] {
  const several = new Set(reports.map(({ machine }) => machine.userland?.id)).size > 1
  const names = reports.map(({ kernel, machine: { userland } }) =>
    several && userland ? `${kernel.version} with ${userland.id}` : kernel.version,
  )
  return names.map((name, index) =>
    names.filter(other => other === name).length === 1
      ? name
      : `${name} ${reports[index]?.machine.privilege} no. ${index + 1}`,
  )
}

/**
 * Commits that a person should look for, a line each: those whose lack lets a probe fail, and those that this kernel has by its
 * version and behaves otherwise.
 */
export function hintsOf({ trials }: ScenarioReport, { release }: Report['kernel']): string[] {
  return [
    ...new Set(
      trials.flatMap(({ change, outcome, expected, verdict }) => {
        if (change?.has === undefined || !(outcome === 'works' || outcome === 'fails')) return []
        const revert = revertIn(change, { release })
        const line = `${changeLine(change)}${revert ? `: ${revertClause(revert)}` : ''}: ${change.url}`
        if (isBad(verdict) && outcome !== expected)
          return [
            change.has
              ? `this kernel has by its version, and behaves as if it lacked, ${line}`
              : `this kernel lacks by its version, and behaves as if it had, ${line}`,
          ]
        return !change.has && outcome === 'fails' ? [`this kernel lacks ${line}`] : []
      }),
    ),
  ]
}

/**
 * What made experiments be tried a second time, a line each: what counts is what came of that, and whoever sees it often has a machine
 * that is too busy, or a tool that fails, or lies, now and then.
 */
export function retriedLines({ retried = [] }: ScenarioReport): string[] {
  return retried.flatMap(trial =>
    trial.verdict === 'error'
      ? [`tried again: ${nameTrial(trial)} was an error at the first try: ${oneLine(trial.why)}`]
      : [],
  )
}

/** What a table says of a scenario's trials besides their number. */
export function trialNotes(scenario: ScenarioReport): string[] {
  const { trials } = scenario
  const { skip, fail, error } = countResults(trials)
  const backends = untriedBackends(trials)
  const named = trials.filter(({ verdict, iptables }) => verdict === 'skipped' && backends.includes(iptables))
  const again = retriedLines(scenario).length
  return [
    ...(fail > 0 ? [`${fail} not as they must be`] : []),
    ...(error > 0 ? [`${error} in error`] : []),
    ...(skip > named.length ? [`${skip - named.length} skipped`] : []),
    ...backends.map(backend => `nothing with iptables-${backend}`),
    ...(again > 0 ? [`${again} tried again`] : []),
  ]
}

/** What somebody changed of the machine while a run lasted, a line each. */
export function machineChangeLines({ machine }: Report): string[] {
  return (machine.changed ?? []).map(
    ({ what, before, after }) => `while it ran, ${what} was ${before} and became ${after}`,
  )
}

/** Gives names that nothing else has which it gave a name: the second time, a name gets a number. */
export function uniqueNames(): (name: string) => string {
  const given = new Set<string>()
  return name => {
    let own = name
    for (let times = 2; given.has(own); times++) own = `${name} no. ${times}`
    given.add(own)
    return own
  }
}

/** Text in one line, for formats in which a line break would begin something else. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** Where something is. */
export interface Place {
  readonly node: string
  readonly device?: string | undefined
}

/** Why probes failed, in the kernel's words and the document's. */
export interface Cause extends Place {
  readonly probes: readonly string[]
  /** Whether they are attacks, which were reached there and not lost. */
  readonly attack: boolean
  /** The mechanism's id and what is told of it, where its evidence was seen. */
  readonly id?: string
  readonly mechanism?: Story['mechanisms'][string]
  /** What the kernel said. */
  readonly says: string
  /** The way of a packet that was lost for it, where that was measured. */
  readonly way?: MeasuredWay
}

/** The causes of a scenario's failed probes; probes that fail for the same one stand together. */
export function causesOf({ trials, story }: ScenarioReport): Cause[] {
  const causes = new Map<string, Cause & { readonly clarity: number }>()
  for (const { outcome, attack = false, mechanism: id, cause, probe, says, way: own } of trials) {
    if (outcome !== 'fails') continue
    const mechanism = id === undefined ? undefined : entryOf(story?.mechanisms ?? {}, id)
    const place = mechanism?.at ?? cause
    if (!place) continue
    const key = id ?? `${place.node} ${cause?.says}`
    const known = causes.get(key)
    const clearer = cause && cause.clarity < (known?.clarity ?? Infinity) ? cause : undefined
    // A log line names the device better than the proofs do, which may look elsewhere.
    const device = clearer?.device ?? known?.device ?? place.device
    const way = known?.way ?? own
    causes.set(key, {
      probes: [...new Set([...(known?.probes ?? []), probe])],
      attack,
      ...(id === undefined ? {} : { id }),
      ...(mechanism ? { mechanism } : {}),
      node: known?.node ?? place.node,
      ...(device === undefined ? {} : { device }),
      says: clearer?.says ?? known?.says ?? says,
      ...(way ? { way } : {}),
      clarity: clearer?.clarity ?? known?.clarity ?? Infinity,
    })
  }
  return [...causes.values()].map(({ clarity: _, ...cause }) => cause)
}

/** A cause in a line: probes, place, the kernel's reason, and the document's line where it says it in other words. */
export function describeCause({ probes, attack, node, device, mechanism, says }: Cause): string {
  const parts = [
    `${probes.join(', ')}: ${attack ? 'reached: ' : ''}${[node, device].filter(Boolean).join(' ')}`,
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
