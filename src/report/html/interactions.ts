/** The page of interactions: settings down, scenarios across, and a sign where they meet. */
import type { Effect, SettingRow } from '../interactions.js'
import { describeInteraction, EFFECTS } from '../interactions-text.js'
import { STYLE } from './style.js'
import { Html, html } from './template.js'

const OWN_STYLE = `
.interactions th[scope=col] { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; vertical-align: bottom; font-weight: normal; white-space: nowrap }
.interactions th[scope=row] { white-space: nowrap; position: sticky; left: 0; background: var(--card, Canvas) }
.interactions td { text-align: center; min-width: 1.6rem }
.interactions .bad { color: #b3261e } .interactions .good { color: #1a7f37 } .interactions .some { color: #9a6700 }
@media (prefers-color-scheme: dark) { .interactions .bad { color: #ff8a80 } .interactions .good { color: #7ee787 } .interactions .some { color: #e3b341 } }
`
const KINDS: Readonly<Record<Effect, string>> = {
  makes: 'bad',
  breaks: 'bad',
  both: 'some',
  repairs: 'good',
  partly: 'some',
  together: 'some',
  leaves: 'dim',
}

/** The whole page. It loads nothing. */
export function renderInteractions(rows: readonly SettingRow[], kernel: string): string {
  const scenarios = [
    ...new Set(rows.flatMap(({ interactions }) => interactions.map(({ scenario }) => scenario))),
  ].sort()
  const cell = ({ interactions }: SettingRow, id: string) => {
    const found = interactions.find(({ scenario }) => scenario === id)
    if (!found) return html`<td></td>`
    const says = `${id}: ${describeInteraction(found)}`
    return html`<td class="${KINDS[found.effect]}" title="${says}" aria-label="${says}">${EFFECTS[found.effect].sign}</td>`
  }
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>netns-lab: what each setting does, Linux ${kernel}</title>
<style>${new Html(STYLE + OWN_STYLE)}</style></head>
<body><main>
<h1>What each setting does, on Linux ${kernel}</h1>
<p>${Object.values(EFFECTS).map(({ sign, says }) => html`<span><b>${sign}</b> ${says} · </span>`)}empty: the scenario does not have it</p>
<section class="card scroll interactions" tabindex="0" aria-label="Interactions"><table><thead><tr><th></th>${scenarios.map(id => html`<th scope="col">${id}</th>`)}</tr></thead><tbody>
${rows.map(row => html`<tr><th scope="row"><code>${row.toggle}=${row.setting}</code></th>${scenarios.map(id => cell(row, id))}</tr>\n`)}</tbody></table></section>
<section class="card"><h2>In words</h2><dl>${rows.map(
    ({ toggle, setting, interactions }) =>
      html`<dt><code>${toggle}=${setting}</code></dt>${interactions.map(
        one => html`<dd><code>${one.scenario}</code>: ${describeInteraction(one)}</dd>`,
      )}`,
  )}</dl></section>
</main></body></html>
`.text
}
