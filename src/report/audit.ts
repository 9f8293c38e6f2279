/** What an audit came to, in the formats that a run's reporters have: for a person, a page, or a machine. */
import { counted, wrap } from '../base/text.js'
import type { AuditReport, Finding } from '../model/audit.js'
import { html } from './html/template.js'
import { entry } from './tmt.js'
import { oneLine } from './words.js'

const WIDTH = 110

/** A format of an audit. */
type Format = (report: AuditReport) => string

/** What a finding is to who knows cases alone: exposed fails, what cannot be told is skipped, all else passes. */
function resultOf({ finding }: Finding): 'pass' | 'fail' | 'skip' {
  if (finding === 'exposed') return 'fail'
  return finding === 'relies on' ? 'pass' : 'skip'
}

const nameOf = ({ scenario, netns }: Finding) => `${scenario} in ${netns}`

/** A finding's reason in one sentence. */
function reasonOf({ finding, fails, holders, missing }: Finding): string {
  if (finding === 'exposed') return fails.map(({ probe, why }) => `${probe}: ${why}`).join(' ')
  if (finding === 'relies on')
    return `held by ${holders.map(({ by, boot }) => `${by}${boot === undefined ? '' : ` (after a boot: ${boot})`}`).join(', ')}`
  return finding === 'cannot tell' ? (missing ?? '') : `without ${missing ?? ''}`
}

/** One line for each machine: `Debian GNU/Linux 12 (bookworm), Linux 6.1.192, 3 namespaces`. */
function machineLine({ distribution, kernel, netns }: AuditReport): string {
  return `${distribution}, Linux ${kernel.version} (${kernel.release}), ${counted(netns.length, 'namespace')}`
}

function paragraph(text: string, indent: string): string {
  return indent + wrap(text, WIDTH - indent.length, indent)
}

/** Objects, failures, what holds, what repairs, and what it hangs on. */
function details({ objects, fails, held, holders, repairs, conditions }: Finding): string[] {
  return [
    ...objects.map(text => paragraph(text, '    ')),
    ...fails.map(({ probe, why }) => paragraph(`✕ ${probe}: ${why}`, '    ')),
    ...held.map(({ probe, why }) => paragraph(`✓ ${probe}: ${why}`, '    ')),
    ...holders.flatMap(({ by, facts, boot }) => [
      paragraph(`relies on ${by}${facts.length > 0 ? `: ${facts.join('; ')}` : ''}`, '    '),
      ...(boot === undefined ? [] : [paragraph(`! after a boot: ${boot}`, '        ')]),
    ]),
    ...repairs.flatMap(({ settings, probes, commands }) => {
      const set = Object.entries(settings).map(pair => pair.join('='))
      return [
        paragraph(`${set.join(', ')} repairs ${probes.join(', ')}:`, '    '),
        ...commands.map(command => `        ${command}`),
      ]
    }),
    ...(conditions.length > 0 ? conditions : ['nothing: all of it was read']).map(text =>
      paragraph(`hangs on: ${text}`, '    '),
    ),
  ]
}

const isNews = ({ finding }: Finding) => finding === 'exposed' || finding === 'relies on'

/** For a person: what is exposed first, then what relies on something, then what is not concerned, one line each. */
function pretty(report: AuditReport): string {
  const { findings, unread } = report
  const news = ['exposed', 'relies on'].flatMap(kind => findings.filter(({ finding }) => finding === kind))
  const others = new Map<string, Finding>()
  for (const finding of findings)
    if (!isNews(finding) && !others.has(finding.scenario)) others.set(finding.scenario, finding)
  for (const { scenario } of news) others.delete(scenario)
  return [
    machineLine(report),
    '',
    ...news.flatMap(finding => [
      `${finding.finding.padEnd(15)}${nameOf(finding)}`,
      paragraph(`${finding.title}.`, '    '),
      ...details(finding),
      '',
    ]),
    ...[...others.values()].map(
      finding => `${finding.finding.padEnd(15)}${finding.scenario}: ${reasonOf(finding)}`,
    ),
    ...(others.size > 0 ? [''] : []),
    ...forLines(report),
    ...unread.map(unreadLine),
    ...(unread.length > 0 ? [''] : []),
    `${count(findings, 'exposed')} exposed, ${count(findings, 'relies on')} held, ${others.size} not concerned or not known`,
    '',
  ].join('\n')
}

function unreadLine({ netns, what, why, remedy }: AuditReport['unread'][number]): string {
  const where = netns === undefined ? '' : `${netns}: `
  return `not read: ${where}${what}: ${oneLine(why)}${remedy === undefined ? '' : ` (${remedy})`}`
}

function forLines({ for: against }: AuditReport): string[] {
  if (!against) return []
  const { name, changes } = against
  return [
    `with ${name}: ${changes.length === 0 ? 'nothing of it changes' : counted(changes.length, 'change')}`,
    ...changes.flatMap(({ netns, scenario, change, worse, remedy }) => [
      paragraph(
        `${worse ? '!' : '·'} ${[netns, scenario].filter(Boolean).join(', ')}${(netns ?? scenario) ? ': ' : ''}${change}`,
        '    ',
      ),
      ...(remedy === undefined ? [] : [paragraph(remedy, '        ')]),
    ]),
    '',
  ]
}

function count(findings: readonly Finding[], kind: Finding['finding']): number {
  return new Set(findings.flatMap(({ finding, scenario }) => (finding === kind ? [scenario] : []))).size
}

function tap(report: AuditReport, version: string): string {
  const { findings } = report
  const lines = findings.map((finding, index) => {
    const result = resultOf(finding)
    const words = `${result === 'fail' ? 'not ok' : 'ok'} ${index + 1} ${nameOf(finding)}`.replaceAll(
      '#',
      '\\#',
    )
    return `${words}${result === 'skip' ? ` # SKIP ${oneLine(reasonOf(finding))}` : ''}\n# ${oneLine(reasonOf(finding))}`
  })
  return [version, `1..${findings.length}`, ...lines, ''].join('\n')
}

function xml(text: string): string {
  return text
    .replace(/[^\t\n\x20-\ud7ff\ue000-\ufffd]/g, '�')
    .replace(/[&<>"]/g, char => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char] ?? char)
}

function junit(report: AuditReport): string {
  const { findings } = report
  const cases = findings.map(finding => {
    const result = resultOf(finding)
    const body =
      result === 'pass'
        ? ''
        : result === 'skip'
          ? `<skipped message="${xml(reasonOf(finding))}"/>`
          : `<failure message="${xml(reasonOf(finding))}">${xml(details(finding).join('\n'))}</failure>`
    return `    <testcase classname="${xml(finding.netns)}" name="${xml(finding.scenario)}">${body}</testcase>`
  })
  const of = (kind: string) => findings.filter(finding => resultOf(finding) === kind).length
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="netns-lab audit" tests="${findings.length}" failures="${of('fail')}" errors="0">`,
    `  <testsuite name="${xml(machineLine(report))}" tests="${findings.length}" failures="${of('fail')}" errors="0" skipped="${of('skip')}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

/** What a workflow command takes in its message. */
function commandText(text: string): string {
  return text.replace(
    /[%\r\n]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

function github({ findings, for: against }: AuditReport): string {
  return [
    ...findings.filter(isNews).map(finding => {
      const level = finding.finding === 'exposed' ? 'error' : 'notice'
      return `::${level} title=${commandText(`${finding.finding}: ${nameOf(finding)}`).replace(/[:,]/g, ' ')}::${commandText(`${finding.title}. ${reasonOf(finding)}`)}`
    }),
    ...(against?.changes ?? []).map(
      ({ change, worse }) =>
        `::${worse ? 'warning' : 'notice'} title=with ${against?.name.replace(/[:,]/g, ' ')}::${commandText(change)}`,
    ),
    '',
  ].join('\n')
}

const cell = (text: string) => oneLine(text).replace(/[\\|<>&]/g, char => `\\${char}`)

function markdown(report: AuditReport): string {
  const news = report.findings.filter(isNews)
  return [
    `# Audit: ${cell(machineLine(report))}`,
    '',
    '| finding | scenario | namespace | why |',
    '| --- | --- | --- | --- |',
    ...report.findings.map(
      finding =>
        `| ${finding.finding} | \`${finding.scenario}\` | ${cell(finding.netns)} | ${cell(reasonOf(finding))} |`,
    ),
    '',
    ...news.flatMap(finding => [
      `## ${finding.finding}: ${cell(nameOf(finding))}`,
      '',
      `${cell(finding.title)}.`,
      '',
      '```text',
      ...details(finding).map(line => line.replaceAll('```', "'''")),
      '```',
      '',
    ]),
    ...(report.for ? ['```text', ...forLines(report), '```', ''] : []),
    ...report.unread.map(one => `- ${cell(unreadLine(one))}`),
    '',
  ].join('\n')
}

function page(report: AuditReport): string {
  const rows = report.findings.map(
    finding =>
      html`<tr><td>${finding.finding}</td><td>${finding.scenario}</td><td>${finding.netns}</td><td>${reasonOf(finding)}${
        isNews(finding)
          ? html`<details><summary>details</summary><pre>${details(finding).join('\n')}</pre></details>`
          : ''
      }</td></tr>`,
  )
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Audit</title>
<style>body { font-family: sans-serif; margin: 2em } td { vertical-align: top; padding: 0.3em 1em 0.3em 0 }</style>
<h1>${machineLine(report)}</h1>
<table>${rows}</table>
<pre>${forLines(report).join('\n')}</pre>
<ul>${report.unread.map(one => html`<li>${unreadLine(one)}</li>`)}</ul>
</html>
`.text
}

/** One line of JSON for each finding, and for what was not read. */
function events({ findings, for: against, unread }: AuditReport): string {
  return [
    ...findings.map(finding => ({ type: 'finding', ...finding })),
    ...(against?.changes ?? []).map(change => ({ type: 'change', for: against?.name, ...change })),
    ...unread.map(one => ({ type: 'unread', ...one })),
  ]
    .map(line => `${JSON.stringify(line)}\n`)
    .join('')
}

function lava({ findings }: AuditReport): string {
  return findings
    .map(
      finding =>
        `<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=${nameOf(finding).replace(/[^\w.-]+/g, '-')} RESULT=${resultOf(finding)}>\n`,
    )
    .join('')
}

function tmt({ findings, kernel }: AuditReport): string {
  if (findings.length === 0) return '[]\n'
  return findings
    .map(finding =>
      entry(`/${finding.scenario}/${finding.netns.replace(/[^\w.-]+/g, '-')}`, resultOf(finding), undefined, {
        kernel: kernel.release,
        finding: finding.finding,
        reason: reasonOf(finding),
      }),
    )
    .join('')
}

/** Reporters of a run that write no audit, and why. */
export const NO_AUDIT_FORMATS: Readonly<Record<string, string>> = {
  kcidb: 'it submits what tests of a kernel’s build came to, and an audit is of one machine’s settings',
}

/** Every format by the name that its reporter has. */
export const AUDIT_FORMATS: Readonly<Record<string, Format>> = {
  pretty,
  json: report => `${JSON.stringify(report, null, 2)}\n`,
  tap: report => tap(report, 'TAP version 14'),
  ktap: report => tap(report, 'KTAP version 1'),
  kselftest: report => tap(report, 'TAP version 13'),
  junit,
  github,
  markdown,
  html: page,
  events,
  lava,
  tmt,
}
