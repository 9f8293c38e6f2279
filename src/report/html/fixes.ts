/** The table of fixes in the page: what breaks and what repairs it in lines, then every setting with what came of it. */
import type { ScenarioReport } from '../../model/report.js'
import { cellText, legendOf } from '../fix-grid.js'
import { type Cell, fixTable, rowParts } from '../fix-table.js'
import { fixLines, signOf } from '../fix-words.js'
import { type Html, html } from './template.js'

/** The table of a scenario's fixes as one run has it; `run` is its name where there are several. */
export function fixSection(scenario: ScenarioReport, run: string | undefined): Html {
  const table = fixTable(scenario)
  if (table.rows.length === 0) return html``
  const title = `What breaks, and what repairs it${run === undefined ? '' : `, on ${run}`}`
  const legend = legendOf(table)
  return html`<ul class="fix-lines">${fixLines(scenario).map(line => html`<li class="${line.kind}"><span aria-hidden="true">${signOf(line)}</span> ${line.text}</li>`)}</ul>
<div class="scroll fixes" tabindex="0" role="group" aria-label="${title}"><table><thead><tr><td></td>${table.probes.map(({ id }) => html`<th scope="col">${id}</th>`)}</tr></thead><tbody>
${table.rows.map(
  row => html`<tr><th scope="row">${rowParts(row).join(', ')}</th>${row.cells.map((cell, at) => html`<td class="${toneOf(cell)}">${cellText(cell, table.probes[at]?.attack ?? false)}</td>`)}</tr>
`,
)}</tbody></table></div>${legend.length > 0 && html`<p class="legend">${legend.join('; ')}</p>`}
`
}

/** Green is what works and must; a failure that must come has no colour of its own. */
function toneOf({ outcome, bad }: Cell): string {
  if (bad) return 'bad'
  if (outcome === 'works') return 'good'
  return outcome === 'fails' || outcome === 'both' ? 'plain' : 'dim'
}
