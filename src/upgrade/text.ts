/** What an upgrade does, in sections that every format shows: text for a terminal, Markdown for a ticket. */
import { seconds } from '../base/text.js'
import type { DefaultChange } from '../distro/defaults-diff.js'
import { changeLine } from '../model/change.js'
import { outcomeWord } from '../model/outcome.js'
import type { Side } from '../report/diff.js'
import { escapeMarkdown, saysOf, where } from '../report/diff-text.js'
import { machineLines } from '../report/machine-diff.js'
import type { End, Moved, Subject, UpgradeReport } from './report.js'

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
export function verdictOf({ moved, defaults, compared, untold }: UpgradeReport): string {
  const stops = moved.filter(({ stops: bad }) => bad).length
  const lost = defaults.changes.filter(({ advice }) => advice !== undefined).length
  const what = [
    ...(stops > 0 ? [`${stops} ${stops === 1 ? 'thing stops' : 'things stop'} working`] : []),
    ...(lost > 0 ? [`${lost} of your own settings ${lost === 1 ? 'is' : 'are'} lost`] : []),
  ]
  const silent = untold.reduce((sum, { trials }) => sum + trials, 0)
  const quiet = silent > 0 ? `; of ${silent} nothing can be said` : ''
  return `${what.join(', and ') || 'Nothing that worked stops to'}: ${compared} trials compared, ${moved.length} come out otherwise${quiet}.`
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
    { title: 'Comes out otherwise', bad: false, items: items(false) },
    { title: 'Sysctls that are set otherwise at boot', bad: false, items: (other ?? []).map(defaultItem) },
    {
      title: 'Nothing can be said of',
      bad: false,
      items: untold.map(({ scenario, end, why, trials }) => ({
        head: `${scenario}: ${trials} ${trials === 1 ? 'trial' : 'trials'}`,
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
    tools: packages
      .map(({ what, before, after }) => `${what} ${before ?? 'none'} → ${after ?? 'none'}`)
      .join(', '),
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
