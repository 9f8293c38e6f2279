/** What a trial is called, and which were not tried. */
import type { IptablesBackend } from './plan.js'
import type { TrialReport } from './report.js'

/** A trial without what differs from run to run, to compare repetitions and runs by. */
export function trialKey(trial: TrialReport): string {
  const { phase, probe, iptables, toggles, persisted } = trial
  return JSON.stringify([
    ...[phase, probe, iptables, Object.entries(toggles).sort()],
    ...(persisted === undefined ? [] : [persisted]),
  ])
}

/** A trial in a few words: `fixed float-ping (accept_local all=1, iptables nft)`. */
export function nameTrial({ phase, probe, toggles, iptables, persisted }: TrialReport): string {
  const settings = Object.entries(toggles).map(([toggle, setting]) => `${toggle} ${setting}`)
  const by = persisted === undefined ? [] : [`saved by ${persisted}`]
  return `${phase} ${probe} (${[...settings, `iptables ${iptables}`, ...by].join(', ')})`
}

/** Ways of iptables that a run was to be made with, and that nothing was tried with, though with another one something was. */
export function untriedBackends(trials: readonly TrialReport[]): IptablesBackend[] {
  const backends = (some: readonly TrialReport[]) => new Set(some.map(({ iptables }) => iptables))
  const tried = backends(trials.filter(({ verdict }) => verdict !== 'skipped'))
  return tried.size === 0 ? [] : [...backends(trials)].filter(backend => !tried.has(backend))
}
