/** What each fix of a scenario set in the kernel, and which probes that repaired. */
import type { PhaseReport, ScenarioReport, TrialReport } from '../model/report.js'
import { settingsBeyond } from './words.js'

type Change = PhaseReport['changes'][number]

/** One fix, wherever in the scenario it was tried. */
export interface Fix {
  /** `accept_local all=1` */
  readonly title: string
  /** Probes that work with it and fail without it. */
  readonly repairs: readonly string[]
  /** Probes that fail with it as they do without it. */
  readonly leaves: readonly string[]
  /** Those of all of them that are attacks: repaired where they are refused. */
  readonly attacks: readonly string[]
  /** What the kernel says is configured otherwise than before it. */
  readonly changes: readonly Change[]
}

/** The fixes of a scenario, in the order in which they were tried. */
export function fixesOf({ trials, phases = [] }: ScenarioReport): Fix[] {
  const fixes = new Map<string, { repairs: Set<string>; leaves: Set<string>; changes: Change[] }>()
  const fixOf = (settings: TrialReport['fix'] = {}) => {
    const title = settingsBeyond(settings, {}).join(', ')
    const fix = fixes.get(title) ?? { repairs: new Set(), leaves: new Set(), changes: [] }
    fixes.set(title, fix)
    return fix
  }
  const failing = new Set(
    trials
      .filter(({ phase, outcome }) => phase === 'broken' && outcome === 'fails')
      .map(({ experiment, iptables, repetition, probe }) =>
        JSON.stringify([experiment, iptables, repetition, probe]),
      ),
  )
  for (const { phase, fix, outcome, experiment, iptables, repetition, probe } of trials) {
    if (phase !== 'fixed' || !failing.has(JSON.stringify([experiment, iptables, repetition, probe]))) continue
    if (outcome === 'works') fixOf(fix).repairs.add(probe)
    if (outcome === 'fails') fixOf(fix).leaves.add(probe)
  }
  for (const { phase, fix, changes } of phases) {
    if (phase !== 'fixed') continue
    const known = fixOf(fix)
    if (known.changes.length === 0) known.changes.push(...changes)
  }
  const attacks = [...new Set(trials.flatMap(({ attack, probe }) => (attack ? [probe] : [])))]
  return [...fixes].map(([title, { repairs, leaves, changes }]) => ({
    title,
    repairs: [...repairs],
    leaves: [...leaves].filter(probe => !repairs.has(probe)),
    attacks,
    changes,
  }))
}

/** A change in a line, for people who know where it is: `sysctl net.ipv4.conf.all.accept_local 0 → 1`. */
export function describeChange({ what, before, after }: Change): string {
  if (before === undefined) return `${what}: + ${after ?? ''}`
  if (after === undefined) return `${what}: − ${before}`
  return what.startsWith('rule ') ? `${what}: ${before} → ${after}` : `${what} ${before} → ${after}`
}

/** Changes node by node in a line: `vm: sysctl …, link …; router: rule …`. */
export function describeChanges(changes: readonly Change[]): string {
  const nodes = [...new Set(changes.map(({ node }) => node))]
  return nodes
    .map(
      node =>
        `${node}: ${changes
          .filter(change => change.node === node)
          .map(describeChange)
          .join(', ')}`,
    )
    .join('; ')
}

/** A fix in a line: `accept_local all=1 repairs float-ping (vm: sysctl net.ipv4.conf.all.accept_local 0 → 1)`. */
export function describeFix({ title, repairs, leaves, attacks, changes }: Fix): string {
  const does = [
    ...phrase(
      repairs,
      probe => !attacks.includes(probe),
      names => `repairs ${names}`,
    ),
    ...phrase(
      repairs,
      probe => attacks.includes(probe),
      names => `keeps out ${names}`,
    ),
    ...phrase(
      leaves,
      probe => !attacks.includes(probe),
      names => `leaves ${names} broken`,
    ),
    ...phrase(
      leaves,
      probe => attacks.includes(probe),
      names => `does not keep out ${names}`,
    ),
  ]
  const set = changes.length > 0 ? ` (${describeChanges(changes)})` : ''
  return `${title} ${does.join(', ') || 'changes nothing for the better'}${set}`
}

/** What is said of those probes that are meant; nothing where there are none. */
function phrase(
  probes: readonly string[],
  meant: (probe: string) => boolean,
  says: (names: string) => string,
): string[] {
  const names = probes.filter(meant).join(', ')
  return names ? [says(names)] : []
}
