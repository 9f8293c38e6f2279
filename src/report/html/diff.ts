/** The page of a diff of two reports: what changed, worst first, with the commits. */

import type { ReportDiff } from '../diff.js'
import { detailsOf, kernelName, saysOf, scenarioText, summary, where } from '../diff-text.js'
import { machineLines } from '../machine-diff.js'
import { STYLE } from './style.js'
import { Html, html } from './template.js'

/** The whole page. It loads nothing; `worse` tells what an upgrade must not bring. */
export function renderDiff(diff: ReportDiff, worse: (kind: string) => boolean): string {
  const title = `${kernelName(diff.before)} → ${kernelName(diff.after)}`
  const machine = machineLines(diff.machine)
  const tone = (kind: string) => (worse(kind) ? 'regressed' : 'changed')
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>netns-lab: ${title}</title>
<style>${new Html(STYLE)}</style></head>
<body><main>
<h1>${title}</h1>
<p>${summary(diff)}</p>
${machine.length > 0 && html`<section class="card"><h2>Besides the kernel</h2><ul>${machine.map(line => html`<li>${line}</li>`)}</ul></section>`}
${
  diff.scenarios.length > 0 &&
  html`<section class="card"><h2>Scenarios</h2><ul>${diff.scenarios.map(
    one =>
      html`<li><span class="verdict ${tone(one.kind)}">${one.kind}</span> <code>${one.scenario}</code>: ${scenarioText(one)}</li>`,
  )}</ul></section>`
}
${diff.differences.map(
  difference => html`<section class="card"><h2><span class="verdict ${tone(difference.kind)}">${difference.kind}</span> ${saysOf(difference)}</h2>
<p><code>${difference.scenario}</code>: ${where(difference)}</p>
<ul>${detailsOf(difference).map(line => html`<li>${line}</li>`)}</ul>
${difference.change && html`<p><a href="${difference.change.url}"><code>${difference.change.commit}</code></a> ${difference.change.title}</p>`}</section>
`,
)}</main></body></html>
`.text
}
