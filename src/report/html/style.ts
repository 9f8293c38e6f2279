/** How the page looks: wide and narrow, light and dark, on paper. */
import { DRAWING_CSS } from '../drawing.js'

export const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --dim: #59636e; --page: #f6f8fa; --surface: #fff; --raised: #eef1f4;
  --line: #afb8c1; --faint: #d8dee4; --accent: #0550ae; --way: #0969da; --lost: #cf222e; --good: #1a7f37; --bad: #cf222e;
  --warn: #9a6700; --odd: #8250df; --news: #0a6c80 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9198a1; --page: #0d1117; --surface: #151b23;
  --raised: #212830; --line: #656c76; --faint: #30363d; --accent: #79c0ff; --way: #4493f8; --lost: #f85149; --good: #3fb950;
  --bad: #f85149; --warn: #d29922; --odd: #b083f0; --news: #56c2d6 } }
* { box-sizing: border-box }
html { scroll-padding-top: 1rem }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page) }
main { max-width: 1080px; margin: 0 auto; padding: 1.5rem 1.25rem 4rem }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; letter-spacing: -.01em }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 0 }
h3 { font-size: 1rem; margin: 0 0 .5rem } h3 .dim { font-weight: 400 }
h4 { font-size: .85rem; margin: 1rem 0 .25rem; color: var(--dim) } h5 { margin: .6rem 0 0 }
p { margin: .4rem 0 } code, pre, .node, .findings i { font: .86em ui-monospace, 'DejaVu Sans Mono', monospace }
code { overflow-wrap: anywhere } a { color: var(--accent) }
:focus-visible { outline: 2px solid var(--way); outline-offset: 2px; border-radius: 4px }
.dim, .id { color: var(--dim) }
.skip-link { position: absolute; left: -99rem } .skip-link:focus { position: static }
article, .card { background: var(--surface); border: 1px solid var(--faint); border-radius: 10px; padding: 1.25rem; margin: 1.25rem 0 }
.scroll { overflow-x: auto } .several #verdicts thead th { white-space: normal } .several #verdicts tbody th { min-width: 15rem } table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .5rem .6rem; border-bottom: 1px solid var(--faint); vertical-align: top }
tr:last-child > * { border-bottom: 0 } thead th { color: var(--dim); font-weight: 600; font-size: .85rem; white-space: nowrap }
tbody th { font-weight: 400 } tbody th .id { display: block; font-size: .85rem } td.number { text-align: right; white-space: nowrap }
.verdict { display: inline-block; padding: .05rem .55rem; border-radius: 1rem; font-size: .85rem; font-weight: 600; white-space: nowrap;
  color: var(--tone); border: 1px solid currentColor; background: color-mix(in srgb, var(--tone) 10%, transparent) }
.confirmed { --tone: var(--good) } .changed { --tone: var(--news) } .skipped { --tone: var(--dim) } .flaky { --tone: var(--warn) }
.regressed, .unexpected-pass { --tone: var(--bad) } .error { --tone: var(--odd) }
.counts { display: flex; flex-wrap: wrap; gap: .4rem; margin: .5rem 0 0; padding: 0; list-style: none }
blockquote { margin: 1rem 0; padding: .1rem 1rem; border-left: 3px solid var(--line) } blockquote footer { font-size: .9rem }
blockquote p::before { content: '“' } blockquote p::after { content: '”' }
figure { margin: 1rem 0; border: 1px solid var(--faint); border-radius: 8px; overflow: hidden }
.picture { overflow-x: auto; padding: .75rem; background: var(--page) }
.picture svg { display: block; margin: 0 auto; max-width: 100%; min-width: min(100%, 640px); height: auto }
figcaption { padding: .75rem 1rem } figcaption:empty { display: none }
.way { display: flex; flex-wrap: wrap; gap: .2rem; list-style: none; margin: 0 0 .6rem; padding: 0; font: .82rem ui-monospace, 'DejaVu Sans Mono', monospace }
.way li:not(:last-child)::after { content: ' →'; color: var(--way) } .way .lost { color: var(--lost); font-weight: 700 } .way .lost::after { content: ' ✕' }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0; font-size: .92rem } dt { color: var(--dim) } dd { margin: 0; min-width: 0 }
summary { cursor: pointer } article > details > summary { font-weight: 600; font-size: 1.05rem; padding: .3rem 0 }
summary .dim { font-weight: 400; font-size: .9rem }
.trial > summary, .trial.head { display: flex; gap: .25rem 1rem; align-items: baseline; padding: .25rem .4rem; border-top: 1px solid var(--faint); margin: 0; list-style: none }
.trial > summary::-webkit-details-marker { display: none } .trial > summary:hover { background: var(--page) }
.trial > summary::before { content: '▸'; color: var(--dim); width: .8rem; flex: none } .trial[open] > summary::before { content: '▾' }
.trial.head { border: 0; color: var(--dim); font-size: .85rem; padding-left: 2.2rem } .several main { max-width: max(1080px, 24rem + var(--columns) * 8rem) } .several .what { min-width: 12rem } .several .cell { flex: 0 1 9rem; min-width: 4.5rem }
.phase { flex: 0 0 4.6rem; color: var(--dim) } .what { flex: 1; min-width: 0 } .what b { font-weight: 600 } .what code { color: var(--accent); margin-left: .35rem }
.cell { flex: 0 0 10rem; font-size: .9rem; color: var(--tone, inherit) } .outcome::before { margin-right: .35rem; font-weight: 700 }
.kernel { font-style: normal; position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap }
.works::before { content: '✓' } .fails::before { content: '✕' } .outcome.skipped::before { content: '–' } .outcome.error::before { content: '!' } .not-triggered::before { content: '○' }
.warn { color: var(--warn) }
.changes { margin: .35rem 0 0; padding: 0 .4rem 0 1.2rem; font-size: .85rem; color: var(--dim) }
.evidence { padding: .25rem 1rem .75rem 1.9rem; font-size: .93rem } .findings { list-style: none; padding: 0; margin: .4rem 0 }
.findings li { padding: .1rem 0 } .findings b { display: inline-block; min-width: 6.2rem; font-weight: 600; color: var(--dim) } .findings .seen b { color: var(--accent) } .findings small { font-size: 1em; color: var(--dim) }
.node, .findings i { background: var(--raised); border-radius: 4px; padding: .05rem .35rem }
.commands .log { padding-left: 2.4rem; font-size: .9rem } .commands > details { margin: .3rem 0 .3rem 1rem } .log li { padding: .12rem 0 }
.log .phase { list-style: none; margin: .6rem 0 .2rem -1.2rem; font-weight: 700; color: var(--ink) } .log .probe { color: var(--way) } .log .fail, .log li.fail, .log li.error { color: var(--bad) }
pre { margin: .3rem 0; padding: .5rem .7rem; background: var(--page); border-radius: 6px; overflow-x: auto }
.fix-lines { list-style: none; padding: 0; margin: .8rem 0 .4rem; font-weight: 600 } .fix-lines .repairs span { color: var(--good) } .fix-lines .leaves { font-weight: 400 } .fix-lines .other { color: var(--bad) }
.fixes { margin: .6rem 0 } .fixes table { width: auto } .fixes th, .fixes td { padding: .2rem .7rem .2rem 0; white-space: nowrap } .fixes thead th { font: 600 .82rem ui-monospace, 'DejaVu Sans Mono', monospace }
.fixes tbody th { font: .86rem ui-monospace, 'DejaVu Sans Mono', monospace; white-space: normal } .fixes td.good, .fixes td.bad { color: var(--tone) } .fixes td.bad { --tone: var(--bad); font-weight: 700 }
.legend { color: var(--dim); font-size: .9rem; margin: 0 } .legend b { font-weight: 600; color: var(--tone) } .good { --tone: var(--good) }
.tools { display: flex; align-items: baseline; gap: .5rem .8rem; flex-wrap: wrap; margin-top: .8rem } button { font: inherit; font-size: .9rem; color: inherit; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: .25rem .8rem; cursor: pointer }
.filters { display: flex; margin-top: .9rem; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; font-size: .9rem; color: var(--dim) } .filters fieldset { display: flex; flex-wrap: wrap; gap: .3rem; border: 0; padding: 0; margin: 0 } .filters legend { float: left; padding: 0 .4rem 0 0 }
.filters input[type=search], .filters select { font: inherit; color: var(--ink); background: var(--surface); border: 1px solid var(--line); border-radius: 6px; padding: .2rem .5rem } .filters input[type=search] { width: 19rem; max-width: 100% } .filters[hidden] { display: none }
article { content-visibility: auto; contain-intrinsic-size: auto 60rem }
.top { font-size: .9rem; margin: .8rem 0 0 }
@media (max-width: 640px) { body { font-size: 14.5px } main { padding: 1rem .6rem 3rem } article, .card { padding: .9rem }
  .picture svg { min-width: 620px } dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .4rem }
  .trial > summary { flex-wrap: wrap; gap: 0 .6rem } .what { flex: 1 1 60% } .cell { flex: 1 0 40%; padding-left: 1.4rem } .cell.changed { flex-basis: 60% }
  .trial.head { display: none } .kernel { position: static; clip-path: none; width: auto; height: auto; color: var(--dim) }
  .several .cell { flex-basis: 100% }
  .several #verdicts thead { display: none } .several #verdicts :is(tr, th, td) { display: block } .several #verdicts :is(th, td) { border: 0; padding: .1rem 0 }
  .several #verdicts tr { border-bottom: 1px solid var(--faint); padding: .6rem 0 } .several td .kernel { display: inline-block; min-width: 7rem; margin-right: .6rem }
  td.number, th.number { display: none } .evidence { padding: .25rem .4rem .6rem } }
@media print { :root { --page: #fff } body { font-size: 10.5pt } main { max-width: none; padding: 0 } article, .card { border: 0; padding: 0 }
  article { break-before: page } figure, .trial, tr { break-inside: avoid } article { content-visibility: visible } .tools, .filters, .top, .skip-link { display: none } .picture svg { min-width: 0 }
  blockquote a::after { content: ' (' attr(href) ')'; font-size: .85em } .trial:not([open]) > summary::before { content: '' } }
${DRAWING_CSS}`

/** Everything works without it; with it, the folded parts can be opened at once, and come out on paper. */
export const SCRIPT = `
const all = selector => [...document.querySelectorAll(selector)]
const set = (selector, open) => { for (const details of all(selector)) details.open = open }
for (const button of all('button[data-open]'))
  button.addEventListener('click', () => set(button.dataset.of, button.dataset.open === 'true'))
const form = document.getElementById('filters')
const narrow = () => {
  const data = new FormData(form)
  const [verdicts, toggle, text] = [data.getAll('verdict'), data.get('toggle'), data.get('text').toLowerCase()]
  const articles = all('article')
  let shown = 0
  for (const article of articles) {
    const { verdicts: own, toggles } = article.dataset
    const fits = own.split(' ').some(verdict => verdicts.includes(verdict)) &&
      (toggle === '' || toggles.split(' ').includes(toggle)) && (text === '' || article.textContent.toLowerCase().includes(text))
    article.hidden = !fits
    for (const row of all('tr[data-of="' + article.id + '"]')) row.hidden = !fits
    if (fits) shown++
  }
  form.elements.shown.value = shown === articles.length ? '' : shown + ' of ' + articles.length + ' scenarios'
}
form.hidden = false
form.addEventListener('input', narrow)
form.addEventListener('submit', event => event.preventDefault())
addEventListener('keydown', event => {
  if (event.key !== '/' || event.target.matches('input, select, textarea')) return
  event.preventDefault()
  form.elements.text.focus()
})
let folded = []
addEventListener('beforeprint', () => { folded = all('.trials:not([open]), .trial:not([open])'); for (const details of folded) details.open = true })
addEventListener('afterprint', () => { for (const details of folded) details.open = false })
`
