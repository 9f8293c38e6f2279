/** The table of fixes in the page: what breaks and what repairs it in lines, then every setting with what came of it. */
import type { ScenarioReport } from '../../model/report.js'
import { cellText, legendOf } from '../fix-grid.js'
import { type Cell, fixTable, rowParts } from '../fix-table.js'
import { fixLines, signOf } from '../fix-words.js'
import { type Html, html } from './template.js'

/** The tables of a scenario's fixes, one for all runs that came out alike. */
export function fixSections(
  runs: readonly { readonly name: string; readonly scenario: ScenarioReport }[],
  several: boolean,
): Html {
  const groups = new Map<string, { names: string[]; scenario: ScenarioReport }>()
  for (const { name, scenario } of runs) {
    const { probes, rows } = fixTable(scenario)
    const cells = rows.map(row => [
      rowParts(row),
      row.cells.map(({ outcome, bad, changed }) => [outcome, bad, changed]),
    ])
    const key = JSON.stringify([probes, cells, fixLines(scenario)])
    const group = groups.get(key) ?? { names: [], scenario }
    groups.set(key, group)
    group.names.push(name)
  }
  return html`${[...groups.values()].map(({ names, scenario }) => fixSection(scenario, several && groups.size > 1 ? names.join(', ') : undefined))}`
}

/** The table of a scenario's fixes; `runs` names those that have it, where there are several. */
function fixSection(scenario: ScenarioReport, runs: string | undefined): Html {
  const table = fixTable(scenario)
  if (table.rows.length === 0) return html``
  const title = `What breaks, and what repairs it${runs === undefined ? '' : `, on ${runs}`}`
  const legend = legendOf(table)
  return html`${runs !== undefined && html`<h4>${runs}</h4>`}<ul class="fix-lines">${fixLines(scenario).map(line => html`<li class="${line.kind}"><span aria-hidden="true">${signOf(line)}</span> ${line.text}</li>`)}</ul>
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
