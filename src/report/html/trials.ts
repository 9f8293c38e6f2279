/** The trials of a scenario: a line for each, with how it came out in each run, and its evidence below. */

import { releasesOf, revertClause } from '../../model/change.js'
import { mustWord, outcomeWord } from '../../model/outcome.js'
import type { Story, TrialReport } from '../../model/report.js'
import { resultOf } from '../../model/verdict.js'
import { describeChanges } from '../fixes.js'
import { describeWay } from '../way.js'
import { documented, settingsBeyond, type Toggles } from '../words.js'
import { type Column, groupTrials, type TrialGroup, type TrialRow } from './model.js'
import { type Html, html } from './template.js'

/** Every trial of a scenario, topology by topology. */
export function trialSection(id: string, columns: readonly Column[], story: Story | undefined): Html {
  const groups = groupTrials(
    columns.map(({ report }) => report.scenarios.find(candidate => candidate.id === id)),
  )
  const count = groups.reduce((sum, { rows }) => sum + rows.length, 0)
  return html`<details class="trials" open><summary>Trials <span class="dim">${count}</span></summary>
${groups.map(
  group => html`<section class="group"><h4>${groupTitle(group, story)}</h4>
${columns.length > 1 && html`<p class="trial head" aria-hidden="true"><span class="phase"></span><span class="what"></span>${columns.map(({ name }) => html`<span class="cell">${name}</span>`)}</p>`}
${group.rows.map((row, index) => html`${isNewPhase(group.rows, index) && changesLine(id, row.trial, columns)}${trialLine(row, columns, group.rows[0]?.trial.toggles ?? {}, group.rows.slice(0, index))}`)}</section>
`,
)}</details>
`
}

/** The experiment that these trials are of, with what else tells them from others. */
function groupTitle({ rows }: TrialGroup, story: Story | undefined): string {
  const [first] = rows
  if (!first) return ''
  const { experiment, toggles, iptables, repetition } = first.trial
  const given = story ? settingsBeyond(toggles, documented(story)) : []
  return [
    experiment,
    ...(given.length > 0 ? [`starting from ${given.join(', ')}`] : []),
    ...(iptables === 'legacy' ? ['iptables legacy'] : []),
    ...(repetition > 1 ? [`repetition ${repetition}`] : []),
  ].join('; ')
}

function isNewPhase(rows: readonly TrialRow[], index: number): boolean {
  const [own, before] = [rows[index]?.trial, rows[index - 1]?.trial]
  return (['phase', 'fix', 'persisted'] as const).some(
    key => JSON.stringify(own?.[key]) !== JSON.stringify(before?.[key]),
  )
}

/** What a fix set in the kernel, above the trials that it was set for; each kernel’s own where they differ. */
function changesLine(id: string, trial: TrialReport, columns: readonly Column[]): Html | false {
  if (trial.phase !== 'fixed' && trial.phase !== 'persisted') return false
  const fix = JSON.stringify(trial.fix)
  const lines = columns.flatMap(({ name, report }) => {
    const phases = report.scenarios.find(candidate => candidate.id === id)?.phases ?? []
    const own = phases.find(
      ({ phase, experiment, iptables, repetition, ...other }) =>
        phase === trial.phase &&
        other.persisted === trial.persisted &&
        experiment === trial.experiment &&
        iptables === trial.iptables &&
        repetition === trial.repetition &&
        JSON.stringify(other.fix) === fix,
    )
    return own && own.changes.length > 0 ? [{ name, text: describeChanges(own.changes) }] : []
  })
  const [first] = lines
  if (!first) return false
  const alike = lines.every(({ text }) => text === first.text)
  return html`${(alike ? [first] : lines).map(
    ({ name, text }) => html`<p class="changes">${!alike && html`<b>${name}</b> `}<code>${text}</code></p>`,
  )}`
}

function trialLine(
  { trial, cells }: TrialRow,
  columns: readonly Column[],
  base: Toggles,
  earlier: readonly TrialRow[],
): Html {
  const before = earlier.findLast(row => row.trial.probe === trial.probe)
  const settings = settingsBeyond(trial.toggles, base)
  const bad = cells.some(cell => cell && !cell.ok)
  return html`<details class="trial"${bad && html` open`}><summary><span class="phase">${trial.phase}</span><span class="what"><b>${trial.probe}</b>${settings.map(
    setting => html` <code>${setting}</code>`,
  )}${trial.persisted && html` <code>saved by ${trial.persisted}</code>`}</span>${cells.map((cell, index) => outcomeCell(cell, columns.length > 1 ? index : undefined))}</summary>
<div class="evidence">${alike(cells, columns).map(({ names, cell, column }) => trialDetails(cell, names, before?.cells[column]))}</div></details>
`
}

/** The cells of a row, those of runs whose kernels say the same but for numbers together, with the names of their runs where there are several. */
function alike(
  cells: TrialRow['cells'],
  columns: readonly Column[],
): { readonly names: string | undefined; readonly cell: TrialReport; readonly column: number }[] {
  const groups = new Map<string, { names: string[]; cell: TrialReport; column: number }>()
  for (const [index, cell] of cells.entries()) {
    if (!cell) continue
    const { verdict, says, why, evidence, answeredBy, serverSaw, change, way } = cell
    const findings = evidence.map(found => [found.state, found.source, found.node, found.says])
    // Counts, times and MAC addresses differ from run to run; who answered does not.
    const said = JSON.stringify([says, why, findings, way && describeWay(way)])
      .replace(/\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b/g, '0')
      .replace(/[0-9a-f]*\d[0-9a-f]*/g, '0')
    const key = JSON.stringify([verdict, answeredBy, serverSaw, change?.commit, said])
    const group = groups.get(key) ?? { names: [], cell, column: index }
    groups.set(key, group)
    group.names.push(columns[index]?.name ?? '')
  }
  return [...groups.values()].map(({ names, cell, column }) => ({
    names: columns.length <= 1 ? undefined : groups.size === 1 ? 'everywhere' : names.join(', '),
    cell,
    column,
  }))
}

function outcomeCell(trial: TrialReport | undefined, column: number | undefined): Html {
  // Its name comes from the style: in a page of forty scenarios on eight kernels it would stand there ten thousand times.
  const name = column === undefined ? undefined : html`<i class="kernel k${column}"></i>`
  if (!trial) return html`<span class="cell dim">${name}–</span>`
  const { outcome, verdict } = trial
  const expected = verdict === 'confirmed' || verdict === 'skipped' ? '' : ` · ${verdict}`
  return html`<span class="cell outcome ${outcome} ${resultOf(verdict)} ${verdict}">${name}${outcomeWord(trial)}${expected}</span>`
}

/** `before` is the trial of the same probe before it. */
function trialDetails(trial: TrialReport, column: string | undefined, before: TrialReport | undefined): Html {
  const { says, why, evidence, answeredBy, serverSaw, elapsedMs, measured, change } = trial
  const facts = [
    mustWord(trial),
    ...(answeredBy === undefined ? [] : [`answered by ${answeredBy}`]),
    ...(serverSaw === undefined ? [] : [`server saw ${serverSaw}`]),
    ...Object.entries(measured ?? {}).map(([name, value]) => `${name} ${value}`),
    `${elapsedMs.toFixed(0)} ms`,
  ]
  return html`${column && html`<h5>${column}</h5>`}<p>${says}</p><p class="dim">${why}</p><p class="dim facts">${facts.join(' · ')}</p>${wayLine(trial, before)}
${change && html`<p>Keyed by <a href="${change.url}"><code>${change.commit}</code></a> ${change.title}, since ${releasesOf(change)}${change.cve && ` (${change.cve})`}.${(change.reverts ?? []).map(revert => html` <a href="${revert.url}">${revertClause(revert)}</a>.`)}</p>`}
${
  evidence.length > 0 &&
  html`<ul class="findings">${evidence.map(
    found =>
      html`<li class="${found.state}"><b>${found.state}</b> <i>${found.node}</i> <small>${found.source}</small> <code>${found.says}</code></li>`,
  )}</ul>`
}`
}

/** The way that a trial's packet took; that of most is the one before's, but for a port by chance. */
function wayLine({ way }: TrialReport, before: TrialReport | undefined): Html | false {
  if (!way) return false
  const told = describeWay(way)
  const withoutPorts = (text: string) => text.replace(/:\d{4,5}\b/g, '')
  const isSame = before?.way !== undefined && withoutPorts(describeWay(before.way)) === withoutPorts(told)
  return html`<p class="dim">${isSame ? 'the way as before' : told}</p>`
}
