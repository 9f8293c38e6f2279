/** What a trial is called. */
import type { TrialReport } from './report.js'

/** A trial without what differs from run to run, to compare repetitions and runs by. */
export function trialKey(trial: TrialReport): string {
  return JSON.stringify([trial.phase, trial.probe, trial.iptables, Object.entries(trial.toggles).sort()])
}

/** A trial in a few words: `fixed float-ping (accept_local all=1, iptables nft)`. */
export function nameTrial({ phase, probe, toggles, iptables }: TrialReport): string {
  const settings = Object.entries(toggles).map(([toggle, setting]) => `${toggle} ${setting}`)
  return `${phase} ${probe} (${[...settings, `iptables ${iptables}`].join(', ')})`
}
