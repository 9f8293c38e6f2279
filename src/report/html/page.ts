/** The page: what ran where, the verdict table, and a section for each scenario. */
import { seconds } from '../../base/text.js'
import { isBad, VERDICTS, type Verdict, worstVerdict } from '../../model/verdict.js'
import { describeRun, machineChangeLines, trialNotes } from '../words.js'
import { type Column, columnsOf, type RunLog } from './model.js'
import { scenarioSection } from './scenario.js'
import { SCRIPT, STYLE } from './style.js'
import { Html, html } from './template.js'

/** The whole page for one or several runs. It loads nothing. */
export function renderPage(runs: readonly RunLog[]): string {
  const columns = columnsOf(runs)
  const titles = worstFirst(columns)
  const names = columns.map(column => column.name)
  // A heading is no table.
  const name = names.length > 3 ? `${names[0]} to ${names.at(-1)}, ${names.length} runs` : names.join(', ')
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>netns-lab: Linux ${name}</title>
<style>${new Html(STYLE)}${columns.length > 1 && new Html(namesOf(columns))}</style></head>
<body${columns.length > 1 && html` class="several" style="--columns: ${columns.length}"`}><main id="top">
<a class="skip-link" href="#verdicts">To the verdicts</a>
<header><h1>Networking failures on Linux ${name}</h1>
${columns.map(header)}</header>
${filters(columns)}
<section class="card scroll" id="verdicts" tabindex="0" aria-label="Verdicts">${verdictTable(titles, columns)}</section>
<p class="tools"><button data-of=".trial" data-open="true">Open every trial</button><button data-of=".trial" data-open="false">Fold every trial</button>
<span class="legend">✓ works, ✕ fails, <b class="good">green</b> where that is what must come out: a documented failure that reproduces is.</span></p>
${[...titles.keys()].map(id => scenarioSection(id, columns))}
${columns.map(unavailable)}
</main><script>${new Html(SCRIPT)}</script></body></html>
`.text
}

/** The names of the columns, for the cells of each. */
function namesOf(columns: readonly Column[]): string {
  const text = (name: string) => JSON.stringify(`${name.replaceAll(/[\\<>\n]/g, ' ')} `)
  return columns.map(({ name }, at) => `\n.k${at}::before { content: ${text(name)} }`).join('')
}

/** The scenarios of all runs with their titles, those with the worst verdict first. */
function worstFirst(columns: readonly Column[]): Map<string, string> {
  const found = new Map<string, { title: string; verdicts: Verdict[] }>()
  for (const { report } of columns)
    for (const { id, title, verdict } of report.scenarios) {
      const known = found.get(id) ?? { title, verdicts: [] }
      found.set(id, known)
      known.verdicts.push(verdict)
    }
  // What went well everywhere stays in the order of the runs.
  const rank = (verdicts: readonly Verdict[]) => {
    const worst = worstVerdict(verdicts)
    return worst && isBad(worst) ? VERDICTS.indexOf(worst) : VERDICTS.length
  }
  return new Map(
    [...found]
      .sort(([, a], [, b]) => rank(a.verdicts) - rank(b.verdicts))
      .map(([id, { title }]) => [id, title]),
  )
}

/** What the page can be narrowed down by; without its script there is none of it. */
function filters(columns: readonly Column[]): Html {
  const scenarios = columns.flatMap(({ report }) => report.scenarios)
  const verdicts = VERDICTS.filter(verdict => scenarios.some(scenario => scenario.verdict === verdict))
  const toggles = [
    ...new Set(scenarios.flatMap(({ trials }) => trials.flatMap(({ fix = {} }) => Object.keys(fix)))),
  ]
  return html`<form class="filters" id="filters" hidden aria-label="Show only">
<label>Text <input type="search" name="text" placeholder="scenario, probe, mechanism, commit"></label>
<label>Toggle <select name="toggle"><option value="">any</option>${toggles.sort().map(toggle => html`<option>${toggle}</option>`)}</select></label>
<fieldset><legend>Verdict</legend>${verdicts.map(verdict => html`<label class="verdict ${verdict}"><input type="checkbox" name="verdict" value="${verdict}" checked> ${verdict}</label>`)}</fieldset>
<output name="shown" aria-live="polite"></output></form>`
}

function header({ report, kept = [] }: Column): Html {
  const counts = VERDICTS.filter(verdict => report.summary[verdict] > 0)
  return html`<p>${describeRun(report)} <span class="dim">· <time datetime="${report.started}">${report.started.slice(0, 16).replace('T', ' ')} UTC</time> · ${seconds(report.elapsedMs)}${
    report.machine.slowness > 1 && ` · deadlines × ${report.machine.slowness.toFixed(1)}`
  }</span></p>
${kept.length > 0 && html`<p class="dim">Kept beside this page: ${kept.map((file, at) => html`${at > 0 && ', '}<a href="${encodeURI(file)}">${file}</a>`)}; after each trial, what its nodes were like, below with the commands.</p>`}${machineChangeLines(report).map(text => html`<p class="warn">${text}</p>`)}<ul class="counts">${counts.map(verdict => html`<li class="verdict ${verdict}">${report.summary[verdict]} ${verdict}</li>`)}</ul>
`
}

function verdictTable(titles: ReadonlyMap<string, string>, columns: readonly Column[]): Html {
  const [only] = columns
  const single = columns.length === 1 && only
  return html`<table><thead><tr><th scope="col">Scenario</th>${
    single
      ? html`<th scope="col">Verdict</th><th scope="col" class="number">Trials</th><th scope="col" class="number">Time</th>`
      : columns.map(({ name }) => html`<th scope="col">${name}</th>`)
  }</tr></thead><tbody>
${[...titles].map(
  ([
    id,
    title,
  ]) => html`<tr data-of="${id}"><th scope="row"><a href="#${id}">${title}</a> <span class="id">${id}</span></th>${columns.map(
    ({ name, report }) => {
      const found = report.scenarios.find(scenario => scenario.id === id)
      const kernel = !single && html`<span class="kernel">${name} </span>`
      if (!found) return html`<td class="dim">${kernel}–</td>`
      const counted = [found.trials.length, ...trialNotes(found)].join(', ')
      return html`<td>${kernel}<span class="verdict ${found.verdict}">${found.verdict}</span></td>${single && html`<td class="number">${counted}</td><td class="number">${seconds(found.elapsedMs)}</td>`}`
    },
  )}</tr>
`,
)}</tbody></table>`
}

function unavailable({ name, report }: Column): Html {
  if (report.unavailable.length === 0) return html``
  return html`<section class="card"><h2>Not available on ${name}</h2><ul>${report.unavailable.map(({ what, why }) => html`<li><b>${what}</b>: ${why}</li>`)}</ul></section>
`
}
