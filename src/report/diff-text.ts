/** A diff of two reports for people: plain text for a terminal, Markdown for a pull request. */
import { counted } from '../base/text.js'
import { revertClause } from '../model/change.js'
import { outcomeWord } from '../model/outcome.js'
import type { Report } from '../model/report.js'
import type {
  Difference,
  DifferenceKind,
  ReportDiff,
  ScenarioDifference,
  ScenarioDifferenceKind,
} from './diff.js'
import { machineLines } from './machine-diff.js'
import { oneLine } from './words.js'

const SAYS: Readonly<Record<DifferenceKind, string>> = {
  'fix-broke': 'a fix that worked fails now',
  'judged-worse': 'not as it must be',
  'now-fails': 'it worked and fails now',
  'fix-works': 'a fix that failed works now',
  'failure-gone': 'the failure is gone',
  'judged-better': 'as it must be again',
  mechanism: 'it fails for another reason',
  evidence: 'the kernel shows it otherwise',
  'no-longer-run': 'it is no longer run',
  'newly-run': 'it is run now',
}

/** What is said otherwise of an attack, which is refused where others work. */
const SAYS_OF_ATTACKS: Partial<Record<DifferenceKind, string>> = {
  'fix-broke': 'what refused the attack lets it through now',
  'now-fails': 'the attack was refused and is reached now',
  'fix-works': 'what let the attack through refuses it now',
  'failure-gone': 'the attack is refused now',
  mechanism: 'the attack is reached in another way',
}

const SAYS_OF_SCENARIOS: Readonly<Record<ScenarioDifferenceKind, string>> = {
  'became-error': 'the lab does not get on with it any more',
  vanished: 'the later report does not have it',
  'became-skipped': 'it cannot be tried any more',
  'became-flaky': 'it comes out both ways now',
  'no-longer-flaky': 'it comes out one way now',
  'no-longer-skipped': 'it can be tried now',
  'no-longer-error': 'the lab gets on with it now',
  appeared: 'the earlier report does not have it',
}

/** What became of a scenario in a line: `it cannot be tried any more: confirmed in 14 trials before, skipped now: no CONFIG_VETH`. */
export function scenarioText({ kind, before, after }: ScenarioDifference): string {
  const sides = [
    ...(before ? [`${before.verdict} in ${counted(before.trials, 'trial')} before`] : []),
    ...(after ? [`${after.verdict} now: ${oneLine(after.reason)}`] : []),
  ]
  return `${SAYS_OF_SCENARIOS[kind]}: ${sides.join(', ')}`
}

/** What a difference means to a user, in a few words. */
export function saysOf({ kind, before, after }: Pick<Difference, 'kind' | 'before' | 'after'>): string {
  return ((after ?? before)?.attack && SAYS_OF_ATTACKS[kind]) || SAYS[kind]
}

/** What came before and what comes now, why, and by which evidence; without the commit. */
export function detailsOf(difference: Difference): string[] {
  return details(withoutChange(difference))
}

/** The diff as plain text, worst first. */
export function diffText(diff: ReportDiff): string {
  const width = Math.max(12, ...[...diff.scenarios, ...diff.differences].map(({ kind }) => kind.length)) + 2
  const scenarios = diff.scenarios.map(
    one => `${one.kind.padEnd(width)}${one.scenario}: ${scenarioText(one)}`,
  )
  const blocks = diff.differences.map(difference =>
    [
      `${difference.kind.padEnd(width)}${difference.scenario}: ${where(difference)}`,
      ...details(difference).map(line => `${' '.repeat(width)}${line}`),
    ].join('\n'),
  )
  const head = [`${kernelName(diff.before)} → ${kernelName(diff.after)}`, ...machineLines(diff.machine)]
  return `${[head.join('\n'), ...(scenarios.length > 0 ? [scenarios.join('\n')] : []), ...blocks, summary(diff)].join('\n\n')}\n`
}

/** The diff as Markdown: a heading, a list, commits as links. */
export function diffMarkdown(diff: ReportDiff): string {
  const items = diff.differences.map(difference => {
    const { scenario, change } = difference
    const commit = change
      ? ` [${change.commit}](${change.url}) ${escapeMarkdown(change.title)}, ${releases(change)}`
      : ''
    const lines = detailsOf(difference)
    return [
      `- **${saysOf(difference)}**: \`${scenario}\` ${escapeMarkdown(where(difference))}.${commit}`,
      ...lines.map(line => `  - ${escapeMarkdown(line)}`),
    ].join('\n')
  })
  const heading = `### ${escapeMarkdown(kernelName(diff.before))} → ${escapeMarkdown(kernelName(diff.after))}`
  const machine = machineLines(diff.machine).map(line => `- ${escapeMarkdown(line)}`)
  const scenarios = diff.scenarios.map(one => `- **${one.scenario}**: ${escapeMarkdown(scenarioText(one))}`)
  const lists = [machine, scenarios, items].flatMap(list => (list.length > 0 ? [list.join('\n')] : []))
  return `${[heading, ...lists, summary(diff)].join('\n\n')}\n`
}

/** A kernel with its upstream version, where the release hides it: `6.1.0-56-amd64 (6.1.192)`. */
export function kernelName({ release, version }: Report['kernel']): string {
  return release.startsWith(version) ? release : `${release} (${version})`
}

/** Without the commit, which Markdown shows as a link. */
function withoutChange({ change: _, ...rest }: Difference): Difference {
  return rest
}

/** What a difference is of, besides its scenario: probe, settings, phases, and how rules were saved. */
export function where({
  probe,
  settings,
  persisted,
  phases,
  iptables,
}: Pick<Difference, 'probe' | 'settings' | 'persisted' | 'phases' | 'iptables'>): string {
  const set = Object.entries(settings).map(([toggle, setting]) => `${toggle}=${setting}`)
  return `${probe}${set.length > 0 ? ` with ${set.join(', ')}` : ''} (${phases.join(', ')}; iptables ${iptables.join(', ')}${persisted === undefined ? '' : `; saved by ${persisted}`})`
}

function details(difference: Difference): string[] {
  const { kind, before, after, evidence, toggles, change } = difference
  if (kind === 'no-longer-run' || kind === 'newly-run')
    return [kind === 'newly-run' ? (after?.says ?? '') : (after?.why ?? 'the later report has no such trial')]
  const outcome = `${told(before)}${cause(before)} before, ${told(after)}${cause(after)} now`
  return [
    `${saysOf(difference)}: ${outcome}`,
    ...(kind === 'evidence' ? [] : [after?.why ?? '']),
    ...(evidence ?? []),
    ...(toggles
      ? [
          `${toggles.names.join(', ')} ${toggles.matter ? 'decides now' : 'decides no longer'} whether it works`,
        ]
      : []),
    ...(change ? [`${change.commit} ${change.title} (${releases(change)})`, change.url] : []),
  ].filter(Boolean)
}

function told(side: Difference['before']): string | undefined {
  return side && outcomeWord(side)
}

function cause(side: Difference['before']): string {
  return side?.outcome === 'fails' && side.mechanism ? ` (${side.mechanism})` : ''
}

function releases({ since, backports = [], cve, reverts = [] }: NonNullable<Difference['change']>): string {
  return [
    `since ${since}`,
    ...(backports.length > 0 ? [`backported to ${backports.join(', ')}`] : []),
    ...(cve === undefined ? [] : [cve]),
    ...reverts.map(revertClause),
  ].join(', ')
}

/** How much was compared, and how much is worse, in a sentence. */
export function summary({ scenarios, differences, compared }: ReportDiff): string {
  const broken = differences.filter(({ kind }) => kind === 'fix-broke').length
  const what = broken === 0 ? 'no fix breaks' : broken === 1 ? '1 fix breaks' : `${broken} fixes break`
  const lost = scenarios.filter(({ kind }) => /^became-|^vanished$/.test(kind)).length
  const also = lost === 0 ? '' : `, ${counted(lost, 'scenario')} can no longer be relied on`
  return `${counted(compared, 'trial')} compared, ${counted(scenarios.length + differences.length, 'difference')}: ${what}${also}.`
}

/** Text in which nothing is Markdown. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_<>[\]|]/g, character => `\\${character}`)
}
