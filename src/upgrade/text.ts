/** What an upgrade does, in sections that every format shows: text for a terminal, Markdown for a ticket. */
import { counted, seconds } from '../base/text.js'
import type { DefaultChange } from '../distro/defaults-diff.js'
import { changeLine } from '../model/change.js'
import { outcomeWord } from '../model/outcome.js'
import type { Side } from '../report/diff.js'
import { escapeMarkdown, saysOf, where } from '../report/diff-text.js'
import { type MachineChange, machineLines } from '../report/machine-diff.js'
import { isNew } from './own-rules.js'
import { type End, lackingRuns, type Moved, type Subject, type UpgradeReport } from './report.js'

/** One thing that is told. */
interface Item {
  readonly head: string
  readonly lines: readonly string[]
  /** What is behind it, as the last line. */
  readonly because?: string
  /** Where more is told of it. */
  readonly url?: string
}

/** Several of a kind. */
export interface Section {
  readonly title: string
  /** Whether it is why the upgrade fails. */
  readonly bad: boolean
  readonly items: readonly Item[]
}

/** The upgrade in a line: `debian:12 (12.15, Linux 6.1.192) → debian:13 (13.8, Linux 6.12.118)`. */
export function titleOf({ before, after }: UpgradeReport): string {
  const end = ({ name, version, kernel }: End) =>
    `${name} (${[version, kernel && `Linux ${kernel.version}`].filter(Boolean).join(', ')})`
  return `${end(before)} → ${end(after)}`
}

/** What came of it, in a sentence. */
export function verdictOf(report: UpgradeReport): string {
  const { moved, defaults, rules = [], compared, untold } = report
  const stops = moved.filter(({ stops: bad }) => bad).length
  const lost = defaults.changes.filter(({ advice }) => advice !== undefined).length
  const what = [
    ...(stops > 0 ? [`${stops} ${stops === 1 ? 'thing stops' : 'things stop'} working`] : []),
    ...(lost > 0 ? [`${lost} of your own settings ${lost === 1 ? 'is' : 'are'} lost`] : []),
  ]
  const gone = rules.filter(isNew).length
  if (gone > 0) what.push(`${gone} of your own rules ${gone === 1 ? 'is' : 'are'} lost`)
  const silent = untold.reduce((sum, { trials }) => sum + trials, 0)
  const unbegun = new Set(untold.flatMap(({ scenario, trials }) => (trials === 0 ? [scenario] : []))).size
  const lacking = lackingRuns(report).length
  const quiet = [
    ...(silent > 0 ? [`; of ${silent} nothing can be said`] : []),
    ...(unbegun > 0 ? [`; ${counted(unbegun, 'scenario')} could not be run`] : []),
    ...(lacking > 0 ? [`; ${counted(lacking, 'run')} gave no report`] : []),
  ].join('')
  return `${what.join(', and ') || 'Nothing that worked stops to'}: ${counted(compared, 'trial')} compared, ${moved.length} ${moved.length === 1 ? 'comes' : 'come'} out otherwise${quiet}.`
}

/** Everything, what matters most first; sections with nothing in them are left out. */
export function sectionsOf(report: UpgradeReport): Section[] {
  const { moved, untold, defaults, tools, cells, before, after } = report
  const items = (stops: boolean) =>
    moved.filter(one => one.stops === stops).map(movedItem(before.name, after.name))
  const [lost, other] = [true, false].map(own =>
    defaults.changes.filter(({ advice }) => (advice !== undefined) === own),
  )
  const sections: Section[] = [
    { title: 'Stops working', bad: true, items: items(true) },
    {
      title: 'Settings of your own that are lost',
      bad: true,
      items: [...(lost ?? []).map(defaultItem), ...reversePathItems(report)],
    },
    { title: 'Rules of your own that are lost', bad: true, items: ruleItems(report, true) },
    { title: 'Comes out otherwise', bad: false, items: items(false) },
    { title: 'Sysctls that are set otherwise at boot', bad: false, items: (other ?? []).map(defaultItem) },
    { title: 'Rules of your own that neither release keeps', bad: false, items: ruleItems(report, false) },
    {
      title: 'Nothing can be said of',
      bad: false,
      items: untold.map(({ scenario, end, why, trials }) => ({
        head: `${scenario}: ${trials === 0 ? 'no trial' : counted(trials, 'trial')}`,
        lines: [`on ${end}: ${why}`],
        because: 'attributed to nothing',
      })),
    },
    {
      title: 'Packages',
      bad: false,
      items: tools.length > 0 ? [{ head: machineLines(tools).join(', '), lines: [] }] : [],
    },
    {
      title: 'What was run',
      bad: false,
      items: cells.map(({ name, problem, elapsedMs }) => ({
        head: `${name}: ${problem === undefined ? seconds(elapsedMs) : `no report: ${problem}`}`,
        lines: [],
      })),
    },
  ]
  return sections.filter(({ items: all }) => all.length > 0)
}

/** The report for a terminal. */
export function upgradeText(report: UpgradeReport): string {
  const blocks = sectionsOf(report).map(({ title, items }) =>
    [
      title,
      ...items.flatMap(({ head, lines, because, url }) => [
        `  ${head}`,
        ...[...lines, ...(because === undefined ? [] : [because]), ...(url === undefined ? [] : [url])].map(
          line => `      ${line}`,
        ),
      ]),
    ].join('\n'),
  )
  return `${[titleOf(report), ...blocks, verdictOf(report)].join('\n\n')}\n`
}

/** The report as Markdown. */
export function upgradeMarkdown(report: UpgradeReport): string {
  const blocks = sectionsOf(report).flatMap(({ title, items }) => [
    `## ${title}`,
    items
      .flatMap(({ head, lines, because, url }) => [
        `- ${escapeMarkdown(head)}`,
        ...lines.map(line => `  - ${escapeMarkdown(line)}`),
        ...(because === undefined
          ? []
          : [`  - **${escapeMarkdown(because)}**${url === undefined ? '' : ` [source](${url})`}`]),
      ])
      .join('\n'),
  ])
  return `${[`# ${escapeMarkdown(titleOf(report))}`, escapeMarkdown(verdictOf(report)), ...blocks].join('\n\n')}\n`
}

function movedItem(older: string, newer: string) {
  return (one: Moved): Item => ({
    head: subjectLine(one),
    lines: [
      `${saysOf(one)}: ${told(one.before)} on ${older}, ${told(one.after)} on ${newer}${one.seen === 'running-kernel' ? ', both on the running kernel' : ''}`,
      one.after.why,
    ],
    because: because(one),
    ...(one.change ? { url: one.change.url } : {}),
  })
}

function subjectLine(subject: Subject): string {
  return `${subject.scenario}: ${where(subject)}`
}

function told(side: Side): string {
  return `${outcomeWord(side)}${side.outcome === 'fails' && side.mechanism ? ` (${side.mechanism})` : ''}`
}

/** The line that every difference ends with: the kernel, the tools, the defaults, several of them, or why it is not known. */
function because({ cause, factors, why, change, packages = [], sysctls = [] }: Moved): string {
  const details = {
    kernel: change ? changeLine(change) : 'its expectation is keyed by no commit',
    tools: packages.map(packageLine).join(', '),
    defaults: sysctls.map(sysctlLine).join(', '),
  }
  const parts = factors.map(factor => `${factor}: ${details[factor]}`)
  if (cause === 'unknown') return `not attributed: ${why}`
  if (cause === 'both') return `both, each alone: ${parts.join('; ')}`
  if (cause === 'interaction') return `interaction, as it takes several: ${parts.join('; ')}`
  return parts.join('; ')
}

function sysctlLine({ sysctl, before, after }: DefaultChange): string {
  const end = (side: DefaultChange['before']) => (side ? `${side.value} (${side.file})` : 'the kernel’s own')
  return `${sysctl} ${end(before)} → ${end(after)}`
}

function defaultItem(change: DefaultChange): Item {
  return {
    head: sysctlLine(change),
    lines: change.advice === undefined ? [] : [change.advice],
    because: `defaults: ${change.after?.file ?? change.before?.file ?? ''}`,
  }
}

/** What of the user's own rules is lost: by the upgrade, or in another way (in both releases, or in the older one alone). */
function ruleItems({ rules = [], before, after, tools }: UpgradeReport, fresh: boolean): Item[] {
  const packages = tools.filter(({ what }) => ['iptables', 'nftables'].includes(what))
  return rules
    .filter(loss => isNew(loss) === fresh)
    .map(({ what, as, before: old }) => ({
      head: what,
      lines: [as],
      because: fresh
        ? `tools: ${packages.map(packageLine).join(', ')}`
        : old && rules.some(other => other.what === what && other.after)
          ? `tools, of both releases: ${before.name} and ${after.name} lose it alike`
          : `tools: ${before.name} loses it, ${after.name} keeps it`,
    }))
}

function packageLine({ what, before, after }: MachineChange): string {
  return `${what} ${before ?? 'none'} → ${after ?? 'none'}`
}

/** What a packet showed of the reverse path filter, where it is another one. */
function reversePathItems({ defaults: { reversePath, changes } }: UpgradeReport): Item[] {
  const [older, newer] = reversePath
  if (!older || !newer || older.mode === newer.mode) return []
  const files = changes.flatMap(({ sysctl, after }) =>
    sysctl.endsWith('.rp_filter') && after ? [after.file] : [],
  )
  const packet = ({ name, dropped }: typeof older) => `${dropped ? 'dropped' : 'taken'} on ${name}`
  return [
    {
      head: `reverse path filter: ${older.mode} → ${newer.mode}`,
      lines: [`a packet whose source is routed over another device was ${packet(older)}, ${packet(newer)}`],
      because: `defaults: ${[...new Set(files)].join(', ') || 'rp_filter'}`,
    },
  ]
}
