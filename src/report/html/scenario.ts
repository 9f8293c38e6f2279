/** One scenario of the page: its verdict, its story, the pictures of where packets are lost, its trials and commands. */
import { entryOf } from '../../base/records.js'
import type { Story } from '../../model/report.js'
import { drawTopology } from '../drawing.js'
import { drawnWay, howMeasured, type Way, wayOf, wayWords } from '../way.js'
import { type Cause, causesOf, hintsOf, retriedLines } from '../words.js'
import { commandSection } from './commands.js'
import { fixSections } from './fixes.js'
import type { Column } from './model.js'
import { Html, html } from './template.js'
import { trialSection } from './trials.js'

/** A scenario as every run of it came out. */
export function scenarioSection(id: string, columns: readonly Column[]): Html {
  const found = columns.flatMap(({ name, report }) => {
    const own = report.scenarios.find(candidate => candidate.id === id)
    return own ? [{ name, own, kernel: report.kernel }] : []
  })
  const several = columns.length > 1
  const story = found.flatMap(({ own }) => own.story ?? []).at(-1)
  const logs = columns.flatMap(({ name, experiments }) =>
    (experiments.get(id) ?? []).map(log => (several ? { ...log, title: `${name}: ${log.title}` } : log)),
  )
  const verdicts = [...new Set(found.map(({ own }) => own.verdict))]
  const toggles = [
    ...new Set(found.flatMap(({ own }) => own.trials.flatMap(({ fix = {} }) => Object.keys(fix)))),
  ]
  return html`<article id="${id}" data-verdicts="${verdicts.join(' ')}" data-toggles="${toggles.join(' ')}">
<h2>${found[0]?.own.title ?? id}</h2>
<p class="id"><code>${id}</code></p>
${found.map(
  ({ name, own, kernel }) =>
    html`<p class="reason"><span class="verdict ${own.verdict}">${own.verdict}</span> ${several && html`<b>${name}</b> `}${own.reason}</p>
${retriedLines(own).map(text => html`<p class="warn">${text}</p>`)}${hintsOf(own, kernel).map(hint => html`<p class="dim">→ ${hint}</p>`)}`,
)}
${fixSections(
  found.map(({ name, own }) => ({ name, scenario: own })),
  several,
)}
${
  story &&
  html`<blockquote><p>${story.source.says}</p><footer><a href="${story.source.url}">${story.source.title}</a></footer></blockquote>
${pictures(
  found[0]?.own.title ?? id,
  found.flatMap(({ own }) => causesOf(own)),
  story,
)}`
}
${trialSection(id, columns, story)}
${
  logs.length > 0
    ? commandSection(logs, story)
    : html`<p class="dim">The commands are in the page that the run itself writes; <code>lab script ${id}</code> prints them, too.</p>
`
}<p class="top"><a href="#top">Back to the table</a></p>
</article>
`
}

/** A picture for each cause, or one of the topology alone where nothing was lost. */
function pictures(name: string, causes: readonly Cause[], { topology, probes }: Story): Html {
  const distinct = new Map<string, Cause>()
  for (const cause of causes) {
    const key = `${cause.id} ${cause.node}`
    // Of several runs, one may have measured it, and the others not.
    const way = cause.way ?? distinct.get(key)?.way
    distinct.set(key, way ? { ...cause, way } : cause)
  }
  if (distinct.size === 0) return figure(drawTopology(topology, { title: name, standalone: false }), name)
  return html`${[...distinct.values()].map(cause => {
    const probe = entryOf(probes, cause.probes[0] ?? '')
    const assumed = probe && cause.mechanism ? wayOf(topology, probe, cause) : undefined
    const way = cause.way ? drawnWay(topology, cause.way) : assumed
    const title = `${cause.probes.join(', ')}: ${cause.mechanism?.title ?? cause.says}`
    const drawn = way && { ...way, lost: way.lost && !cause.attack }
    const svg = drawTopology(topology, { title, standalone: false, ...(drawn ? { way: drawn } : {}) })
    return figure(svg, title, caption(cause, assumed))
  })}`
}

function figure(svg: string, title: string, text: Html = html``): Html {
  return html`<figure><div class="picture" tabindex="0" role="group" aria-label="${title}">${new Html(svg)}</div><figcaption>${text}</figcaption></figure>
`
}

function caption(cause: Cause, assumed: Way | undefined): Html {
  const { probes, attack, mechanism, says, node, device } = cause
  return html`<h3>${mechanism?.title ?? 'lost'} <span class="dim">${probes.join(', ')}</span></h3>
${wayList(cause, assumed)}
<dl><dt>${attack ? 'Reached at' : 'Lost at'}</dt><dd>${[node, device].filter(Boolean).join(' ')}</dd>
${mechanism && html`<dt>In the kernel</dt><dd>${mechanism.where}</dd>`}
<dt>It said here</dt><dd><code>${says}</code></dd>
${mechanism && html`<dt>The document</dt><dd><q>${mechanism.document}</q></dd>`}</dl>`
}

/** The packet's way, stop by stop, with how it is known. */
function wayList({ way, attack }: Cause, assumed: Way | undefined): Html | false {
  const stops = way
    ? wayWords(way)
    : (assumed?.stops ?? []).map(stop => [stop.node, stop.device].filter(Boolean).join(' '))
  const isLost = way ? way.lost !== undefined : !attack
  const how = way
    ? `The way is measured: ${howMeasured(way)}.`
    : 'The way is assumed: it is what the topology makes of the probe’s address, and not what was captured.'
  return (
    stops.length > 0 &&
    html`<p class="dim">${how}</p><ol class="way" aria-label="The packet’s way${!way && html`, assumed`}">${stops.map((stop, index) => html`<li${index === stops.length - 1 && isLost && html` class="lost"`}>${stop}</li>`)}</ol>`
  )
}
