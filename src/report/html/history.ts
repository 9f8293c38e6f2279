/** The page of a history: every scenario with its verdict in every run, and what came with each flip. */
import type { History } from '../history.js'
import { flipCause, runLine } from '../history-text.js'
import { STYLE } from './style.js'
import { Html, html } from './template.js'

/** The whole page. It loads nothing. */
export function renderHistory({ runs, scenarios }: History): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>netns-lab: history</title>
<style>${new Html(STYLE)}</style></head>
<body><main>
<h1>Verdicts over time</h1>
<section class="card"><ol class="runs">${runs.map(run => html`<li>${runLine(run)}</li>`)}</ol></section>
<section class="card scroll" tabindex="0" aria-label="Verdicts"><table><thead><tr><th scope="col">Scenario</th>${runs.map(({ started, kernel }, at) => html`<th scope="col" title="${started}">${at + 1}<br>${kernel.version}</th>`)}</tr></thead><tbody>
${scenarios.map(
  ({
    id,
    title,
    verdicts,
  }) => html`<tr><th scope="row">${title} <span class="id">${id}</span></th>${verdicts.map(verdict => (verdict === null ? html`<td class="dim">–</td>` : html`<td><span class="verdict ${verdict}">${verdict}</span></td>`))}</tr>
`,
)}</tbody></table></section>
<section class="card"><h2>Flips</h2>
${
  scenarios.every(({ flips }) => flips.length === 0)
    ? html`<p>No verdict is another one than it was in the run before.</p>`
    : html`<ul>${scenarios.map(({ id, flips }) =>
        flips.map(
          flip =>
            html`<li><code>${id}</code>: <span class="verdict ${flip.from}">${flip.from}</span> (${flip.before + 1}) → <span class="verdict ${flip.to}">${flip.to}</span> (${flip.after + 1}), ${flipCause(flip)}</li>`,
        ),
      )}</ul>`
}</section>
</main></body></html>
`.text
}
