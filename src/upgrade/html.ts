/** An upgrade as one page, to be taken to where it is decided. */
import { STYLE } from '../report/html/style.js'
import { Html, html } from '../report/html/template.js'
import { stopsSomething, type UpgradeReport } from './report.js'
import { sectionsOf, titleOf, verdictOf } from './text.js'

/** The whole page. It loads nothing, and folds what was run. */
export function upgradeHtml(report: UpgradeReport): string {
  const title = titleOf(report)
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>netns-lab: ${title}</title>
<style>${new Html(STYLE)}</style></head>
<body><main id="top">
<header><h1>${title}</h1>
<p><span class="verdict ${stopsSomething(report) ? 'regressed' : 'confirmed'}">${stopsSomething(report) ? 'something stops' : 'nothing stops'}</span> ${verdictOf(report)}
<span class="dim"><time datetime="${report.started}">${report.started.slice(0, 16).replace('T', ' ')} UTC</time></span></p></header>
${sectionsOf(report).map(
  ({
    title: name,
    items,
    bad,
  }) => html`<section class="card"><h2>${bad ? html`<span class="verdict regressed">${name}</span>` : name}</h2>
<ul>${items.map(
    ({ head, lines, because, url }) => html`<li><b>${head}</b>${lines.map(line => html`<p>${line}</p>`)}${
      because !== undefined &&
      html`<p><strong>${because}</strong>${url !== undefined && html` <a href="${url}">source</a>`}</p>`
    }</li>
`,
  )}</ul></section>
`,
)}</main></body></html>
`.text
}
