/* IMPORTANT
 * This snapshot file is auto-generated, but designed for humans.
 * It should be checked into source control and tracked carefully.
 * Re-generate by setting TAP_SNAPSHOT=1 and running tests.
 * Make sure to inspect the output below.  Do not ignore changes!
 */
'use strict'
exports[`dist/src/report/snapshots.test.js > TAP > what github says of a recorded run is what it said before > must match snapshot 1`] = `
::group::changed bridge-dnat-bounce: 12 trials, (time) s
confirmed: control other-container-tcp [the workarounds of the document]: connected in (time) ms, 27 bytes sent and received, the server saw 10.0.3.1
confirmed: broken own-address-tcp [the workarounds of the document]: no answer to the SYN within (time) ms
confirmed: fixed own-address-tcp (hairpin_mode on) [the workarounds of the document]: connected in (time) ms, 25 bytes sent and received, the server saw 10.0.3.1
confirmed: reverted own-address-tcp (after hairpin_mode on) [the workarounds of the document]: no answer to the SYN within (time) ms
changed: fixed own-address-tcp (promisc on) [the workarounds of the document]: no answer to the SYN within (time) ms
confirmed: reverted own-address-tcp (after promisc on) [the workarounds of the document]: no answer to the SYN within (time) ms
confirmed: control other-container-tcp [the bridge’s own nf_call_iptables is OR-ed with the sysctl]: connected in (time) ms, 27 bytes sent and received, the server saw 10.0.3.1
confirmed: broken own-address-tcp [the bridge’s own nf_call_iptables is OR-ed with the sysctl]: no answer to the SYN within (time) ms
confirmed: fixed own-address-tcp (nf_call_iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl]: no answer to the SYN within (time) ms
confirmed: reverted own-address-tcp (after nf_call_iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl]: no answer to the SYN within (time) ms
confirmed: fixed own-address-tcp (nf_call_iptables 0, bridge-nf-call-iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl]: connected in (time) ms, 25 bytes sent and received, the server saw 10.0.3.1
confirmed: reverted own-address-tcp (after nf_call_iptables 0, bridge-nf-call-iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl]: no answer to the SYN within (time) ms
::endgroup::
::notice title=netns-lab%3A bridge-dnat-bounce%3A changed on Linux 6.18.44::Since 751de2012eaf (6.9, and stable kernels) the promiscuous copy has no conntrack: it is routed back without SNAT. The document differs: promiscuous mode “makes everything work” there; that workaround has been dead since 751de2012eaf.
::group::confirmed lan-dnat-without-snat: 6 trials, (time) s
confirmed: control outside-tcp [the bounce rule, and bridged replies through iptables]: connected in (time) ms, 29 bytes sent and received, the server saw 203.0.113.99
confirmed: broken neighbour-tcp [the bounce rule, and bridged replies through iptables]: no answer to the SYN within (time) ms
confirmed: fixed neighbour-tcp (bounce-snat on) [the bounce rule, and bridged replies through iptables]: connected in (time) ms, 31 bytes sent and received, the server saw 10.0.3.1
confirmed: reverted neighbour-tcp (after bounce-snat on) [the bounce rule, and bridged replies through iptables]: no answer to the SYN within (time) ms
confirmed: fixed neighbour-tcp (bounce-snat on, bridge-nf-call-iptables 1) [the bounce rule, and bridged replies through iptables]: connected in (time) ms, 31 bytes sent and received, the server saw 10.0.3.1
confirmed: reverted neighbour-tcp (after bounce-snat on, bridge-nf-call-iptables 1) [the bounce rule, and bridged replies through iptables]: no answer to the SYN within (time) ms
::endgroup::

`

exports[`dist/src/report/snapshots.test.js > TAP > what github says of a run with every verdict is what it said before > must match snapshot 1`] = `
::group::error broken-lab: 1 trials, (time) s
error: control own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::error title=netns-lab%3A broken-lab%3A error on Linux 6.18.44::a reason
::group::regressed regression: 2 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
regressed: fixed own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::error title=netns-lab%3A regression%3A regressed on Linux 6.18.44::a reason
::group::unexpected-pass no-failure: 2 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
unexpected-pass: broken own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::error title=netns-lab%3A no-failure%3A unexpected-pass on Linux 6.18.44::a reason
::group::flaky flaky-all-ok: 2 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
confirmed: control own-address-tcp [an experiment] no. 2: it said so
::endgroup::
::error title=netns-lab%3A flaky-all-ok%3A flaky on Linux 6.18.44::a reason
::group::skipped left-out: 2 trials, (time) s
skipped: control own-address-tcp [an experiment]: it said so (because it said so)
skipped: broken own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::warning title=netns-lab%3A left-out%3A skipped on Linux 6.18.44::a reason
::group::changed newer-kernel: 3 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
changed: fixed own-address-tcp [an experiment]: it said so
skipped: fixed own-address-tcp [an experiment] no. 2: it said so (because it said so)
::endgroup::
::notice title=netns-lab%3A newer-kernel%3A changed on Linux 6.18.44::a reason
::group::confirmed as-documented: 3 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
confirmed: broken own-address-tcp [an experiment]: it was dropped
confirmed: fixed own-address-tcp (hairpin_mode on) [an experiment]: it said so
::endgroup::
::group::skipped without-trials: 0 trials, (time) s
::endgroup::
::warning title=netns-lab%3A without-trials%3A skipped on Linux 6.18.44::a reason
::group::regressed an-attack: 4 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
confirmed: broken own-address-tcp [an experiment]: reached: answered by 10.0.3.1
confirmed: fixed own-address-tcp (promisc on) [an experiment]: refused: nothing came
regressed: fixed own-address-tcp (hairpin_mode on) [an experiment]: reached: it came (because reached: it came)
::endgroup::
::error title=netns-lab%3A an-attack%3A regressed on Linux 6.18.44::a reason
::group::regressed a-kernel-without: 2 trials, (time) s
changed: broken own-address-tcp [an experiment]: it said so
regressed: fixed own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::error title=netns-lab%3A a-kernel-without%3A regressed on Linux 6.18.44::a reason

`

exports[`dist/src/report/snapshots.test.js > TAP > what github says of two runs is what it said before > must match snapshot 1`] = `
::group::error broken-lab on Linux 6.18.44: 1 trials, (time) s
error: control own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::error title=netns-lab%3A broken-lab%3A error on Linux 6.18.44::a reason
::group::regressed regression on Linux 6.18.44: 2 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
regressed: fixed own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::error title=netns-lab%3A regression%3A regressed on Linux 6.18.44::a reason
::group::unexpected-pass no-failure on Linux 6.18.44: 2 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
unexpected-pass: broken own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::error title=netns-lab%3A no-failure%3A unexpected-pass on Linux 6.18.44::a reason
::group::flaky flaky-all-ok on Linux 6.18.44: 2 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
confirmed: control own-address-tcp [an experiment] no. 2: it said so
::endgroup::
::error title=netns-lab%3A flaky-all-ok%3A flaky on Linux 6.18.44::a reason
::group::skipped left-out on Linux 6.18.44: 2 trials, (time) s
skipped: control own-address-tcp [an experiment]: it said so (because it said so)
skipped: broken own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::warning title=netns-lab%3A left-out%3A skipped on Linux 6.18.44::a reason
::group::changed newer-kernel on Linux 6.18.44: 3 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
changed: fixed own-address-tcp [an experiment]: it said so
skipped: fixed own-address-tcp [an experiment] no. 2: it said so (because it said so)
::endgroup::
::notice title=netns-lab%3A newer-kernel%3A changed on Linux 6.18.44::a reason
::group::confirmed as-documented on Linux 6.18.44: 3 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
confirmed: broken own-address-tcp [an experiment]: it was dropped
confirmed: fixed own-address-tcp (hairpin_mode on) [an experiment]: it said so
::endgroup::
::group::skipped without-trials on Linux 6.18.44: 0 trials, (time) s
::endgroup::
::warning title=netns-lab%3A without-trials%3A skipped on Linux 6.18.44::a reason
::group::regressed an-attack on Linux 6.18.44: 4 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
confirmed: broken own-address-tcp [an experiment]: reached: answered by 10.0.3.1
confirmed: fixed own-address-tcp (promisc on) [an experiment]: refused: nothing came
regressed: fixed own-address-tcp (hairpin_mode on) [an experiment]: reached: it came (because reached: it came)
::endgroup::
::error title=netns-lab%3A an-attack%3A regressed on Linux 6.18.44::a reason
::group::regressed a-kernel-without on Linux 6.18.44: 2 trials, (time) s
changed: broken own-address-tcp [an experiment]: it said so
regressed: fixed own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::error title=netns-lab%3A a-kernel-without%3A regressed on Linux 6.18.44::a reason
::group::error broken-lab on Linux 5.10.0: 1 trials, (time) s
error: control own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::error title=netns-lab%3A broken-lab%3A error on Linux 5.10.0::a reason
::group::regressed regression on Linux 5.10.0: 2 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
regressed: fixed own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::error title=netns-lab%3A regression%3A regressed on Linux 5.10.0::a reason
::group::unexpected-pass no-failure on Linux 5.10.0: 2 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
unexpected-pass: broken own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::error title=netns-lab%3A no-failure%3A unexpected-pass on Linux 5.10.0::a reason
::group::flaky flaky-all-ok on Linux 5.10.0: 2 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
confirmed: control own-address-tcp [an experiment] no. 2: it said so
::endgroup::
::error title=netns-lab%3A flaky-all-ok%3A flaky on Linux 5.10.0::a reason
::group::skipped left-out on Linux 5.10.0: 2 trials, (time) s
skipped: control own-address-tcp [an experiment]: it said so (because it said so)
skipped: broken own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::warning title=netns-lab%3A left-out%3A skipped on Linux 5.10.0::a reason
::group::changed newer-kernel on Linux 5.10.0: 3 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
changed: fixed own-address-tcp [an experiment]: it said so
skipped: fixed own-address-tcp [an experiment] no. 2: it said so (because it said so)
::endgroup::
::notice title=netns-lab%3A newer-kernel%3A changed on Linux 5.10.0::a reason
::group::confirmed as-documented on Linux 5.10.0: 3 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
confirmed: broken own-address-tcp [an experiment]: it was dropped
confirmed: fixed own-address-tcp (hairpin_mode on) [an experiment]: it said so
::endgroup::
::group::skipped without-trials on Linux 5.10.0: 0 trials, (time) s
::endgroup::
::warning title=netns-lab%3A without-trials%3A skipped on Linux 5.10.0::a reason
::group::regressed an-attack on Linux 5.10.0: 4 trials, (time) s
confirmed: control own-address-tcp [an experiment]: it said so
confirmed: broken own-address-tcp [an experiment]: reached: answered by 10.0.3.1
confirmed: fixed own-address-tcp (promisc on) [an experiment]: refused: nothing came
regressed: fixed own-address-tcp (hairpin_mode on) [an experiment]: reached: it came (because reached: it came)
::endgroup::
::error title=netns-lab%3A an-attack%3A regressed on Linux 5.10.0::a reason
::group::regressed a-kernel-without on Linux 5.10.0: 2 trials, (time) s
changed: broken own-address-tcp [an experiment]: it said so
regressed: fixed own-address-tcp [an experiment]: it said so (because it said so)
::endgroup::
::error title=netns-lab%3A a-kernel-without%3A regressed on Linux 5.10.0::a reason

`

exports[`dist/src/report/snapshots.test.js > TAP > what html says of a recorded run is what it said before > must match snapshot 1`] = `
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>netns-lab: Linux 6.18.44</title>
<style>
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

.nl-node { fill: var(--surface, #fff); stroke: var(--line, #8c959f); stroke-width: 1.2 }
.nl-inner { fill: var(--raised, #eef1f4); stroke: var(--line, #8c959f) }
.nl-wire { fill: none; stroke: var(--line, #8c959f); stroke-width: 2 }
.nl-down { stroke-dasharray: 3 6 }
.nl-port { fill: var(--line, #8c959f) }
.nl-name, .nl-is, .nl-device, .nl-address, .nl-note { paint-order: stroke; stroke: var(--surface, #fff); stroke-width: 3px; stroke-linejoin: round }
.nl-name { font: 600 14px system-ui, sans-serif; fill: var(--ink, #1f2328) }
.nl-is { font: 12px system-ui, sans-serif; fill: var(--dim, #59636e) }
.nl-device { font: 600 11px ui-monospace, 'DejaVu Sans Mono', monospace; fill: var(--ink, #1f2328) }
.nl-address, .nl-note { font: 11px ui-monospace, 'DejaVu Sans Mono', monospace; fill: var(--dim, #59636e) }
.nl-note { fill: var(--accent, #0550ae) }
.nl-way { fill: none; stroke: var(--way, #0969da); stroke-width: 3; stroke-linejoin: round; stroke-linecap: round }
.nl-assumed { stroke-dasharray: 7 6 }
.nl-start { fill: var(--way, #0969da) }
.nl-head { fill: var(--way, #0969da) }
.nl-lost { fill: var(--lost, #cf222e); stroke: var(--surface, #fff); stroke-width: 2 }
.nl-cross { stroke: #fff; stroke-width: 2.4; stroke-linecap: round }
</style></head>
<body><main id="top">
<a class="skip-link" href="#verdicts">To the verdicts</a>
<header><h1>Networking failures on Linux 6.18.44</h1>
<p>Linux 6.18.44-fc-v669, Debian GNU/Linux 12 (bookworm), 2 CPUs, root <span class="dim">· <time datetime="(date)">(date) UTC</time> · (time) s</span></p>
<ul class="counts"><li class="verdict changed">1 changed</li><li class="verdict confirmed">1 confirmed</li></ul>
</header>
<form class="filters" id="filters" hidden aria-label="Show only">
<label>Text <input type="search" name="text" placeholder="scenario, probe, mechanism, commit"></label>
<label>Toggle <select name="toggle"><option value="">any</option><option>bounce-snat</option><option>bridge-nf-call-iptables</option><option>hairpin_mode</option><option>nf_call_iptables</option><option>promisc</option></select></label>
<fieldset><legend>Verdict</legend><label class="verdict changed"><input type="checkbox" name="verdict" value="changed" checked> changed</label><label class="verdict confirmed"><input type="checkbox" name="verdict" value="confirmed" checked> confirmed</label></fieldset>
<output name="shown" aria-live="polite"></output></form>
<section class="card scroll" id="verdicts" tabindex="0" aria-label="Verdicts"><table><thead><tr><th scope="col">Scenario</th><th scope="col">Verdict</th><th scope="col" class="number">Trials</th><th scope="col" class="number">Time</th></tr></thead><tbody>
<tr data-of="bridge-dnat-bounce"><th scope="row"><a href="#bridge-dnat-bounce">A container cannot reach itself through a port forwarding that bounces off the host</a> <span class="id">bridge-dnat-bounce</span></th><td><span class="verdict changed">changed</span></td><td class="number">12</td><td class="number">(time) s</td></tr>
<tr data-of="lan-dnat-without-snat"><th scope="row"><a href="#lan-dnat-without-snat">A container cannot reach its neighbour through a port forwarding without SNAT</a> <span class="id">lan-dnat-without-snat</span></th><td><span class="verdict confirmed">confirmed</span></td><td class="number">6</td><td class="number">(time) s</td></tr>
</tbody></table></section>
<p class="tools"><button data-of=".trial" data-open="true">Open every trial</button><button data-of=".trial" data-open="false">Fold every trial</button>
<span class="legend">✓ works, ✕ fails, <b class="good">green</b> where that is what must come out: a documented failure that reproduces is.</span></p>
<article id="bridge-dnat-bounce" data-verdicts="changed" data-toggles="hairpin_mode promisc nf_call_iptables bridge-nf-call-iptables">
<h2>A container cannot reach itself through a port forwarding that bounces off the host</h2>
<p class="id"><code>bridge-dnat-bounce</code></p>
<p class="reason"><span class="verdict changed">changed</span> Since 751de2012eaf (6.9, and stable kernels) the promiscuous copy has no conntrack: it is routed back without SNAT. The document differs: promiscuous mode “makes everything work” there; that workaround has been dead since 751de2012eaf.</p>

<ul class="fix-lines"><li class="breaks"><span aria-hidden="true">✕</span> own-address-tcp fails, as documented: frame that would leave by the port that it came in on</li><li class="repairs"><span aria-hidden="true">✓</span> hairpin_mode=on; or nf_call_iptables=0 and bridge-nf-call-iptables=0 repairs own-address-tcp</li><li class="leaves"><span aria-hidden="true">–</span> promisc=on does not, since 751de2012eaf</li><li class="leaves"><span aria-hidden="true">–</span> nf_call_iptables=0 does not</li></ul>
<div class="scroll fixes" tabindex="0" role="group" aria-label="What breaks, and what repairs it"><table><thead><tr><td></td><th scope="col">own-address-tcp</th><th scope="col">other-container-tcp</th></tr></thead><tbody>
<tr><th scope="row">as documented</th><td class="plain">✕ fails</td><td class="good">✓ works</td></tr>
<tr><th scope="row">hairpin_mode=on</th><td class="good">✓ works</td><td class="dim">–</td></tr>
<tr><th scope="row">promisc=on</th><td class="plain">✕ fails*</td><td class="dim">–</td></tr>
<tr><th scope="row">nf_call_iptables=0</th><td class="plain">✕ fails</td><td class="dim">–</td></tr>
<tr><th scope="row">nf_call_iptables=0, bridge-nf-call-iptables=0</th><td class="good">✓ works</td><td class="dim">–</td></tr>
</tbody></table></div><p class="legend">– not tried; * not as documented: as this kernel must</p>

<blockquote><p>they went through the PREROUTING chain as normal, but never showed up in the FORWARD chain</p><footer><a href="https://www.stderr.nl/Blog/Software/Linux/BouncingPacketsKernelBug.html">Bouncing packets: Kernel bridge bug or corner case? (Glider, Matthijs Kooijman)</a></footer></blockquote>
<figure><div class="picture" tabindex="0" role="group" aria-label="own-address-tcp: frame that would leave by the port that it came in on"><svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 892.1 298" width="892.1" height="298">
<title>own-address-tcp: frame that would leave by the port that it came in on</title>
<path class="nl-wire" d="M208.2 83 C240.2 83 240.2 133 272.2 133"/>
<path class="nl-wire" d="M190.5 239 C231.4 239 231.4 166 272.2 166"/>
<path class="nl-wire" d="M634.6 142 C666.6 142 666.6 153.5 698.6 153.5"/>
<rect class="nl-node" x="10" y="10" width="198.2" height="145" rx="8"/>
<rect class="nl-port" x="204.2" y="79" width="8" height="8" rx="2"/>
<rect class="nl-node" x="27.7" y="181" width="162.8" height="107" rx="8"/>
<rect class="nl-port" x="186.5" y="235" width="8" height="8" rx="2"/>
<rect class="nl-node" x="272.2" y="60" width="362.4" height="178" rx="8"/>
<path class="nl-wire" d="M272.2 133 H355.2 C368.2 133 368.2 158 381.2 158"/>
<path class="nl-wire" d="M272.2 166 H355.2 C368.2 166 368.2 158 381.2 158"/>
<rect class="nl-inner" x="381.2" y="139" width="109.9" height="38" rx="5"/>
<rect class="nl-port" x="268.2" y="129" width="8" height="8" rx="2"/>
<rect class="nl-port" x="268.2" y="162" width="8" height="8" rx="2"/>
<rect class="nl-port" x="630.6" y="138" width="8" height="8" rx="2"/>
<rect class="nl-node" x="698.6" y="95.5" width="183.5" height="107" rx="8"/>
<rect class="nl-port" x="694.6" y="149.5" width="8" height="8" rx="2"/>
<path class="nl-way nl-assumed" d="M208.2 83 C240.2 83 240.2 133 272.2 133 H355.2 C368.2 133 368.2 158 381.2 158"/>
<path class="nl-head" d="M7 0 L-5 -6 L-5 6 Z" transform="translate(240.2 108) rotate(57.4)"/>
<circle class="nl-start" cx="208.2" cy="83" r="5"/>
<circle class="nl-lost" cx="381.2" cy="158" r="10"/>
<path class="nl-cross" d="M377.2 154 l8 8 m0 -8 l-8 8"/>
<text class="nl-name" x="22" y="34" text-anchor="start">web</text>
<text class="nl-is" x="22" y="49" text-anchor="start">the container with the web</text>
<text class="nl-is" x="22" y="64" text-anchor="start">server</text>
<text class="nl-note" x="22" y="138" text-anchor="start">serves tcp 80</text>
<text class="nl-device" x="196.2" y="99" text-anchor="end">eth0</text>
<text class="nl-address" x="196.2" y="114" text-anchor="end">10.0.3.80/24</text>
<text class="nl-name" x="39.7" y="205" text-anchor="start">other</text>
<text class="nl-is" x="39.7" y="220" text-anchor="start">another container</text>
<text class="nl-device" x="178.5" y="255" text-anchor="end">eth0</text>
<text class="nl-address" x="178.5" y="270" text-anchor="end">10.0.3.81/24</text>
<text class="nl-name" x="284.2" y="84" text-anchor="start">host</text>
<text class="nl-is" x="284.2" y="99" text-anchor="start">Tika, the host of the</text>
<text class="nl-is" x="284.2" y="114" text-anchor="start">containers</text>
<text class="nl-note" x="284.2" y="206" text-anchor="start">DNAT 203.0.113.80:80 → 10.0.3.80</text>
<text class="nl-note" x="284.2" y="221" text-anchor="start">SNAT 10.0.3.0/24 → 10.0.3.1</text>
<text class="nl-device" x="284.2" y="149" text-anchor="start">veth-web</text>
<text class="nl-device" x="284.2" y="182" text-anchor="start">veth-other</text>
<text class="nl-device" x="622.6" y="158" text-anchor="end">eth0</text>
<text class="nl-address" x="622.6" y="173" text-anchor="end">203.0.113.80/24</text>
<text class="nl-device" x="436.2" y="154" text-anchor="middle">br-lxc</text>
<text class="nl-address" x="436.2" y="169" text-anchor="middle">10.0.3.1/24</text>
<text class="nl-name" x="710.6" y="119.5" text-anchor="start">outside</text>
<text class="nl-is" x="710.6" y="134.5" text-anchor="start">a host outside</text>
<text class="nl-device" x="710.6" y="169.5" text-anchor="start">eth0</text>
<text class="nl-address" x="710.6" y="184.5" text-anchor="start">203.0.113.99/24</text>
</svg></div><figcaption><h3>frame that would leave by the port that it came in on <span class="dim">own-address-tcp</span></h3>
<p class="dim">The way is assumed: it is what the topology makes of the probe’s address, and not what was captured.</p><ol class="way" aria-label="The packet’s way, assumed"><li>web eth0</li><li>host veth-web</li><li class="lost">host br-lxc</li></ol>
<dl><dt>Lost at</dt><dd>host br-lxc</dd>
<dt>In the kernel</dt><dd>br_nf_pre_routing_finish_bridge() keeps the DNATed frame in the bridge, should_deliver() refuses the port</dd>
<dt>It said here</dt><dd><code>nat &#39;PREROUTING -d 203.0.113.80/32&#39; counted 1 packet, filter &#39;FORWARD -d 10.0.3.80/32&#39; counted 0 packets</code></dd>
<dt>The document</dt><dd><q>they went through the PREROUTING chain as normal, but never showed up in the FORWARD chain</q></dd></dl></figcaption></figure>
<figure><div class="picture" tabindex="0" role="group" aria-label="own-address-tcp: promiscuous copy without connection tracking"><svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 892.1 298" width="892.1" height="298">
<title>own-address-tcp: promiscuous copy without connection tracking</title>
<path class="nl-wire" d="M208.2 83 C240.2 83 240.2 133 272.2 133"/>
<path class="nl-wire" d="M190.5 239 C231.4 239 231.4 166 272.2 166"/>
<path class="nl-wire" d="M634.6 142 C666.6 142 666.6 153.5 698.6 153.5"/>
<rect class="nl-node" x="10" y="10" width="198.2" height="145" rx="8"/>
<rect class="nl-port" x="204.2" y="79" width="8" height="8" rx="2"/>
<rect class="nl-node" x="27.7" y="181" width="162.8" height="107" rx="8"/>
<rect class="nl-port" x="186.5" y="235" width="8" height="8" rx="2"/>
<rect class="nl-node" x="272.2" y="60" width="362.4" height="178" rx="8"/>
<path class="nl-wire" d="M272.2 133 H355.2 C368.2 133 368.2 158 381.2 158"/>
<path class="nl-wire" d="M272.2 166 H355.2 C368.2 166 368.2 158 381.2 158"/>
<rect class="nl-inner" x="381.2" y="139" width="109.9" height="38" rx="5"/>
<rect class="nl-port" x="268.2" y="129" width="8" height="8" rx="2"/>
<rect class="nl-port" x="268.2" y="162" width="8" height="8" rx="2"/>
<rect class="nl-port" x="630.6" y="138" width="8" height="8" rx="2"/>
<rect class="nl-node" x="698.6" y="95.5" width="183.5" height="107" rx="8"/>
<rect class="nl-port" x="694.6" y="149.5" width="8" height="8" rx="2"/>
<path class="nl-way nl-assumed" d="M208.2 83 C240.2 83 240.2 133 272.2 133 H355.2 C368.2 133 368.2 158 381.2 158 C368.2 158 368.2 121 355.2 121 H272.2 C240.2 121 240.2 71 208.2 71"/>
<path class="nl-head" d="M7 0 L-5 -6 L-5 6 Z" transform="translate(240.2 108) rotate(57.4)"/>
<path class="nl-head" d="M7 0 L-5 -6 L-5 6 Z" transform="translate(240.2 96) rotate(-122.6)"/>
<circle class="nl-start" cx="208.2" cy="83" r="5"/>
<circle class="nl-lost" cx="208.2" cy="71" r="10"/>
<path class="nl-cross" d="M204.2 67 l8 8 m0 -8 l-8 8"/>
<text class="nl-name" x="22" y="34" text-anchor="start">web</text>
<text class="nl-is" x="22" y="49" text-anchor="start">the container with the web</text>
<text class="nl-is" x="22" y="64" text-anchor="start">server</text>
<text class="nl-note" x="22" y="138" text-anchor="start">serves tcp 80</text>
<text class="nl-device" x="196.2" y="99" text-anchor="end">eth0</text>
<text class="nl-address" x="196.2" y="114" text-anchor="end">10.0.3.80/24</text>
<text class="nl-name" x="39.7" y="205" text-anchor="start">other</text>
<text class="nl-is" x="39.7" y="220" text-anchor="start">another container</text>
<text class="nl-device" x="178.5" y="255" text-anchor="end">eth0</text>
<text class="nl-address" x="178.5" y="270" text-anchor="end">10.0.3.81/24</text>
<text class="nl-name" x="284.2" y="84" text-anchor="start">host</text>
<text class="nl-is" x="284.2" y="99" text-anchor="start">Tika, the host of the</text>
<text class="nl-is" x="284.2" y="114" text-anchor="start">containers</text>
<text class="nl-note" x="284.2" y="206" text-anchor="start">DNAT 203.0.113.80:80 → 10.0.3.80</text>
<text class="nl-note" x="284.2" y="221" text-anchor="start">SNAT 10.0.3.0/24 → 10.0.3.1</text>
<text class="nl-device" x="284.2" y="149" text-anchor="start">veth-web</text>
<text class="nl-device" x="284.2" y="182" text-anchor="start">veth-other</text>
<text class="nl-device" x="622.6" y="158" text-anchor="end">eth0</text>
<text class="nl-address" x="622.6" y="173" text-anchor="end">203.0.113.80/24</text>
<text class="nl-device" x="436.2" y="154" text-anchor="middle">br-lxc</text>
<text class="nl-address" x="436.2" y="169" text-anchor="middle">10.0.3.1/24</text>
<text class="nl-name" x="710.6" y="119.5" text-anchor="start">outside</text>
<text class="nl-is" x="710.6" y="134.5" text-anchor="start">a host outside</text>
<text class="nl-device" x="710.6" y="169.5" text-anchor="start">eth0</text>
<text class="nl-address" x="710.6" y="184.5" text-anchor="start">203.0.113.99/24</text>
</svg></div><figcaption><h3>promiscuous copy without connection tracking <span class="dim">own-address-tcp</span></h3>
<p class="dim">The way is assumed: it is what the topology makes of the probe’s address, and not what was captured.</p><ol class="way" aria-label="The packet’s way, assumed"><li>web eth0</li><li>host veth-web</li><li>host br-lxc</li><li>host veth-web</li><li class="lost">web eth0</li></ol>
<dl><dt>Lost at</dt><dd>web eth0</dd>
<dt>In the kernel</dt><dd>br_nf_local_in() resets the conntrack of promiscuous copies (751de2012eaf), so the routed copy is not SNATed</dd>
<dt>It said here</dt><dd><code>IPv4: martian source 10.0.3.80 from 10.0.3.80, on dev eth0</code></dd>
<dt>The document</dt><dd><q>I also found that setting the bridge device to promiscuous mode (e.g. running tcpdump) makes everything work.</q></dd></dl></figcaption></figure>

<details class="trials" open><summary>Trials <span class="dim">12</span></summary>
<section class="group"><h4>the workarounds of the document</h4>

<details class="trial"><summary><span class="phase">control</span><span class="what"><b>other-container-tcp</b></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>connected in (time) ms, 27 bytes sent and received, the server saw 10.0.3.1</p><p class="dim">From another port the translated frame may go to the web container’s port, and its source is the host.</p><p class="dim facts">must work · answered by 203.0.113.80 · server saw 10.0.3.1 · connectMs (time) · retransmissions 0 · (time) ms</p>

</div></details>
<details class="trial"><summary><span class="phase">broken</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome fails pass confirmed">fails</span></summary>
<div class="evidence"><p>no answer to the SYN within (time) ms</p><p class="dim">br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port.</p><p class="dim facts">must fail · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;PREROUTING -d 203.0.113.80/32&#39; counted 1 packet</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>filter &#39;FORWARD -d 10.0.3.80/32&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>web</i> <small>mib</small> <code>IpExtInOctets +0</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">fixed</span><span class="what"><b>own-address-tcp</b> <code>hairpin_mode on</code></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>connected in (time) ms, 25 bytes sent and received, the server saw 10.0.3.1</p><p class="dim">hairpin_mode lets the frame back out of the port that it came in on.</p><p class="dim facts">must work · answered by 203.0.113.80 · server saw 10.0.3.1 · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>filter &#39;FORWARD -d 10.0.3.80/32&#39; counted 10 packets</code></li><li class="absent"><b>absent</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24&#39; counted 1 packet</code></li><li class="seen"><b>seen</b> <i>web</i> <small>mib</small> <code>IpExtInOctets +586</code></li><li class="absent"><b>absent</b> <i>web</i> <small>mib</small> <code>IpInDelivers +10</code></li><li class="not-seen"><b>not-seen</b> <i>web</i> <small>kernel-log</small> <code>no line /martian source 10\\.0\\.3\\.80 from 10\\.0\\.3\\.80, on dev eth0/ (net_ratelimit() may have held it back)</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;PREROUTING -d 203.0.113.80/32&#39; counted 1 packet</code></li><li class="absent"><b>absent</b> <i>host</i> <small>rule-counter</small> <code>filter &#39;FORWARD -d 10.0.3.80/32&#39; counted 10 packets</code></li><li class="absent"><b>absent</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24&#39; counted 1 packet</code></li><li class="absent"><b>absent</b> <i>web</i> <small>mib</small> <code>IpExtInOctets +586</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">reverted</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome fails pass confirmed">fails</span></summary>
<div class="evidence"><p>no answer to the SYN within (time) ms</p><p class="dim">br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port.</p><p class="dim facts">must fail · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;PREROUTING -d 203.0.113.80/32&#39; counted 1 packet</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>filter &#39;FORWARD -d 10.0.3.80/32&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>web</i> <small>mib</small> <code>IpExtInOctets +0</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">fixed</span><span class="what"><b>own-address-tcp</b> <code>promisc on</code></span><span class="cell outcome fails pass changed">fails · changed</span></summary>
<div class="evidence"><p>no answer to the SYN within (time) ms</p><p class="dim">Since 751de2012eaf (6.9, and stable kernels) the promiscuous copy has no conntrack: it is routed back without SNAT. The document differs: promiscuous mode “makes everything work” there; that workaround has been dead since 751de2012eaf.</p><p class="dim facts">must fail · connectMs (time) · retransmissions 0 · (time) ms</p>
<p>Keyed by <a href="https://git.kernel.org/linus/751de2012eaf"><code>751de2012eaf</code></a> netfilter: br_netfilter: skip conntrack input hook for promisc packets, since 6.9, 5.15.158, 6.1.88, 6.6.29, 6.8.8.</p>
<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>filter &#39;FORWARD -d 10.0.3.80/32&#39; counted 1 packet</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>web</i> <small>mib</small> <code>IpExtInOctets +60</code></li><li class="seen"><b>seen</b> <i>web</i> <small>mib</small> <code>IpInDelivers +0</code></li><li class="seen"><b>seen</b> <i>web</i> <small>kernel-log</small> <code>IPv4: martian source 10.0.3.80 from 10.0.3.80, on dev eth0 | ll header: 00000000: fa 16 3e b6 5d c3 fa 16 3e 24 b7 38 08 00</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">reverted</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome fails pass confirmed">fails</span></summary>
<div class="evidence"><p>no answer to the SYN within (time) ms</p><p class="dim">br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port.</p><p class="dim facts">must fail · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;PREROUTING -d 203.0.113.80/32&#39; counted 1 packet</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>filter &#39;FORWARD -d 10.0.3.80/32&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>web</i> <small>mib</small> <code>IpExtInOctets +0</code></li></ul></div></details>
</section>
<section class="group"><h4>the bridge’s own nf_call_iptables is OR-ed with the sysctl; starting from nf_call_iptables 1</h4>

<details class="trial"><summary><span class="phase">control</span><span class="what"><b>other-container-tcp</b></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>connected in (time) ms, 27 bytes sent and received, the server saw 10.0.3.1</p><p class="dim">From another port the translated frame may go to the web container’s port, and its source is the host.</p><p class="dim facts">must work · answered by 203.0.113.80 · server saw 10.0.3.1 · connectMs (time) · retransmissions 0 · (time) ms</p>

</div></details>
<details class="trial"><summary><span class="phase">broken</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome fails pass confirmed">fails</span></summary>
<div class="evidence"><p>no answer to the SYN within (time) ms</p><p class="dim">br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port.</p><p class="dim facts">must fail · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;PREROUTING -d 203.0.113.80/32&#39; counted 1 packet</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>filter &#39;FORWARD -d 10.0.3.80/32&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>web</i> <small>mib</small> <code>IpExtInOctets +0</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">fixed</span><span class="what"><b>own-address-tcp</b> <code>nf_call_iptables 0</code></span><span class="cell outcome fails pass confirmed">fails</span></summary>
<div class="evidence"><p>no answer to the SYN within (time) ms</p><p class="dim">br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port.</p><p class="dim facts">must fail · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;PREROUTING -d 203.0.113.80/32&#39; counted 1 packet</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>filter &#39;FORWARD -d 10.0.3.80/32&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>web</i> <small>mib</small> <code>IpExtInOctets +0</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">reverted</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome fails pass confirmed">fails</span></summary>
<div class="evidence"><p>no answer to the SYN within (time) ms</p><p class="dim">br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port.</p><p class="dim facts">must fail · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;PREROUTING -d 203.0.113.80/32&#39; counted 1 packet</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>filter &#39;FORWARD -d 10.0.3.80/32&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>web</i> <small>mib</small> <code>IpExtInOctets +0</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">fixed</span><span class="what"><b>own-address-tcp</b> <code>bridge-nf-call-iptables 0</code> <code>nf_call_iptables 0</code></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>connected in (time) ms, 25 bytes sent and received, the server saw 10.0.3.1</p><p class="dim">Without br_netfilter’s detour the packet is translated and routed by the host, not forwarded by the bridge.</p><p class="dim facts">must work · answered by 203.0.113.80 · server saw 10.0.3.1 · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>filter &#39;FORWARD -d 10.0.3.80/32&#39; counted 10 packets</code></li><li class="absent"><b>absent</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24&#39; counted 1 packet</code></li><li class="seen"><b>seen</b> <i>web</i> <small>mib</small> <code>IpExtInOctets +586</code></li><li class="absent"><b>absent</b> <i>web</i> <small>mib</small> <code>IpInDelivers +10</code></li><li class="not-seen"><b>not-seen</b> <i>web</i> <small>kernel-log</small> <code>no line /martian source 10\\.0\\.3\\.80 from 10\\.0\\.3\\.80, on dev eth0/ (net_ratelimit() may have held it back)</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;PREROUTING -d 203.0.113.80/32&#39; counted 1 packet</code></li><li class="absent"><b>absent</b> <i>host</i> <small>rule-counter</small> <code>filter &#39;FORWARD -d 10.0.3.80/32&#39; counted 10 packets</code></li><li class="absent"><b>absent</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24&#39; counted 1 packet</code></li><li class="absent"><b>absent</b> <i>web</i> <small>mib</small> <code>IpExtInOctets +586</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">reverted</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome fails pass confirmed">fails</span></summary>
<div class="evidence"><p>no answer to the SYN within (time) ms</p><p class="dim">br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port.</p><p class="dim facts">must fail · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;PREROUTING -d 203.0.113.80/32&#39; counted 1 packet</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>filter &#39;FORWARD -d 10.0.3.80/32&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>host</i> <small>rule-counter</small> <code>nat &#39;POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24&#39; counted 0 packets</code></li><li class="seen"><b>seen</b> <i>web</i> <small>mib</small> <code>IpExtInOctets +0</code></li></ul></div></details>
</section>
</details>

<p class="dim">The commands are in the page that the run itself writes; <code>lab script bridge-dnat-bounce</code> prints them, too.</p>
<p class="top"><a href="#top">Back to the table</a></p>
</article>
<article id="lan-dnat-without-snat" data-verdicts="confirmed" data-toggles="bounce-snat bridge-nf-call-iptables">
<h2>A container cannot reach its neighbour through a port forwarding without SNAT</h2>
<p class="id"><code>lan-dnat-without-snat</code></p>
<p class="reason"><span class="verdict confirmed">confirmed</span> as documented, in 6 trials.</p>

<ul class="fix-lines"><li class="breaks"><span aria-hidden="true">✕</span> neighbour-tcp fails, as documented: reply that bypasses the host</li><li class="repairs"><span aria-hidden="true">✓</span> bounce-snat=on repairs neighbour-tcp</li></ul>
<div class="scroll fixes" tabindex="0" role="group" aria-label="What breaks, and what repairs it"><table><thead><tr><td></td><th scope="col">neighbour-tcp</th><th scope="col">outside-tcp</th></tr></thead><tbody>
<tr><th scope="row">as documented</th><td class="plain">✕ fails</td><td class="good">✓ works</td></tr>
<tr><th scope="row">bounce-snat=on</th><td class="good">✓ works</td><td class="dim">–</td></tr>
<tr><th scope="row">bounce-snat=on, bridge-nf-call-iptables=1</th><td class="good">✓ works</td><td class="dim">–</td></tr>
</tbody></table></div><p class="legend">– not tried</p>

<blockquote><p>the host does not have a chance to &quot;undo&quot; the DNAT on the reply packets</p><footer><a href="https://www.stderr.nl/Blog/Software/Linux/BouncingPacketsKernelBug.html">Bouncing packets: Kernel bridge bug or corner case? (Glider, Matthijs Kooijman)</a></footer></blockquote>
<figure><div class="picture" tabindex="0" role="group" aria-label="neighbour-tcp: reply that bypasses the host"><svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 905.9 298" width="905.9" height="298">
<title>neighbour-tcp: reply that bypasses the host</title>
<path class="nl-wire" d="M208.2 83 C240.2 83 240.2 140.5 272.2 140.5"/>
<path class="nl-wire" d="M190.5 239 C231.4 239 231.4 173.5 272.2 173.5"/>
<path class="nl-wire" d="M648.4 149.5 C680.4 149.5 680.4 153.5 712.4 153.5"/>
<rect class="nl-node" x="10" y="10" width="198.2" height="145" rx="8"/>
<rect class="nl-port" x="204.2" y="79" width="8" height="8" rx="2"/>
<rect class="nl-node" x="27.7" y="181" width="162.8" height="107" rx="8"/>
<rect class="nl-port" x="186.5" y="235" width="8" height="8" rx="2"/>
<rect class="nl-node" x="272.2" y="67.5" width="376.2" height="163" rx="8"/>
<path class="nl-wire" d="M272.2 140.5 H369 C382 140.5 382 165.5 395 165.5"/>
<path class="nl-wire" d="M272.2 173.5 H369 C382 173.5 382 165.5 395 165.5"/>
<rect class="nl-inner" x="395" y="146.5" width="109.9" height="38" rx="5"/>
<rect class="nl-port" x="268.2" y="136.5" width="8" height="8" rx="2"/>
<rect class="nl-port" x="268.2" y="169.5" width="8" height="8" rx="2"/>
<rect class="nl-port" x="644.4" y="145.5" width="8" height="8" rx="2"/>
<rect class="nl-node" x="712.4" y="95.5" width="183.5" height="107" rx="8"/>
<rect class="nl-port" x="708.4" y="149.5" width="8" height="8" rx="2"/>
<path class="nl-way nl-assumed" d="M190.5 239 C231.4 239 231.4 173.5 272.2 173.5 H369 C382 173.5 382 165.5 395 165.5 C382 165.5 382 140.5 369 140.5 H272.2 C240.2 140.5 240.2 83 208.2 83 H58 C45 83 45 83 32 83 H182.2 C195.2 83 195.2 71 208.2 71 C240.2 71 240.2 128.5 272.2 128.5 H369 C382 128.5 382 153.5 395 153.5 C382 153.5 382 161.5 369 161.5 H272.2 C231.4 161.5 231.4 227 190.5 227 C177.5 227 177.5 239 164.5 239 H49.7"/>
<path class="nl-head" d="M7 0 L-5 -6 L-5 6 Z" transform="translate(231.4 206.3) rotate(-58)"/>
<path class="nl-head" d="M7 0 L-5 -6 L-5 6 Z" transform="translate(240.2 111.8) rotate(-119.1)"/>
<path class="nl-head" d="M7 0 L-5 -6 L-5 6 Z" transform="translate(240.2 99.8) rotate(60.9)"/>
<path class="nl-head" d="M7 0 L-5 -6 L-5 6 Z" transform="translate(231.4 194.3) rotate(122)"/>
<circle class="nl-start" cx="190.5" cy="239" r="5"/>
<circle class="nl-lost" cx="49.7" cy="239" r="10"/>
<path class="nl-cross" d="M45.7 235 l8 8 m0 -8 l-8 8"/>
<text class="nl-name" x="22" y="34" text-anchor="start">web</text>
<text class="nl-is" x="22" y="49" text-anchor="start">the container with the web</text>
<text class="nl-is" x="22" y="64" text-anchor="start">server</text>
<text class="nl-note" x="22" y="138" text-anchor="start">serves tcp 80</text>
<text class="nl-device" x="196.2" y="99" text-anchor="end">eth0</text>
<text class="nl-address" x="196.2" y="114" text-anchor="end">10.0.3.80/24</text>
<text class="nl-name" x="39.7" y="205" text-anchor="start">neighbour</text>
<text class="nl-is" x="39.7" y="220" text-anchor="start">another container</text>
<text class="nl-device" x="178.5" y="255" text-anchor="end">eth0</text>
<text class="nl-address" x="178.5" y="270" text-anchor="end">10.0.3.81/24</text>
<text class="nl-name" x="284.2" y="91.5" text-anchor="start">host</text>
<text class="nl-is" x="284.2" y="106.5" text-anchor="start">Tika, the host of the</text>
<text class="nl-is" x="284.2" y="121.5" text-anchor="start">containers</text>
<text class="nl-note" x="284.2" y="213.5" text-anchor="start">DNAT 203.0.113.80:80 → 10.0.3.80</text>
<text class="nl-device" x="284.2" y="156.5" text-anchor="start">veth-web</text>
<text class="nl-device" x="284.2" y="189.5" text-anchor="start">veth-neighbr</text>
<text class="nl-device" x="636.4" y="165.5" text-anchor="end">eth0</text>
<text class="nl-address" x="636.4" y="180.5" text-anchor="end">203.0.113.80/24</text>
<text class="nl-device" x="450" y="161.5" text-anchor="middle">br-lxc</text>
<text class="nl-address" x="450" y="176.5" text-anchor="middle">10.0.3.1/24</text>
<text class="nl-name" x="724.4" y="119.5" text-anchor="start">outside</text>
<text class="nl-is" x="724.4" y="134.5" text-anchor="start">a host outside</text>
<text class="nl-device" x="724.4" y="169.5" text-anchor="start">eth0</text>
<text class="nl-address" x="724.4" y="184.5" text-anchor="start">203.0.113.99/24</text>
</svg></div><figcaption><h3>reply that bypasses the host <span class="dim">neighbour-tcp</span></h3>
<p class="dim">The way is assumed: it is what the topology makes of the probe’s address, and not what was captured.</p><ol class="way" aria-label="The packet’s way, assumed"><li>neighbour eth0</li><li>host veth-neighbr</li><li>host br-lxc</li><li>host veth-web</li><li>web eth0</li><li>web</li><li>web eth0</li><li>host veth-web</li><li>host br-lxc</li><li>host veth-neighbr</li><li>neighbour eth0</li><li class="lost">neighbour</li></ol>
<dl><dt>Lost at</dt><dd>neighbour</dd>
<dt>In the kernel</dt><dd>the SYN-ACK from the private address matches no socket of the client, and tcp_v4_send_reset() answers it</dd>
<dt>It said here</dt><dd><code>TcpOutRsts +1</code></dd>
<dt>The document</dt><dd><q>reply packets get sent directly through the original container - the host does not have a chance to &quot;undo&quot; the DNAT</q></dd></dl></figcaption></figure>

<details class="trials" open><summary>Trials <span class="dim">6</span></summary>
<section class="group"><h4>the bounce rule, and bridged replies through iptables</h4>

<details class="trial"><summary><span class="phase">control</span><span class="what"><b>outside-tcp</b></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>connected in (time) ms, 29 bytes sent and received, the server saw 203.0.113.99</p><p class="dim">The reply to a client outside goes through the host, its default gateway.</p><p class="dim facts">must work · answered by 203.0.113.80 · server saw 203.0.113.99 · connectMs (time) · retransmissions 0 · (time) ms</p>

</div></details>
<details class="trial"><summary><span class="phase">broken</span><span class="what"><b>neighbour-tcp</b></span><span class="cell outcome fails pass confirmed">fails</span></summary>
<div class="evidence"><p>no answer to the SYN within (time) ms</p><p class="dim">The reply goes straight to the client over the bridge, from an address that it did not ask.</p><p class="dim facts">must fail · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>neighbour</i> <small>mib</small> <code>TcpOutRsts +1</code></li><li class="seen"><b>seen</b> <i>host</i> <small>conntrack</small> <code>ipv4 2 tcp 6 119 SYN_SENT src=10.0.3.81 dst=203.0.113.80 sport=31256 dport=80 [UNREPLIED] src=10.0.3.80 dst=10.0.3.81 sport=80 dport=31256</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">fixed</span><span class="what"><b>neighbour-tcp</b> <code>bounce-snat on</code></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>connected in (time) ms, 31 bytes sent and received, the server saw 10.0.3.1</p><p class="dim">The server sees the host as its peer, so that its reply comes back to the host, which undoes both translations.</p><p class="dim facts">must work · answered by 203.0.113.80 · server saw 10.0.3.1 · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="absent"><b>absent</b> <i>neighbour</i> <small>mib</small> <code>TcpOutRsts +0</code></li><li class="absent"><b>absent</b> <i>host</i> <small>conntrack</small> <code>no new entry /tcp .*src=10.0.3.81 dst=203.0.113.80 .*UNREPLIED/</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">reverted</span><span class="what"><b>neighbour-tcp</b></span><span class="cell outcome fails pass confirmed">fails</span></summary>
<div class="evidence"><p>no answer to the SYN within (time) ms</p><p class="dim">The reply goes straight to the client over the bridge, from an address that it did not ask.</p><p class="dim facts">must fail · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>neighbour</i> <small>mib</small> <code>TcpOutRsts +1</code></li><li class="seen"><b>seen</b> <i>host</i> <small>conntrack</small> <code>ipv4 2 tcp 6 119 SYN_SENT src=10.0.3.81 dst=203.0.113.80 sport=31262 dport=80 [UNREPLIED] src=10.0.3.80 dst=10.0.3.81 sport=80 dport=31262</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">fixed</span><span class="what"><b>neighbour-tcp</b> <code>bounce-snat on</code> <code>bridge-nf-call-iptables 1</code></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>connected in (time) ms, 31 bytes sent and received, the server saw 10.0.3.1</p><p class="dim">The server sees the host as its peer, so that its reply comes back to the host, which undoes both translations.</p><p class="dim facts">must work · answered by 203.0.113.80 · server saw 10.0.3.1 · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="absent"><b>absent</b> <i>neighbour</i> <small>mib</small> <code>TcpOutRsts +0</code></li><li class="absent"><b>absent</b> <i>host</i> <small>conntrack</small> <code>no new entry /tcp .*src=10.0.3.81 dst=203.0.113.80 .*UNREPLIED/</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">reverted</span><span class="what"><b>neighbour-tcp</b></span><span class="cell outcome fails pass confirmed">fails</span></summary>
<div class="evidence"><p>no answer to the SYN within (time) ms</p><p class="dim">The reply goes straight to the client over the bridge, from an address that it did not ask.</p><p class="dim facts">must fail · connectMs (time) · retransmissions 0 · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>neighbour</i> <small>mib</small> <code>TcpOutRsts +1</code></li><li class="seen"><b>seen</b> <i>host</i> <small>conntrack</small> <code>ipv4 2 tcp 6 119 SYN_SENT src=10.0.3.81 dst=203.0.113.80 sport=31267 dport=80 [UNREPLIED] src=10.0.3.80 dst=10.0.3.81 sport=80 dport=31267</code></li></ul></div></details>
</section>
</details>

<p class="dim">The commands are in the page that the run itself writes; <code>lab script lan-dnat-without-snat</code> prints them, too.</p>
<p class="top"><a href="#top">Back to the table</a></p>
</article>


</main><script>
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
</script></body></html>

`

exports[`dist/src/report/snapshots.test.js > TAP > what html says of a run with every verdict is what it said before > must match snapshot 1`] = `
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>netns-lab: Linux 6.18.44</title>
<style>
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

.nl-node { fill: var(--surface, #fff); stroke: var(--line, #8c959f); stroke-width: 1.2 }
.nl-inner { fill: var(--raised, #eef1f4); stroke: var(--line, #8c959f) }
.nl-wire { fill: none; stroke: var(--line, #8c959f); stroke-width: 2 }
.nl-down { stroke-dasharray: 3 6 }
.nl-port { fill: var(--line, #8c959f) }
.nl-name, .nl-is, .nl-device, .nl-address, .nl-note { paint-order: stroke; stroke: var(--surface, #fff); stroke-width: 3px; stroke-linejoin: round }
.nl-name { font: 600 14px system-ui, sans-serif; fill: var(--ink, #1f2328) }
.nl-is { font: 12px system-ui, sans-serif; fill: var(--dim, #59636e) }
.nl-device { font: 600 11px ui-monospace, 'DejaVu Sans Mono', monospace; fill: var(--ink, #1f2328) }
.nl-address, .nl-note { font: 11px ui-monospace, 'DejaVu Sans Mono', monospace; fill: var(--dim, #59636e) }
.nl-note { fill: var(--accent, #0550ae) }
.nl-way { fill: none; stroke: var(--way, #0969da); stroke-width: 3; stroke-linejoin: round; stroke-linecap: round }
.nl-assumed { stroke-dasharray: 7 6 }
.nl-start { fill: var(--way, #0969da) }
.nl-head { fill: var(--way, #0969da) }
.nl-lost { fill: var(--lost, #cf222e); stroke: var(--surface, #fff); stroke-width: 2 }
.nl-cross { stroke: #fff; stroke-width: 2.4; stroke-linecap: round }
</style></head>
<body><main id="top">
<a class="skip-link" href="#verdicts">To the verdicts</a>
<header><h1>Networking failures on Linux 6.18.44</h1>
<p>Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root <span class="dim">· <time datetime="(date)">(date) UTC</time> · (time) s</span></p>
<ul class="counts"><li class="verdict error">1 error</li><li class="verdict regressed">3 regressed</li><li class="verdict unexpected-pass">1 unexpected-pass</li><li class="verdict flaky">1 flaky</li><li class="verdict skipped">2 skipped</li><li class="verdict changed">1 changed</li><li class="verdict confirmed">1 confirmed</li></ul>
</header>
<form class="filters" id="filters" hidden aria-label="Show only">
<label>Text <input type="search" name="text" placeholder="scenario, probe, mechanism, commit"></label>
<label>Toggle <select name="toggle"><option value="">any</option><option>hairpin_mode</option><option>promisc</option></select></label>
<fieldset><legend>Verdict</legend><label class="verdict error"><input type="checkbox" name="verdict" value="error" checked> error</label><label class="verdict regressed"><input type="checkbox" name="verdict" value="regressed" checked> regressed</label><label class="verdict unexpected-pass"><input type="checkbox" name="verdict" value="unexpected-pass" checked> unexpected-pass</label><label class="verdict flaky"><input type="checkbox" name="verdict" value="flaky" checked> flaky</label><label class="verdict skipped"><input type="checkbox" name="verdict" value="skipped" checked> skipped</label><label class="verdict changed"><input type="checkbox" name="verdict" value="changed" checked> changed</label><label class="verdict confirmed"><input type="checkbox" name="verdict" value="confirmed" checked> confirmed</label></fieldset>
<output name="shown" aria-live="polite"></output></form>
<section class="card scroll" id="verdicts" tabindex="0" aria-label="Verdicts"><table><thead><tr><th scope="col">Scenario</th><th scope="col">Verdict</th><th scope="col" class="number">Trials</th><th scope="col" class="number">Time</th></tr></thead><tbody>
<tr data-of="broken-lab"><th scope="row"><a href="#broken-lab">Title of broken-lab</a> <span class="id">broken-lab</span></th><td><span class="verdict error">error</span></td><td class="number">1, 1 in error</td><td class="number">(time) s</td></tr>
<tr data-of="regression"><th scope="row"><a href="#regression">Title of regression</a> <span class="id">regression</span></th><td><span class="verdict regressed">regressed</span></td><td class="number">2, 1 not as they must be</td><td class="number">(time) s</td></tr>
<tr data-of="an-attack"><th scope="row"><a href="#an-attack">Title of an-attack</a> <span class="id">an-attack</span></th><td><span class="verdict regressed">regressed</span></td><td class="number">4, 1 not as they must be</td><td class="number">(time) s</td></tr>
<tr data-of="a-kernel-without"><th scope="row"><a href="#a-kernel-without">Title of a-kernel-without</a> <span class="id">a-kernel-without</span></th><td><span class="verdict regressed">regressed</span></td><td class="number">2, 1 not as they must be</td><td class="number">(time) s</td></tr>
<tr data-of="no-failure"><th scope="row"><a href="#no-failure">Title of no-failure</a> <span class="id">no-failure</span></th><td><span class="verdict unexpected-pass">unexpected-pass</span></td><td class="number">2, 1 not as they must be</td><td class="number">(time) s</td></tr>
<tr data-of="flaky-all-ok"><th scope="row"><a href="#flaky-all-ok">Title of flaky-all-ok</a> <span class="id">flaky-all-ok</span></th><td><span class="verdict flaky">flaky</span></td><td class="number">2</td><td class="number">(time) s</td></tr>
<tr data-of="left-out"><th scope="row"><a href="#left-out">Title of left-out</a> <span class="id">left-out</span></th><td><span class="verdict skipped">skipped</span></td><td class="number">2, 2 skipped</td><td class="number">(time) s</td></tr>
<tr data-of="newer-kernel"><th scope="row"><a href="#newer-kernel">Title of newer-kernel</a> <span class="id">newer-kernel</span></th><td><span class="verdict changed">changed</span></td><td class="number">3, 1 skipped</td><td class="number">(time) s</td></tr>
<tr data-of="as-documented"><th scope="row"><a href="#as-documented">Title of as-documented</a> <span class="id">as-documented</span></th><td><span class="verdict confirmed">confirmed</span></td><td class="number">3</td><td class="number">(time) s</td></tr>
<tr data-of="without-trials"><th scope="row"><a href="#without-trials">Title of without-trials</a> <span class="id">without-trials</span></th><td><span class="verdict skipped">skipped</span></td><td class="number">0</td><td class="number">(time) s</td></tr>
</tbody></table></section>
<p class="tools"><button data-of=".trial" data-open="true">Open every trial</button><button data-of=".trial" data-open="false">Fold every trial</button>
<span class="legend">✓ works, ✕ fails, <b class="good">green</b> where that is what must come out: a documented failure that reproduces is.</span></p>
<article id="broken-lab" data-verdicts="error" data-toggles="">
<h2>Title of broken-lab</h2>
<p class="id"><code>broken-lab</code></p>
<p class="reason"><span class="verdict error">error</span> a reason</p>

<ul class="fix-lines"></ul>
<div class="scroll fixes" tabindex="0" role="group" aria-label="What breaks, and what repairs it"><table><thead><tr><td></td><th scope="col">own-address-tcp</th></tr></thead><tbody>
<tr><th scope="row">as documented</th><td class="bad">? error!</td></tr>
</tbody></table></div><p class="legend">! must come out otherwise</p>


<details class="trials" open><summary>Trials <span class="dim">1</span></summary>
<section class="group"><h4>an experiment</h4>

<details class="trial" open><summary><span class="phase">control</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome error error error">error · error</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
</section>
</details>

<p class="dim">The commands are in the page that the run itself writes; <code>lab script broken-lab</code> prints them, too.</p>
<p class="top"><a href="#top">Back to the table</a></p>
</article>
<article id="regression" data-verdicts="regressed" data-toggles="">
<h2>Title of regression</h2>
<p class="id"><code>regression</code></p>
<p class="reason"><span class="verdict regressed">regressed</span> a reason</p>

<ul class="fix-lines"><li class="leaves"><span aria-hidden="true">–</span>  repairs nothing; own-address-tcp fails with it</li><li class="other"><span aria-hidden="true">!</span> own-address-tcp fails with , and must not</li></ul>
<div class="scroll fixes" tabindex="0" role="group" aria-label="What breaks, and what repairs it"><table><thead><tr><td></td><th scope="col">own-address-tcp</th></tr></thead><tbody>
<tr><th scope="row">as documented</th><td class="good">✓ works</td></tr>
<tr><th scope="row"></th><td class="bad">✕ fails!</td></tr>
</tbody></table></div><p class="legend">! must come out otherwise</p>


<details class="trials" open><summary>Trials <span class="dim">2</span></summary>
<section class="group"><h4>an experiment</h4>

<details class="trial"><summary><span class="phase">control</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
<details class="trial" open><summary><span class="phase">fixed</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome fails fail regressed">fails · regressed</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
</section>
</details>

<p class="dim">The commands are in the page that the run itself writes; <code>lab script regression</code> prints them, too.</p>
<p class="top"><a href="#top">Back to the table</a></p>
</article>
<article id="an-attack" data-verdicts="regressed" data-toggles="promisc hairpin_mode">
<h2>Title of an-attack</h2>
<p class="id"><code>an-attack</code></p>
<p class="reason"><span class="verdict regressed">regressed</span> a reason</p>

<ul class="fix-lines"><li class="breaks"><span aria-hidden="true">✕</span> own-address-tcp gets through with promisc=reached: answered by 10.0.3.1, as documented: in words</li><li class="repairs"><span aria-hidden="true">✓</span> promisc=on keeps out own-address-tcp</li><li class="leaves"><span aria-hidden="true">–</span> hairpin_mode=on does not</li><li class="other"><span aria-hidden="true">!</span> own-address-tcp gets through with hairpin_mode=on, and must not</li></ul>
<div class="scroll fixes" tabindex="0" role="group" aria-label="What breaks, and what repairs it"><table><thead><tr><td></td><th scope="col">own-address-tcp</th></tr></thead><tbody>
<tr><th scope="row">as documented, with promisc=it said so</th><td class="good">✓ refused</td></tr>
<tr><th scope="row">as documented, with promisc=reached: answered by 10.0.3.1</th><td class="plain">✕ reached</td></tr>
<tr><th scope="row">promisc=on</th><td class="good">✓ refused</td></tr>
<tr><th scope="row">hairpin_mode=on</th><td class="bad">✕ reached!</td></tr>
</tbody></table></div><p class="legend">! must come out otherwise</p>

<blockquote><p>in words</p><footer><a href="https://example.org/document">Document: in words</a></footer></blockquote>
<figure><div class="picture" tabindex="0" role="group" aria-label="own-address-tcp: in words"><svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 491.9 150" width="491.9" height="150">
<title>own-address-tcp: in words</title>
<path class="nl-wire" d="M172.8 68 C204.8 68 204.8 87 236.8 87"/>
<rect class="nl-node" x="10" y="10" width="162.8" height="130" rx="8"/>
<rect class="nl-port" x="168.8" y="64" width="8" height="8" rx="2"/>
<rect class="nl-node" x="236.8" y="21.5" width="245.1" height="107" rx="8"/>
<path class="nl-wire" d="M236.8 87 H306 C319 87 319 95.5 332 95.5"/>
<rect class="nl-inner" x="332" y="76.5" width="109.9" height="38" rx="5"/>
<rect class="nl-port" x="232.8" y="83" width="8" height="8" rx="2"/>
<path class="nl-way nl-assumed" d="M172.8 68 C204.8 68 204.8 87 236.8 87 H306 C319 87 319 95.5 332 95.5"/>
<path class="nl-head" d="M7 0 L-5 -6 L-5 6 Z" transform="translate(204.8 77.5) rotate(30.7)"/>
<circle class="nl-start" cx="172.8" cy="68" r="5"/>
<circle class="nl-head" cx="332" cy="95.5" r="6"/>
<text class="nl-name" x="22" y="34" text-anchor="start">web</text>
<text class="nl-is" x="22" y="49" text-anchor="start">in words</text>
<text class="nl-note" x="22" y="123" text-anchor="start">serves tcp 80</text>
<text class="nl-device" x="160.8" y="84" text-anchor="end">eth0</text>
<text class="nl-address" x="160.8" y="99" text-anchor="end">10.0.3.80/24</text>
<text class="nl-name" x="248.8" y="45.5" text-anchor="start">host</text>
<text class="nl-is" x="248.8" y="60.5" text-anchor="start">in words</text>
<text class="nl-device" x="248.8" y="103" text-anchor="start">veth-web</text>
<text class="nl-device" x="387" y="91.5" text-anchor="middle">br-lxc</text>
<text class="nl-address" x="387" y="106.5" text-anchor="middle">10.0.3.1/24</text>
</svg></div><figcaption><h3>in words <span class="dim">own-address-tcp</span></h3>
<p class="dim">The way is assumed: it is what the topology makes of the probe’s address, and not what was captured.</p><ol class="way" aria-label="The packet’s way, assumed"><li>web eth0</li><li>host veth-web</li><li>host br-lxc</li></ol>
<dl><dt>Reached at</dt><dd>host br-lxc</dd>
<dt>In the kernel</dt><dd>in words</dd>
<dt>It said here</dt><dd><code>TcpOutRsts +1</code></dd>
<dt>The document</dt><dd><q>in words</q></dd></dl></figcaption></figure>

<details class="trials" open><summary>Trials <span class="dim">4</span></summary>
<section class="group"><h4>an experiment; starting from promisc it said so</h4>

<details class="trial"><summary><span class="phase">control</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">broken</span><span class="what"><b>own-address-tcp</b> <code>promisc reached: answered by 10.0.3.1</code></span><span class="cell outcome fails pass confirmed">reached</span></summary>
<div class="evidence"><p>reached: answered by 10.0.3.1</p><p class="dim">because reached: answered by 10.0.3.1</p><p class="dim facts">must be reached · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>reached: answered by 10.0.3.1</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">fixed</span><span class="what"><b>own-address-tcp</b> <code>promisc refused: nothing came</code></span><span class="cell outcome works pass confirmed">refused</span></summary>
<div class="evidence"><p>refused: nothing came</p><p class="dim">because refused: nothing came</p><p class="dim facts">must be refused · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>refused: nothing came</code></li></ul></div></details>
<details class="trial" open><summary><span class="phase">fixed</span><span class="what"><b>own-address-tcp</b> <code>promisc reached: it came</code></span><span class="cell outcome fails fail regressed">reached · regressed</span></summary>
<div class="evidence"><p>reached: it came</p><p class="dim">because reached: it came</p><p class="dim facts">must be refused · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>reached: it came</code></li></ul></div></details>
</section>
</details>

<p class="dim">The commands are in the page that the run itself writes; <code>lab script an-attack</code> prints them, too.</p>
<p class="top"><a href="#top">Back to the table</a></p>
</article>
<article id="a-kernel-without" data-verdicts="regressed" data-toggles="">
<h2>Title of a-kernel-without</h2>
<p class="id"><code>a-kernel-without</code></p>
<p class="reason"><span class="verdict regressed">regressed</span> a reason</p>
<p class="dim">→ this kernel lacks 751de2012eaf “netfilter: a change” (6.9, 6.1.88; CVE-2024-27018): https://example.org/751de2012eaf</p><p class="dim">→ this kernel has by its version, and behaves as if it lacked, 0123456789ab “netfilter: a change” (6.9, 6.1.88; CVE-2024-27018): https://example.org/751de2012eaf</p>
<ul class="fix-lines"><li class="breaks"><span aria-hidden="true">✕</span> own-address-tcp fails, as this kernel must before 751de2012eaf</li><li class="leaves"><span aria-hidden="true">–</span>  does not</li><li class="other"><span aria-hidden="true">!</span> own-address-tcp fails with , and must not</li></ul>
<div class="scroll fixes" tabindex="0" role="group" aria-label="What breaks, and what repairs it"><table><thead><tr><td></td><th scope="col">own-address-tcp</th></tr></thead><tbody>
<tr><th scope="row">as documented</th><td class="plain">✕ fails*</td></tr>
<tr><th scope="row"></th><td class="bad">✕ fails!</td></tr>
</tbody></table></div><p class="legend">! must come out otherwise; * not as documented: as this kernel must</p>

<blockquote><p>in words</p><footer><a href="https://example.org/document">Document: in words</a></footer></blockquote>
<figure><div class="picture" tabindex="0" role="group" aria-label="Title of a-kernel-without"><svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 491.9 150" width="491.9" height="150">
<title>Title of a-kernel-without</title>
<path class="nl-wire" d="M172.8 68 C204.8 68 204.8 87 236.8 87"/>
<rect class="nl-node" x="10" y="10" width="162.8" height="130" rx="8"/>
<rect class="nl-port" x="168.8" y="64" width="8" height="8" rx="2"/>
<rect class="nl-node" x="236.8" y="21.5" width="245.1" height="107" rx="8"/>
<path class="nl-wire" d="M236.8 87 H306 C319 87 319 95.5 332 95.5"/>
<rect class="nl-inner" x="332" y="76.5" width="109.9" height="38" rx="5"/>
<rect class="nl-port" x="232.8" y="83" width="8" height="8" rx="2"/>
<text class="nl-name" x="22" y="34" text-anchor="start">web</text>
<text class="nl-is" x="22" y="49" text-anchor="start">in words</text>
<text class="nl-note" x="22" y="123" text-anchor="start">serves tcp 80</text>
<text class="nl-device" x="160.8" y="84" text-anchor="end">eth0</text>
<text class="nl-address" x="160.8" y="99" text-anchor="end">10.0.3.80/24</text>
<text class="nl-name" x="248.8" y="45.5" text-anchor="start">host</text>
<text class="nl-is" x="248.8" y="60.5" text-anchor="start">in words</text>
<text class="nl-device" x="248.8" y="103" text-anchor="start">veth-web</text>
<text class="nl-device" x="387" y="91.5" text-anchor="middle">br-lxc</text>
<text class="nl-address" x="387" y="106.5" text-anchor="middle">10.0.3.1/24</text>
</svg></div><figcaption></figcaption></figure>

<details class="trials" open><summary>Trials <span class="dim">2</span></summary>
<section class="group"><h4>an experiment; starting from promisc it said so</h4>

<details class="trial"><summary><span class="phase">broken</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome fails pass changed">fails · changed</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must fail · (time) ms</p>
<p>Keyed by <a href="https://example.org/751de2012eaf"><code>751de2012eaf</code></a> netfilter: a change, since 6.9, 6.1.88 (CVE-2024-27018). <a href="https://example.org/revert">Ubuntu took it back in linux-azure, since 6.8.0-1063-azure (LP: #2070072)</a>.</p>
<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
<details class="trial" open><summary><span class="phase">fixed</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome fails fail regressed">fails · regressed</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>
<p>Keyed by <a href="https://example.org/751de2012eaf"><code>0123456789ab</code></a> netfilter: a change, since 6.9, 6.1.88 (CVE-2024-27018). <a href="https://example.org/revert">Ubuntu took it back in linux-azure, since 6.8.0-1063-azure (LP: #2070072)</a>.</p>
<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
</section>
</details>

<p class="dim">The commands are in the page that the run itself writes; <code>lab script a-kernel-without</code> prints them, too.</p>
<p class="top"><a href="#top">Back to the table</a></p>
</article>
<article id="no-failure" data-verdicts="unexpected-pass" data-toggles="">
<h2>Title of no-failure</h2>
<p class="id"><code>no-failure</code></p>
<p class="reason"><span class="verdict unexpected-pass">unexpected-pass</span> a reason</p>

<ul class="fix-lines"><li class="breaks"><span aria-hidden="true">✕</span> own-address-tcp fails at times, and must not</li></ul>
<div class="scroll fixes" tabindex="0" role="group" aria-label="What breaks, and what repairs it"><table><thead><tr><td></td><th scope="col">own-address-tcp</th></tr></thead><tbody>
<tr><th scope="row">as documented</th><td class="bad">± either!</td></tr>
</tbody></table></div><p class="legend">± both ways; ! must come out otherwise</p>


<details class="trials" open><summary>Trials <span class="dim">2</span></summary>
<section class="group"><h4>an experiment</h4>

<details class="trial"><summary><span class="phase">control</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
<details class="trial" open><summary><span class="phase">broken</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome fails fail unexpected-pass">fails · unexpected-pass</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
</section>
</details>

<p class="dim">The commands are in the page that the run itself writes; <code>lab script no-failure</code> prints them, too.</p>
<p class="top"><a href="#top">Back to the table</a></p>
</article>
<article id="flaky-all-ok" data-verdicts="flaky" data-toggles="">
<h2>Title of flaky-all-ok</h2>
<p class="id"><code>flaky-all-ok</code></p>
<p class="reason"><span class="verdict flaky">flaky</span> a reason</p>

<ul class="fix-lines"></ul>
<div class="scroll fixes" tabindex="0" role="group" aria-label="What breaks, and what repairs it"><table><thead><tr><td></td><th scope="col">own-address-tcp</th></tr></thead><tbody>
<tr><th scope="row">as documented</th><td class="good">✓ works</td></tr>
</tbody></table></div>


<details class="trials" open><summary>Trials <span class="dim">2</span></summary>
<section class="group"><h4>an experiment</h4>

<details class="trial"><summary><span class="phase">control</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">control</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
</section>
</details>

<p class="dim">The commands are in the page that the run itself writes; <code>lab script flaky-all-ok</code> prints them, too.</p>
<p class="top"><a href="#top">Back to the table</a></p>
</article>
<article id="left-out" data-verdicts="skipped" data-toggles="">
<h2>Title of left-out</h2>
<p class="id"><code>left-out</code></p>
<p class="reason"><span class="verdict skipped">skipped</span> a reason</p>

<ul class="fix-lines"></ul>
<div class="scroll fixes" tabindex="0" role="group" aria-label="What breaks, and what repairs it"><table><thead><tr><td></td><th scope="col">own-address-tcp</th></tr></thead><tbody>
<tr><th scope="row">as documented</th><td class="dim">– skipped</td></tr>
</tbody></table></div>


<details class="trials" open><summary>Trials <span class="dim">2</span></summary>
<section class="group"><h4>an experiment</h4>

<details class="trial"><summary><span class="phase">control</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome skipped skip skipped">skipped</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">broken</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome skipped skip skipped">skipped</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
</section>
</details>

<p class="dim">The commands are in the page that the run itself writes; <code>lab script left-out</code> prints them, too.</p>
<p class="top"><a href="#top">Back to the table</a></p>
</article>
<article id="newer-kernel" data-verdicts="changed" data-toggles="">
<h2>Title of newer-kernel</h2>
<p class="id"><code>newer-kernel</code></p>
<p class="reason"><span class="verdict changed">changed</span> a reason</p>

<ul class="fix-lines"></ul>
<div class="scroll fixes" tabindex="0" role="group" aria-label="What breaks, and what repairs it"><table><thead><tr><td></td><th scope="col">own-address-tcp</th></tr></thead><tbody>
<tr><th scope="row">as documented</th><td class="good">✓ works</td></tr>
<tr><th scope="row"></th><td class="good">✓ works*</td></tr>
</tbody></table></div><p class="legend">* not as documented: as this kernel must</p>


<details class="trials" open><summary>Trials <span class="dim">3</span></summary>
<section class="group"><h4>an experiment</h4>

<details class="trial"><summary><span class="phase">control</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">fixed</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome works pass changed">works · changed</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">fixed</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome skipped skip skipped">skipped</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
</section>
</details>

<p class="dim">The commands are in the page that the run itself writes; <code>lab script newer-kernel</code> prints them, too.</p>
<p class="top"><a href="#top">Back to the table</a></p>
</article>
<article id="as-documented" data-verdicts="confirmed" data-toggles="hairpin_mode">
<h2>Title of as-documented</h2>
<p class="id"><code>as-documented</code></p>
<p class="reason"><span class="verdict confirmed">confirmed</span> a reason</p>

<ul class="fix-lines"><li class="breaks"><span aria-hidden="true">✕</span> own-address-tcp fails with promisc=it was dropped, as documented: in words</li><li class="repairs"><span aria-hidden="true">✓</span> hairpin_mode=on repairs own-address-tcp</li></ul>
<div class="scroll fixes" tabindex="0" role="group" aria-label="What breaks, and what repairs it"><table><thead><tr><td></td><th scope="col">own-address-tcp</th></tr></thead><tbody>
<tr><th scope="row">as documented, with promisc=it said so</th><td class="good">✓ works</td></tr>
<tr><th scope="row">as documented, with promisc=it was dropped</th><td class="plain">✕ fails</td></tr>
<tr><th scope="row">hairpin_mode=on</th><td class="good">✓ works</td></tr>
</tbody></table></div>

<blockquote><p>in words</p><footer><a href="https://example.org/document">Document: in words</a></footer></blockquote>
<figure><div class="picture" tabindex="0" role="group" aria-label="own-address-tcp: in words"><svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 491.9 150" width="491.9" height="150">
<title>own-address-tcp: in words</title>
<path class="nl-wire" d="M172.8 68 C204.8 68 204.8 87 236.8 87"/>
<rect class="nl-node" x="10" y="10" width="162.8" height="130" rx="8"/>
<rect class="nl-port" x="168.8" y="64" width="8" height="8" rx="2"/>
<rect class="nl-node" x="236.8" y="21.5" width="245.1" height="107" rx="8"/>
<path class="nl-wire" d="M236.8 87 H306 C319 87 319 95.5 332 95.5"/>
<rect class="nl-inner" x="332" y="76.5" width="109.9" height="38" rx="5"/>
<rect class="nl-port" x="232.8" y="83" width="8" height="8" rx="2"/>
<path class="nl-way nl-assumed" d="M172.8 68 C204.8 68 204.8 87 236.8 87 H306 C319 87 319 95.5 332 95.5"/>
<path class="nl-head" d="M7 0 L-5 -6 L-5 6 Z" transform="translate(204.8 77.5) rotate(30.7)"/>
<circle class="nl-start" cx="172.8" cy="68" r="5"/>
<circle class="nl-lost" cx="332" cy="95.5" r="10"/>
<path class="nl-cross" d="M328 91.5 l8 8 m0 -8 l-8 8"/>
<text class="nl-name" x="22" y="34" text-anchor="start">web</text>
<text class="nl-is" x="22" y="49" text-anchor="start">in words</text>
<text class="nl-note" x="22" y="123" text-anchor="start">serves tcp 80</text>
<text class="nl-device" x="160.8" y="84" text-anchor="end">eth0</text>
<text class="nl-address" x="160.8" y="99" text-anchor="end">10.0.3.80/24</text>
<text class="nl-name" x="248.8" y="45.5" text-anchor="start">host</text>
<text class="nl-is" x="248.8" y="60.5" text-anchor="start">in words</text>
<text class="nl-device" x="248.8" y="103" text-anchor="start">veth-web</text>
<text class="nl-device" x="387" y="91.5" text-anchor="middle">br-lxc</text>
<text class="nl-address" x="387" y="106.5" text-anchor="middle">10.0.3.1/24</text>
</svg></div><figcaption><h3>in words <span class="dim">own-address-tcp</span></h3>
<p class="dim">The way is assumed: it is what the topology makes of the probe’s address, and not what was captured.</p><ol class="way" aria-label="The packet’s way, assumed"><li>web eth0</li><li>host veth-web</li><li class="lost">host br-lxc</li></ol>
<dl><dt>Lost at</dt><dd>host br-lxc</dd>
<dt>In the kernel</dt><dd>in words</dd>
<dt>It said here</dt><dd><code>it was dropped</code></dd>
<dt>The document</dt><dd><q>in words</q></dd></dl></figcaption></figure>

<details class="trials" open><summary>Trials <span class="dim">3</span></summary>
<section class="group"><h4>an experiment; starting from promisc it said so</h4>

<details class="trial"><summary><span class="phase">control</span><span class="what"><b>own-address-tcp</b></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">broken</span><span class="what"><b>own-address-tcp</b> <code>promisc it was dropped</code></span><span class="cell outcome fails pass confirmed">fails</span></summary>
<div class="evidence"><p>it was dropped</p><p class="dim">because it was dropped</p><p class="dim facts">must fail · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it was dropped</code></li></ul></div></details>
<details class="trial"><summary><span class="phase">fixed</span><span class="what"><b>own-address-tcp</b> <code>hairpin_mode on</code> <code>promisc off</code></span><span class="cell outcome works pass confirmed">works</span></summary>
<div class="evidence"><p>it said so</p><p class="dim">because it said so</p><p class="dim facts">must work · (time) ms</p>

<ul class="findings"><li class="seen"><b>seen</b> <i>host</i> <small>mib</small> <code>it said so</code></li></ul></div></details>
</section>
</details>

<p class="dim">The commands are in the page that the run itself writes; <code>lab script as-documented</code> prints them, too.</p>
<p class="top"><a href="#top">Back to the table</a></p>
</article>
<article id="without-trials" data-verdicts="skipped" data-toggles="">
<h2>Title of without-trials</h2>
<p class="id"><code>without-trials</code></p>
<p class="reason"><span class="verdict skipped">skipped</span> a reason</p>



<details class="trials" open><summary>Trials <span class="dim">0</span></summary>
</details>

<p class="dim">The commands are in the page that the run itself writes; <code>lab script without-trials</code> prints them, too.</p>
<p class="top"><a href="#top">Back to the table</a></p>
</article>

<section class="card"><h2>Not available on 6.18.44</h2><ul><li><b>kernel log</b>: &lt;script&gt;alert(1)&lt;/script&gt; # SKIP | ]]&gt; &quot;q&quot; &#39;a&#39; %0A ::error::x
::error::y \\ [31m &amp; not ok 1 * \`</li></ul></section>

</main><script>
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
</script></body></html>

`

exports[`dist/src/report/snapshots.test.js > TAP > what json says of a run with every verdict is what it said before > must match snapshot 1`] = `
{
  "schema": "netns-lab.report/2",
  "kernel": {
    "release": "6.18.44-test",
    "version": "6.18.44"
  },
  "machine": {
    "cpus": 2,
    "privilege": "root",
    "distribution": "Debian GNU/Linux 12 (bookworm)",
    "slowness": 1,
    "tools": {
      "ip": "iproute2-6.1.0"
    }
  },
  "started": "(date)",
  "elapsedMs": (time),
  "summary": {
    "error": 1,
    "regressed": 3,
    "unexpected-pass": 1,
    "flaky": 1,
    "skipped": 2,
    "changed": 1,
    "confirmed": 1
  },
  "unavailable": [
    {
      "what": "kernel log",
      "why": "<script>alert(1)</script> # SKIP | ]]> \\"q\\" 'a' %0A ::error::x\\n::error::y \\\\ \\u001b[31m & not ok 1 * \`"
    }
  ],
  "scenarios": [
    {
      "id": "broken-lab",
      "title": "Title of broken-lab",
      "verdict": "error",
      "reason": "a reason",
      "elapsedMs": (time),
      "trials": [
        {
          "experiment": "an experiment",
          "phase": "control",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "error",
          "says": "it said so",
          "expected": "works",
          "ok": false,
          "verdict": "error",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        }
      ]
    },
    {
      "id": "regression",
      "title": "Title of regression",
      "verdict": "regressed",
      "reason": "a reason",
      "elapsedMs": (time),
      "trials": [
        {
          "experiment": "an experiment",
          "phase": "control",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "works",
          "says": "it said so",
          "expected": "works",
          "ok": true,
          "verdict": "confirmed",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        },
        {
          "experiment": "an experiment",
          "phase": "fixed",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "fails",
          "says": "it said so",
          "expected": "works",
          "ok": false,
          "verdict": "regressed",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        }
      ]
    },
    {
      "id": "no-failure",
      "title": "Title of no-failure",
      "verdict": "unexpected-pass",
      "reason": "a reason",
      "elapsedMs": (time),
      "trials": [
        {
          "experiment": "an experiment",
          "phase": "control",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "works",
          "says": "it said so",
          "expected": "works",
          "ok": true,
          "verdict": "confirmed",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        },
        {
          "experiment": "an experiment",
          "phase": "broken",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "fails",
          "says": "it said so",
          "expected": "works",
          "ok": false,
          "verdict": "unexpected-pass",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        }
      ]
    },
    {
      "id": "flaky-all-ok",
      "title": "Title of flaky-all-ok",
      "verdict": "flaky",
      "reason": "a reason",
      "elapsedMs": (time),
      "trials": [
        {
          "experiment": "an experiment",
          "phase": "control",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "works",
          "says": "it said so",
          "expected": "works",
          "ok": true,
          "verdict": "confirmed",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        },
        {
          "experiment": "an experiment",
          "phase": "control",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "works",
          "says": "it said so",
          "expected": "works",
          "ok": true,
          "verdict": "confirmed",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        }
      ]
    },
    {
      "id": "left-out",
      "title": "Title of left-out",
      "verdict": "skipped",
      "reason": "a reason",
      "elapsedMs": (time),
      "trials": [
        {
          "experiment": "an experiment",
          "phase": "control",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "skipped",
          "says": "it said so",
          "expected": "works",
          "ok": true,
          "verdict": "skipped",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        },
        {
          "experiment": "an experiment",
          "phase": "broken",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "skipped",
          "says": "it said so",
          "expected": "works",
          "ok": true,
          "verdict": "skipped",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        }
      ]
    },
    {
      "id": "newer-kernel",
      "title": "Title of newer-kernel",
      "verdict": "changed",
      "reason": "a reason",
      "elapsedMs": (time),
      "trials": [
        {
          "experiment": "an experiment",
          "phase": "control",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "works",
          "says": "it said so",
          "expected": "works",
          "ok": true,
          "verdict": "confirmed",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        },
        {
          "experiment": "an experiment",
          "phase": "fixed",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "works",
          "says": "it said so",
          "expected": "works",
          "ok": true,
          "verdict": "changed",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        },
        {
          "experiment": "an experiment",
          "phase": "fixed",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "skipped",
          "says": "it said so",
          "expected": "works",
          "ok": true,
          "verdict": "skipped",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        }
      ]
    },
    {
      "id": "as-documented",
      "title": "Title of as-documented",
      "verdict": "confirmed",
      "reason": "a reason",
      "elapsedMs": (time),
      "story": {
        "source": {
          "title": "Document: in words",
          "url": "https://example.org/document",
          "says": "in words"
        },
        "drawing": "in words",
        "topology": {
          "nodes": {
            "web": {
              "is": "in words",
              "addresses": {
                "eth0": [
                  "10.0.3.80/24"
                ]
              },
              "services": [
                {
                  "protocol": "tcp",
                  "port": 80
                }
              ]
            },
            "host": {
              "is": "in words",
              "bridges": {
                "br-lxc": {
                  "ports": [
                    "veth-web"
                  ]
                }
              },
              "addresses": {
                "br-lxc": [
                  "10.0.3.1/24"
                ]
              },
              "iptables": {
                "nat": [
                  "-A in words"
                ]
              }
            }
          },
          "links": [
            [
              {
                "node": "web",
                "device": "eth0"
              },
              {
                "node": "host",
                "device": "veth-web"
              }
            ]
          ]
        },
        "toggles": {
          "hairpin_mode": {
            "summary": "in words",
            "settings": [
              "off",
              "on"
            ]
          },
          "promisc": {
            "summary": "in words",
            "settings": [
              "off",
              "on"
            ]
          }
        },
        "probes": {
          "own-address-tcp": {
            "kind": "tcp",
            "from": "web",
            "to": "10.0.3.1",
            "command": "nc in words",
            "control": false
          }
        },
        "mechanisms": {
          "same-port-drop": {
            "title": "in words",
            "where": "in words",
            "document": "in words",
            "at": {
              "node": "host",
              "device": "br-lxc"
            }
          }
        }
      },
      "trials": [
        {
          "experiment": "an experiment",
          "phase": "control",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "works",
          "says": "it said so",
          "expected": "works",
          "ok": true,
          "verdict": "confirmed",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        },
        {
          "experiment": "an experiment",
          "phase": "broken",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it was dropped"
          },
          "outcome": "fails",
          "says": "it was dropped",
          "expected": "fails",
          "ok": true,
          "verdict": "confirmed",
          "why": "because it was dropped",
          "mechanism": "same-port-drop",
          "cause": {
            "node": "host",
            "device": "br-lxc",
            "says": "it was dropped",
            "clarity": 1
          },
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it was dropped"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        },
        {
          "experiment": "an experiment",
          "phase": "fixed",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "on",
            "promisc": "off"
          },
          "fix": {
            "hairpin_mode": "on"
          },
          "outcome": "works",
          "says": "it said so",
          "expected": "works",
          "ok": true,
          "verdict": "confirmed",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        }
      ]
    },
    {
      "id": "without-trials",
      "title": "Title of without-trials",
      "verdict": "skipped",
      "reason": "a reason",
      "elapsedMs": (time),
      "trials": []
    },
    {
      "id": "an-attack",
      "title": "Title of an-attack",
      "verdict": "regressed",
      "reason": "a reason",
      "elapsedMs": (time),
      "story": {
        "source": {
          "title": "Document: in words",
          "url": "https://example.org/document",
          "says": "in words"
        },
        "drawing": "in words",
        "topology": {
          "nodes": {
            "web": {
              "is": "in words",
              "addresses": {
                "eth0": [
                  "10.0.3.80/24"
                ]
              },
              "services": [
                {
                  "protocol": "tcp",
                  "port": 80
                }
              ]
            },
            "host": {
              "is": "in words",
              "bridges": {
                "br-lxc": {
                  "ports": [
                    "veth-web"
                  ]
                }
              },
              "addresses": {
                "br-lxc": [
                  "10.0.3.1/24"
                ]
              },
              "iptables": {
                "nat": [
                  "-A in words"
                ]
              }
            }
          },
          "links": [
            [
              {
                "node": "web",
                "device": "eth0"
              },
              {
                "node": "host",
                "device": "veth-web"
              }
            ]
          ]
        },
        "toggles": {
          "hairpin_mode": {
            "summary": "in words",
            "settings": [
              "off",
              "on"
            ]
          },
          "promisc": {
            "summary": "in words",
            "settings": [
              "off",
              "on"
            ]
          }
        },
        "probes": {
          "own-address-tcp": {
            "kind": "tcp",
            "from": "web",
            "to": "10.0.3.1",
            "command": "nc in words",
            "control": false
          }
        },
        "mechanisms": {
          "same-port-drop": {
            "title": "in words",
            "where": "in words",
            "document": "in words",
            "at": {
              "node": "host",
              "device": "br-lxc"
            }
          }
        }
      },
      "trials": [
        {
          "experiment": "an experiment",
          "phase": "control",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "works",
          "says": "it said so",
          "expected": "works",
          "ok": true,
          "verdict": "confirmed",
          "why": "because it said so",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        },
        {
          "experiment": "an experiment",
          "phase": "broken",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "reached: answered by 10.0.3.1"
          },
          "outcome": "fails",
          "says": "reached: answered by 10.0.3.1",
          "attack": true,
          "expected": "fails",
          "ok": true,
          "verdict": "confirmed",
          "why": "because reached: answered by 10.0.3.1",
          "mechanism": "same-port-drop",
          "cause": {
            "node": "host",
            "device": "br-lxc",
            "says": "TcpOutRsts +1",
            "clarity": 3
          },
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "reached: answered by 10.0.3.1"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        },
        {
          "experiment": "an experiment",
          "phase": "fixed",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "refused: nothing came"
          },
          "fix": {
            "promisc": "on"
          },
          "outcome": "works",
          "says": "refused: nothing came",
          "attack": true,
          "expected": "works",
          "ok": true,
          "verdict": "confirmed",
          "why": "because refused: nothing came",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "refused: nothing came"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        },
        {
          "experiment": "an experiment",
          "phase": "fixed",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "reached: it came"
          },
          "fix": {
            "hairpin_mode": "on"
          },
          "outcome": "fails",
          "says": "reached: it came",
          "attack": true,
          "expected": "works",
          "ok": false,
          "verdict": "regressed",
          "why": "because reached: it came",
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "reached: it came"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        }
      ]
    },
    {
      "id": "a-kernel-without",
      "title": "Title of a-kernel-without",
      "verdict": "regressed",
      "reason": "a reason",
      "elapsedMs": (time),
      "story": {
        "source": {
          "title": "Document: in words",
          "url": "https://example.org/document",
          "says": "in words"
        },
        "drawing": "in words",
        "topology": {
          "nodes": {
            "web": {
              "is": "in words",
              "addresses": {
                "eth0": [
                  "10.0.3.80/24"
                ]
              },
              "services": [
                {
                  "protocol": "tcp",
                  "port": 80
                }
              ]
            },
            "host": {
              "is": "in words",
              "bridges": {
                "br-lxc": {
                  "ports": [
                    "veth-web"
                  ]
                }
              },
              "addresses": {
                "br-lxc": [
                  "10.0.3.1/24"
                ]
              },
              "iptables": {
                "nat": [
                  "-A in words"
                ]
              }
            }
          },
          "links": [
            [
              {
                "node": "web",
                "device": "eth0"
              },
              {
                "node": "host",
                "device": "veth-web"
              }
            ]
          ]
        },
        "toggles": {
          "hairpin_mode": {
            "summary": "in words",
            "settings": [
              "off",
              "on"
            ]
          },
          "promisc": {
            "summary": "in words",
            "settings": [
              "off",
              "on"
            ]
          }
        },
        "probes": {
          "own-address-tcp": {
            "kind": "tcp",
            "from": "web",
            "to": "10.0.3.1",
            "command": "nc in words",
            "control": false
          }
        },
        "mechanisms": {
          "same-port-drop": {
            "title": "in words",
            "where": "in words",
            "document": "in words",
            "at": {
              "node": "host",
              "device": "br-lxc"
            }
          }
        }
      },
      "trials": [
        {
          "experiment": "an experiment",
          "phase": "broken",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "fails",
          "says": "it said so",
          "expected": "fails",
          "ok": true,
          "verdict": "changed",
          "why": "because it said so",
          "change": {
            "commit": "751de2012eaf",
            "title": "netfilter: a change",
            "since": "6.9",
            "backports": [
              "6.1.88"
            ],
            "cve": "CVE-2024-27018",
            "reverts": [
              {
                "distribution": "Ubuntu",
                "package": "linux-azure",
                "since": "6.8.0-1063-azure",
                "bug": "LP: #2070072",
                "url": "https://example.org/revert"
              }
            ],
            "has": false,
            "url": "https://example.org/751de2012eaf"
          },
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        },
        {
          "experiment": "an experiment",
          "phase": "fixed",
          "probe": "own-address-tcp",
          "iptables": "nft",
          "toggles": {
            "hairpin_mode": "off",
            "promisc": "it said so"
          },
          "outcome": "fails",
          "says": "it said so",
          "expected": "works",
          "ok": false,
          "verdict": "regressed",
          "why": "because it said so",
          "change": {
            "commit": "0123456789ab",
            "title": "netfilter: a change",
            "since": "6.9",
            "backports": [
              "6.1.88"
            ],
            "cve": "CVE-2024-27018",
            "reverts": [
              {
                "distribution": "Ubuntu",
                "package": "linux-azure",
                "since": "6.8.0-1063-azure",
                "bug": "LP: #2070072",
                "url": "https://example.org/revert"
              }
            ],
            "has": true,
            "url": "https://example.org/751de2012eaf"
          },
          "evidence": [
            {
              "source": "mib",
              "node": "host",
              "state": "seen",
              "says": "it said so"
            }
          ],
          "repetition": 1,
          "elapsedMs": (time)
        }
      ]
    }
  ]
}

`

exports[`dist/src/report/snapshots.test.js > TAP > what junit says of a recorded run is what it said before > must match snapshot 1`] = `
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="netns-lab" tests="18" failures="0" errors="0" time="(time)">
  <testsuite name="bridge-dnat-bounce" tests="12" failures="0" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-fc-v669">
    <properties>
      <property name="title" value="A container cannot reach itself through a port forwarding that bounces off the host"/>
      <property name="verdict" value="changed"/>
      <property name="reason" value="Since 751de2012eaf (6.9, and stable kernels) the promiscuous copy has no conntrack: it is routed back without SNAT. The document differs: promiscuous mode “makes everything work” there; that workaround has been dead since 751de2012eaf."/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-fc-v669, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="bridge-dnat-bounce" name="bridge-dnat-bounce: control other-container-tcp [the workarounds of the document]" time="(time)">
      <system-out>connected in (time) ms, 27 bytes sent and received, the server saw 10.0.3.1</system-out>
    </testcase>
    <testcase classname="bridge-dnat-bounce" name="bridge-dnat-bounce: broken own-address-tcp [the workarounds of the document]" time="(time)">
      <system-out>no answer to the SYN within (time) ms&#10;seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet&#10;seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets&#10;seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets&#10;seen [mib web] IpExtInOctets +0</system-out>
    </testcase>
    <testcase classname="bridge-dnat-bounce" name="bridge-dnat-bounce: fixed own-address-tcp (hairpin_mode on) [the workarounds of the document]" time="(time)">
      <system-out>connected in (time) ms, 25 bytes sent and received, the server saw 10.0.3.1&#10;seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 10 packets&#10;absent [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 1 packet&#10;seen [mib web] IpExtInOctets +586&#10;absent [mib web] IpInDelivers +10&#10;not-seen [kernel-log web] no line /martian source 10\\.0\\.3\\.80 from 10\\.0\\.3\\.80, on dev eth0/ (net_ratelimit() may have held it back)&#10;seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet&#10;absent [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 10 packets&#10;absent [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 1 packet&#10;absent [mib web] IpExtInOctets +586</system-out>
    </testcase>
    <testcase classname="bridge-dnat-bounce" name="bridge-dnat-bounce: reverted own-address-tcp (after hairpin_mode on) [the workarounds of the document]" time="(time)">
      <system-out>no answer to the SYN within (time) ms&#10;seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet&#10;seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets&#10;seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets&#10;seen [mib web] IpExtInOctets +0</system-out>
    </testcase>
    <testcase classname="bridge-dnat-bounce" name="bridge-dnat-bounce: fixed own-address-tcp (promisc on) [the workarounds of the document]" time="(time)">
      <system-out>no answer to the SYN within (time) ms&#10;seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 1 packet&#10;seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets&#10;seen [mib web] IpExtInOctets +60&#10;seen [mib web] IpInDelivers +0&#10;seen [kernel-log web] IPv4: martian source 10.0.3.80 from 10.0.3.80, on dev eth0 | ll header: 00000000: fa 16 3e b6 5d c3 fa 16 3e 24 b7 38 08 00</system-out>
    </testcase>
    <testcase classname="bridge-dnat-bounce" name="bridge-dnat-bounce: reverted own-address-tcp (after promisc on) [the workarounds of the document]" time="(time)">
      <system-out>no answer to the SYN within (time) ms&#10;seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet&#10;seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets&#10;seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets&#10;seen [mib web] IpExtInOctets +0</system-out>
    </testcase>
    <testcase classname="bridge-dnat-bounce" name="bridge-dnat-bounce: control other-container-tcp [the bridge’s own nf_call_iptables is OR-ed with the sysctl]" time="(time)">
      <system-out>connected in (time) ms, 27 bytes sent and received, the server saw 10.0.3.1</system-out>
    </testcase>
    <testcase classname="bridge-dnat-bounce" name="bridge-dnat-bounce: broken own-address-tcp [the bridge’s own nf_call_iptables is OR-ed with the sysctl]" time="(time)">
      <system-out>no answer to the SYN within (time) ms&#10;seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet&#10;seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets&#10;seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets&#10;seen [mib web] IpExtInOctets +0</system-out>
    </testcase>
    <testcase classname="bridge-dnat-bounce" name="bridge-dnat-bounce: fixed own-address-tcp (nf_call_iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl]" time="(time)">
      <system-out>no answer to the SYN within (time) ms&#10;seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet&#10;seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets&#10;seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets&#10;seen [mib web] IpExtInOctets +0</system-out>
    </testcase>
    <testcase classname="bridge-dnat-bounce" name="bridge-dnat-bounce: reverted own-address-tcp (after nf_call_iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl]" time="(time)">
      <system-out>no answer to the SYN within (time) ms&#10;seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet&#10;seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets&#10;seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets&#10;seen [mib web] IpExtInOctets +0</system-out>
    </testcase>
    <testcase classname="bridge-dnat-bounce" name="bridge-dnat-bounce: fixed own-address-tcp (nf_call_iptables 0, bridge-nf-call-iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl]" time="(time)">
      <system-out>connected in (time) ms, 25 bytes sent and received, the server saw 10.0.3.1&#10;seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 10 packets&#10;absent [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 1 packet&#10;seen [mib web] IpExtInOctets +586&#10;absent [mib web] IpInDelivers +10&#10;not-seen [kernel-log web] no line /martian source 10\\.0\\.3\\.80 from 10\\.0\\.3\\.80, on dev eth0/ (net_ratelimit() may have held it back)&#10;seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet&#10;absent [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 10 packets&#10;absent [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 1 packet&#10;absent [mib web] IpExtInOctets +586</system-out>
    </testcase>
    <testcase classname="bridge-dnat-bounce" name="bridge-dnat-bounce: reverted own-address-tcp (after nf_call_iptables 0, bridge-nf-call-iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl]" time="(time)">
      <system-out>no answer to the SYN within (time) ms&#10;seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet&#10;seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets&#10;seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets&#10;seen [mib web] IpExtInOctets +0</system-out>
    </testcase>
  </testsuite>
  <testsuite name="lan-dnat-without-snat" tests="6" failures="0" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-fc-v669">
    <properties>
      <property name="title" value="A container cannot reach its neighbour through a port forwarding without SNAT"/>
      <property name="verdict" value="confirmed"/>
      <property name="reason" value="as documented, in 6 trials."/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-fc-v669, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="lan-dnat-without-snat" name="lan-dnat-without-snat: control outside-tcp [the bounce rule, and bridged replies through iptables]" time="(time)">
      <system-out>connected in (time) ms, 29 bytes sent and received, the server saw 203.0.113.99</system-out>
    </testcase>
    <testcase classname="lan-dnat-without-snat" name="lan-dnat-without-snat: broken neighbour-tcp [the bounce rule, and bridged replies through iptables]" time="(time)">
      <system-out>no answer to the SYN within (time) ms&#10;seen [mib neighbour] TcpOutRsts +1&#10;seen [conntrack host] ipv4 2 tcp 6 119 SYN_SENT src=10.0.3.81 dst=203.0.113.80 sport=31256 dport=80 [UNREPLIED] src=10.0.3.80 dst=10.0.3.81 sport=80 dport=31256</system-out>
    </testcase>
    <testcase classname="lan-dnat-without-snat" name="lan-dnat-without-snat: fixed neighbour-tcp (bounce-snat on) [the bounce rule, and bridged replies through iptables]" time="(time)">
      <system-out>connected in (time) ms, 31 bytes sent and received, the server saw 10.0.3.1&#10;absent [mib neighbour] TcpOutRsts +0&#10;absent [conntrack host] no new entry /tcp .*src=10.0.3.81 dst=203.0.113.80 .*UNREPLIED/</system-out>
    </testcase>
    <testcase classname="lan-dnat-without-snat" name="lan-dnat-without-snat: reverted neighbour-tcp (after bounce-snat on) [the bounce rule, and bridged replies through iptables]" time="(time)">
      <system-out>no answer to the SYN within (time) ms&#10;seen [mib neighbour] TcpOutRsts +1&#10;seen [conntrack host] ipv4 2 tcp 6 119 SYN_SENT src=10.0.3.81 dst=203.0.113.80 sport=31262 dport=80 [UNREPLIED] src=10.0.3.80 dst=10.0.3.81 sport=80 dport=31262</system-out>
    </testcase>
    <testcase classname="lan-dnat-without-snat" name="lan-dnat-without-snat: fixed neighbour-tcp (bounce-snat on, bridge-nf-call-iptables 1) [the bounce rule, and bridged replies through iptables]" time="(time)">
      <system-out>connected in (time) ms, 31 bytes sent and received, the server saw 10.0.3.1&#10;absent [mib neighbour] TcpOutRsts +0&#10;absent [conntrack host] no new entry /tcp .*src=10.0.3.81 dst=203.0.113.80 .*UNREPLIED/</system-out>
    </testcase>
    <testcase classname="lan-dnat-without-snat" name="lan-dnat-without-snat: reverted neighbour-tcp (after bounce-snat on, bridge-nf-call-iptables 1) [the bounce rule, and bridged replies through iptables]" time="(time)">
      <system-out>no answer to the SYN within (time) ms&#10;seen [mib neighbour] TcpOutRsts +1&#10;seen [conntrack host] ipv4 2 tcp 6 119 SYN_SENT src=10.0.3.81 dst=203.0.113.80 sport=31267 dport=80 [UNREPLIED] src=10.0.3.80 dst=10.0.3.81 sport=80 dport=31267</system-out>
    </testcase>
  </testsuite>
</testsuites>

`

exports[`dist/src/report/snapshots.test.js > TAP > what junit says of a run with every verdict is what it said before > must match snapshot 1`] = `
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="netns-lab" tests="23" failures="5" errors="1" time="(time)">
  <testsuite name="broken-lab" tests="1" failures="0" errors="1" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of broken-lab"/>
      <property name="verdict" value="error"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="broken-lab" name="broken-lab: control own-address-tcp [an experiment]" time="(time)">
      <error type="error" message="because it said so">it said so&#10;seen [mib host] it said so</error>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="regression" tests="2" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of regression"/>
      <property name="verdict" value="regressed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="regression" name="regression: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="regression" name="regression: fixed own-address-tcp [an experiment]" time="(time)">
      <failure type="regressed" message="because it said so">it said so&#10;seen [mib host] it said so</failure>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="no-failure" tests="2" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of no-failure"/>
      <property name="verdict" value="unexpected-pass"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="no-failure" name="no-failure: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="no-failure" name="no-failure: broken own-address-tcp [an experiment]" time="(time)">
      <failure type="unexpected-pass" message="because it said so">it said so&#10;seen [mib host] it said so</failure>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="flaky-all-ok" tests="3" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of flaky-all-ok"/>
      <property name="verdict" value="flaky"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="flaky-all-ok" name="flaky-all-ok: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="flaky-all-ok" name="flaky-all-ok: control own-address-tcp [an experiment] no. 2" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="flaky-all-ok" name="flaky-all-ok: verdict" time="(time)">
      <failure type="flaky" message="a reason"></failure>
    </testcase>
  </testsuite>
  <testsuite name="left-out" tests="2" failures="0" errors="0" skipped="2" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of left-out"/>
      <property name="verdict" value="skipped"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="left-out" name="left-out: control own-address-tcp [an experiment]" time="(time)">
      <skipped message="because it said so"/>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="left-out" name="left-out: broken own-address-tcp [an experiment]" time="(time)">
      <skipped message="because it said so"/>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="newer-kernel" tests="3" failures="0" errors="0" skipped="1" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of newer-kernel"/>
      <property name="verdict" value="changed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="newer-kernel" name="newer-kernel: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="newer-kernel" name="newer-kernel: fixed own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="newer-kernel" name="newer-kernel: fixed own-address-tcp [an experiment] no. 2" time="(time)">
      <skipped message="because it said so"/>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="as-documented" tests="3" failures="0" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of as-documented"/>
      <property name="verdict" value="confirmed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="as-documented" name="as-documented: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="as-documented" name="as-documented: broken own-address-tcp [an experiment]" time="(time)">
      <system-out>it was dropped&#10;seen [mib host] it was dropped</system-out>
    </testcase>
    <testcase classname="as-documented" name="as-documented: fixed own-address-tcp (hairpin_mode on) [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="without-trials" tests="1" failures="0" errors="0" skipped="1" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of without-trials"/>
      <property name="verdict" value="skipped"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="without-trials" name="without-trials: verdict" time="(time)">
      <skipped message="a reason"/>
    </testcase>
  </testsuite>
  <testsuite name="an-attack" tests="4" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of an-attack"/>
      <property name="verdict" value="regressed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="an-attack" name="an-attack: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="an-attack" name="an-attack: broken own-address-tcp [an experiment]" time="(time)">
      <system-out>reached: answered by 10.0.3.1&#10;seen [mib host] reached: answered by 10.0.3.1</system-out>
    </testcase>
    <testcase classname="an-attack" name="an-attack: fixed own-address-tcp (promisc on) [an experiment]" time="(time)">
      <system-out>refused: nothing came&#10;seen [mib host] refused: nothing came</system-out>
    </testcase>
    <testcase classname="an-attack" name="an-attack: fixed own-address-tcp (hairpin_mode on) [an experiment]" time="(time)">
      <failure type="regressed" message="because reached: it came">reached: it came&#10;seen [mib host] reached: it came</failure>
      <system-out>reached: it came&#10;seen [mib host] reached: it came</system-out>
    </testcase>
  </testsuite>
  <testsuite name="a-kernel-without" tests="2" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of a-kernel-without"/>
      <property name="verdict" value="regressed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="a-kernel-without" name="a-kernel-without: broken own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="a-kernel-without" name="a-kernel-without: fixed own-address-tcp [an experiment]" time="(time)">
      <failure type="regressed" message="because it said so">it said so&#10;seen [mib host] it said so</failure>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
</testsuites>

`

exports[`dist/src/report/snapshots.test.js > TAP > what junit says of two runs is what it said before > must match snapshot 1`] = `
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="netns-lab" tests="46" failures="10" errors="2" time="(time)">
  <testsuite name="6.18.44-test: broken-lab" tests="1" failures="0" errors="1" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of broken-lab"/>
      <property name="verdict" value="error"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="6.18.44-test: broken-lab" name="6.18.44-test: broken-lab: control own-address-tcp [an experiment]" time="(time)">
      <error type="error" message="because it said so">it said so&#10;seen [mib host] it said so</error>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="6.18.44-test: regression" tests="2" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of regression"/>
      <property name="verdict" value="regressed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="6.18.44-test: regression" name="6.18.44-test: regression: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="6.18.44-test: regression" name="6.18.44-test: regression: fixed own-address-tcp [an experiment]" time="(time)">
      <failure type="regressed" message="because it said so">it said so&#10;seen [mib host] it said so</failure>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="6.18.44-test: no-failure" tests="2" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of no-failure"/>
      <property name="verdict" value="unexpected-pass"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="6.18.44-test: no-failure" name="6.18.44-test: no-failure: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="6.18.44-test: no-failure" name="6.18.44-test: no-failure: broken own-address-tcp [an experiment]" time="(time)">
      <failure type="unexpected-pass" message="because it said so">it said so&#10;seen [mib host] it said so</failure>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="6.18.44-test: flaky-all-ok" tests="3" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of flaky-all-ok"/>
      <property name="verdict" value="flaky"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="6.18.44-test: flaky-all-ok" name="6.18.44-test: flaky-all-ok: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="6.18.44-test: flaky-all-ok" name="6.18.44-test: flaky-all-ok: control own-address-tcp [an experiment] no. 2" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="6.18.44-test: flaky-all-ok" name="6.18.44-test: flaky-all-ok: verdict" time="(time)">
      <failure type="flaky" message="a reason"></failure>
    </testcase>
  </testsuite>
  <testsuite name="6.18.44-test: left-out" tests="2" failures="0" errors="0" skipped="2" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of left-out"/>
      <property name="verdict" value="skipped"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="6.18.44-test: left-out" name="6.18.44-test: left-out: control own-address-tcp [an experiment]" time="(time)">
      <skipped message="because it said so"/>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="6.18.44-test: left-out" name="6.18.44-test: left-out: broken own-address-tcp [an experiment]" time="(time)">
      <skipped message="because it said so"/>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="6.18.44-test: newer-kernel" tests="3" failures="0" errors="0" skipped="1" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of newer-kernel"/>
      <property name="verdict" value="changed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="6.18.44-test: newer-kernel" name="6.18.44-test: newer-kernel: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="6.18.44-test: newer-kernel" name="6.18.44-test: newer-kernel: fixed own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="6.18.44-test: newer-kernel" name="6.18.44-test: newer-kernel: fixed own-address-tcp [an experiment] no. 2" time="(time)">
      <skipped message="because it said so"/>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="6.18.44-test: as-documented" tests="3" failures="0" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of as-documented"/>
      <property name="verdict" value="confirmed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="6.18.44-test: as-documented" name="6.18.44-test: as-documented: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="6.18.44-test: as-documented" name="6.18.44-test: as-documented: broken own-address-tcp [an experiment]" time="(time)">
      <system-out>it was dropped&#10;seen [mib host] it was dropped</system-out>
    </testcase>
    <testcase classname="6.18.44-test: as-documented" name="6.18.44-test: as-documented: fixed own-address-tcp (hairpin_mode on) [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="6.18.44-test: without-trials" tests="1" failures="0" errors="0" skipped="1" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of without-trials"/>
      <property name="verdict" value="skipped"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="6.18.44-test: without-trials" name="6.18.44-test: without-trials: verdict" time="(time)">
      <skipped message="a reason"/>
    </testcase>
  </testsuite>
  <testsuite name="6.18.44-test: an-attack" tests="4" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of an-attack"/>
      <property name="verdict" value="regressed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="6.18.44-test: an-attack" name="6.18.44-test: an-attack: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="6.18.44-test: an-attack" name="6.18.44-test: an-attack: broken own-address-tcp [an experiment]" time="(time)">
      <system-out>reached: answered by 10.0.3.1&#10;seen [mib host] reached: answered by 10.0.3.1</system-out>
    </testcase>
    <testcase classname="6.18.44-test: an-attack" name="6.18.44-test: an-attack: fixed own-address-tcp (promisc on) [an experiment]" time="(time)">
      <system-out>refused: nothing came&#10;seen [mib host] refused: nothing came</system-out>
    </testcase>
    <testcase classname="6.18.44-test: an-attack" name="6.18.44-test: an-attack: fixed own-address-tcp (hairpin_mode on) [an experiment]" time="(time)">
      <failure type="regressed" message="because reached: it came">reached: it came&#10;seen [mib host] reached: it came</failure>
      <system-out>reached: it came&#10;seen [mib host] reached: it came</system-out>
    </testcase>
  </testsuite>
  <testsuite name="6.18.44-test: a-kernel-without" tests="2" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="6.18.44-test">
    <properties>
      <property name="title" value="Title of a-kernel-without"/>
      <property name="verdict" value="regressed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="6.18.44"/>
      <property name="machine" value="Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="6.18.44-test: a-kernel-without" name="6.18.44-test: a-kernel-without: broken own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="6.18.44-test: a-kernel-without" name="6.18.44-test: a-kernel-without: fixed own-address-tcp [an experiment]" time="(time)">
      <failure type="regressed" message="because it said so">it said so&#10;seen [mib host] it said so</failure>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="5.10.0: broken-lab" tests="1" failures="0" errors="1" skipped="0" time="(time)" timestamp="(date)" hostname="5.10.0">
    <properties>
      <property name="title" value="Title of broken-lab"/>
      <property name="verdict" value="error"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="5.10.0"/>
      <property name="machine" value="Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="5.10.0: broken-lab" name="5.10.0: broken-lab: control own-address-tcp [an experiment]" time="(time)">
      <error type="error" message="because it said so">it said so&#10;seen [mib host] it said so</error>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="5.10.0: regression" tests="2" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="5.10.0">
    <properties>
      <property name="title" value="Title of regression"/>
      <property name="verdict" value="regressed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="5.10.0"/>
      <property name="machine" value="Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="5.10.0: regression" name="5.10.0: regression: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="5.10.0: regression" name="5.10.0: regression: fixed own-address-tcp [an experiment]" time="(time)">
      <failure type="regressed" message="because it said so">it said so&#10;seen [mib host] it said so</failure>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="5.10.0: no-failure" tests="2" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="5.10.0">
    <properties>
      <property name="title" value="Title of no-failure"/>
      <property name="verdict" value="unexpected-pass"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="5.10.0"/>
      <property name="machine" value="Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="5.10.0: no-failure" name="5.10.0: no-failure: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="5.10.0: no-failure" name="5.10.0: no-failure: broken own-address-tcp [an experiment]" time="(time)">
      <failure type="unexpected-pass" message="because it said so">it said so&#10;seen [mib host] it said so</failure>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="5.10.0: flaky-all-ok" tests="3" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="5.10.0">
    <properties>
      <property name="title" value="Title of flaky-all-ok"/>
      <property name="verdict" value="flaky"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="5.10.0"/>
      <property name="machine" value="Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="5.10.0: flaky-all-ok" name="5.10.0: flaky-all-ok: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="5.10.0: flaky-all-ok" name="5.10.0: flaky-all-ok: control own-address-tcp [an experiment] no. 2" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="5.10.0: flaky-all-ok" name="5.10.0: flaky-all-ok: verdict" time="(time)">
      <failure type="flaky" message="a reason"></failure>
    </testcase>
  </testsuite>
  <testsuite name="5.10.0: left-out" tests="2" failures="0" errors="0" skipped="2" time="(time)" timestamp="(date)" hostname="5.10.0">
    <properties>
      <property name="title" value="Title of left-out"/>
      <property name="verdict" value="skipped"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="5.10.0"/>
      <property name="machine" value="Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="5.10.0: left-out" name="5.10.0: left-out: control own-address-tcp [an experiment]" time="(time)">
      <skipped message="because it said so"/>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="5.10.0: left-out" name="5.10.0: left-out: broken own-address-tcp [an experiment]" time="(time)">
      <skipped message="because it said so"/>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="5.10.0: newer-kernel" tests="3" failures="0" errors="0" skipped="1" time="(time)" timestamp="(date)" hostname="5.10.0">
    <properties>
      <property name="title" value="Title of newer-kernel"/>
      <property name="verdict" value="changed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="5.10.0"/>
      <property name="machine" value="Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="5.10.0: newer-kernel" name="5.10.0: newer-kernel: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="5.10.0: newer-kernel" name="5.10.0: newer-kernel: fixed own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="5.10.0: newer-kernel" name="5.10.0: newer-kernel: fixed own-address-tcp [an experiment] no. 2" time="(time)">
      <skipped message="because it said so"/>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="5.10.0: as-documented" tests="3" failures="0" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="5.10.0">
    <properties>
      <property name="title" value="Title of as-documented"/>
      <property name="verdict" value="confirmed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="5.10.0"/>
      <property name="machine" value="Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="5.10.0: as-documented" name="5.10.0: as-documented: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="5.10.0: as-documented" name="5.10.0: as-documented: broken own-address-tcp [an experiment]" time="(time)">
      <system-out>it was dropped&#10;seen [mib host] it was dropped</system-out>
    </testcase>
    <testcase classname="5.10.0: as-documented" name="5.10.0: as-documented: fixed own-address-tcp (hairpin_mode on) [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
  <testsuite name="5.10.0: without-trials" tests="1" failures="0" errors="0" skipped="1" time="(time)" timestamp="(date)" hostname="5.10.0">
    <properties>
      <property name="title" value="Title of without-trials"/>
      <property name="verdict" value="skipped"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="5.10.0"/>
      <property name="machine" value="Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="5.10.0: without-trials" name="5.10.0: without-trials: verdict" time="(time)">
      <skipped message="a reason"/>
    </testcase>
  </testsuite>
  <testsuite name="5.10.0: an-attack" tests="4" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="5.10.0">
    <properties>
      <property name="title" value="Title of an-attack"/>
      <property name="verdict" value="regressed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="5.10.0"/>
      <property name="machine" value="Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="5.10.0: an-attack" name="5.10.0: an-attack: control own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="5.10.0: an-attack" name="5.10.0: an-attack: broken own-address-tcp [an experiment]" time="(time)">
      <system-out>reached: answered by 10.0.3.1&#10;seen [mib host] reached: answered by 10.0.3.1</system-out>
    </testcase>
    <testcase classname="5.10.0: an-attack" name="5.10.0: an-attack: fixed own-address-tcp (promisc on) [an experiment]" time="(time)">
      <system-out>refused: nothing came&#10;seen [mib host] refused: nothing came</system-out>
    </testcase>
    <testcase classname="5.10.0: an-attack" name="5.10.0: an-attack: fixed own-address-tcp (hairpin_mode on) [an experiment]" time="(time)">
      <failure type="regressed" message="because reached: it came">reached: it came&#10;seen [mib host] reached: it came</failure>
      <system-out>reached: it came&#10;seen [mib host] reached: it came</system-out>
    </testcase>
  </testsuite>
  <testsuite name="5.10.0: a-kernel-without" tests="2" failures="1" errors="0" skipped="0" time="(time)" timestamp="(date)" hostname="5.10.0">
    <properties>
      <property name="title" value="Title of a-kernel-without"/>
      <property name="verdict" value="regressed"/>
      <property name="reason" value="a reason"/>
      <property name="kernel" value="5.10.0"/>
      <property name="machine" value="Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root"/>
    </properties>
    <testcase classname="5.10.0: a-kernel-without" name="5.10.0: a-kernel-without: broken own-address-tcp [an experiment]" time="(time)">
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
    <testcase classname="5.10.0: a-kernel-without" name="5.10.0: a-kernel-without: fixed own-address-tcp [an experiment]" time="(time)">
      <failure type="regressed" message="because it said so">it said so&#10;seen [mib host] it said so</failure>
      <system-out>it said so&#10;seen [mib host] it said so</system-out>
    </testcase>
  </testsuite>
</testsuites>

`

exports[`dist/src/report/snapshots.test.js > TAP > what ktap says of a recorded run is what it said before > must match snapshot 1`] = `
KTAP version 1
1..2
# Linux 6.18.44-fc-v669, Debian GNU/Linux 12 (bookworm), 2 CPUs, root
  KTAP version 1
  1..12
  ok 1 control other-container-tcp [the workarounds of the document]
  ok 2 broken own-address-tcp [the workarounds of the document] # XFAIL same-port-drop
  ok 3 fixed own-address-tcp (hairpin_mode on) [the workarounds of the document]
  ok 4 reverted own-address-tcp (after hairpin_mode on) [the workarounds of the document] # XFAIL same-port-drop
  ok 5 fixed own-address-tcp (promisc on) [the workarounds of the document] # XFAIL promiscuous-copy-untracked
  ok 6 reverted own-address-tcp (after promisc on) [the workarounds of the document] # XFAIL same-port-drop
  ok 7 control other-container-tcp [the bridge’s own nf_call_iptables is OR-ed with the sysctl]
  ok 8 broken own-address-tcp [the bridge’s own nf_call_iptables is OR-ed with the sysctl] # XFAIL same-port-drop
  ok 9 fixed own-address-tcp (nf_call_iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl] # XFAIL same-port-drop
  ok 10 reverted own-address-tcp (after nf_call_iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl] # XFAIL same-port-drop
  ok 11 fixed own-address-tcp (nf_call_iptables 0, bridge-nf-call-iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl]
  ok 12 reverted own-address-tcp (after nf_call_iptables 0, bridge-nf-call-iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl] # XFAIL same-port-drop
# A container cannot reach itself through a port forwarding that bounces off the host
ok 1 bridge-dnat-bounce # changed: Since 751de2012eaf (6.9, and stable kernels) the promiscuous copy has no conntrack: it is routed back without SNAT. The document differs: promiscuous mode “makes everything work” there; that workaround has been dead since 751de2012eaf.
  KTAP version 1
  1..6
  ok 1 control outside-tcp [the bounce rule, and bridged replies through iptables]
  ok 2 broken neighbour-tcp [the bounce rule, and bridged replies through iptables] # XFAIL reply-bypasses-host
  ok 3 fixed neighbour-tcp (bounce-snat on) [the bounce rule, and bridged replies through iptables]
  ok 4 reverted neighbour-tcp (after bounce-snat on) [the bounce rule, and bridged replies through iptables] # XFAIL reply-bypasses-host
  ok 5 fixed neighbour-tcp (bounce-snat on, bridge-nf-call-iptables 1) [the bounce rule, and bridged replies through iptables]
  ok 6 reverted neighbour-tcp (after bounce-snat on, bridge-nf-call-iptables 1) [the bounce rule, and bridged replies through iptables] # XFAIL reply-bypasses-host
# A container cannot reach its neighbour through a port forwarding without SNAT
ok 2 lan-dnat-without-snat # confirmed: as documented, in 6 trials.

`

exports[`dist/src/report/snapshots.test.js > TAP > what ktap says of a run with every verdict is what it said before > must match snapshot 1`] = `
KTAP version 1
1..10
# Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root
# not available: kernel log: <script>alert(1)</script> # SKIP | ]]> "q" 'a' %0A ::error::x ::error::y \\ [31m & not ok 1 * \`
  KTAP version 1
  1..1
  # it said so
  # seen [mib host] it said so
  not ok 1 control own-address-tcp [an experiment] # ERROR because it said so
# Title of broken-lab
not ok 1 broken-lab # ERROR error: a reason
  KTAP version 1
  1..2
  ok 1 control own-address-tcp [an experiment]
  # it said so
  # seen [mib host] it said so
  not ok 2 fixed own-address-tcp [an experiment] # regressed: because it said so
# Title of regression
not ok 2 regression # regressed: a reason
  KTAP version 1
  1..2
  ok 1 control own-address-tcp [an experiment]
  # it said so
  # seen [mib host] it said so
  not ok 2 broken own-address-tcp [an experiment] # unexpected-pass: because it said so
# Title of no-failure
not ok 3 no-failure # unexpected-pass: a reason
  KTAP version 1
  1..2
  ok 1 control own-address-tcp [an experiment]
  ok 2 control own-address-tcp [an experiment] no. 2
# Title of flaky-all-ok
not ok 4 flaky-all-ok # flaky: a reason
  KTAP version 1
  1..2
  ok 1 control own-address-tcp [an experiment] # SKIP because it said so
  ok 2 broken own-address-tcp [an experiment] # SKIP because it said so
# Title of left-out
ok 5 left-out # SKIP skipped: a reason
  KTAP version 1
  1..3
  ok 1 control own-address-tcp [an experiment]
  ok 2 fixed own-address-tcp [an experiment]
  ok 3 fixed own-address-tcp [an experiment] no. 2 # SKIP because it said so
# Title of newer-kernel
ok 6 newer-kernel # changed: a reason
  KTAP version 1
  1..3
  ok 1 control own-address-tcp [an experiment]
  ok 2 broken own-address-tcp [an experiment] # XFAIL same-port-drop
  ok 3 fixed own-address-tcp (hairpin_mode on) [an experiment]
# Title of as-documented
ok 7 as-documented # confirmed: a reason
# Title of without-trials
ok 8 without-trials # SKIP skipped: a reason
  KTAP version 1
  1..4
  ok 1 control own-address-tcp [an experiment]
  ok 2 broken own-address-tcp [an experiment] # XFAIL same-port-drop
  ok 3 fixed own-address-tcp (promisc on) [an experiment]
  # reached: it came
  # seen [mib host] reached: it came
  not ok 4 fixed own-address-tcp (hairpin_mode on) [an experiment] # regressed: because reached: it came
# Title of an-attack
not ok 9 an-attack # regressed: a reason
  KTAP version 1
  1..2
  ok 1 broken own-address-tcp [an experiment] # XFAIL it said so
  # it said so
  # seen [mib host] it said so
  not ok 2 fixed own-address-tcp [an experiment] # regressed: because it said so
# Title of a-kernel-without
not ok 10 a-kernel-without # regressed: a reason

`

exports[`dist/src/report/snapshots.test.js > TAP > what ktap says of two runs is what it said before > must match snapshot 1`] = `
KTAP version 1
1..2
  KTAP version 1
  1..10
  # Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root
  # not available: kernel log: <script>alert(1)</script> # SKIP | ]]> "q" 'a' %0A ::error::x ::error::y \\ [31m & not ok 1 * \`
    KTAP version 1
    1..1
    # it said so
    # seen [mib host] it said so
    not ok 1 control own-address-tcp [an experiment] # ERROR because it said so
  # Title of broken-lab
  not ok 1 broken-lab # ERROR error: a reason
    KTAP version 1
    1..2
    ok 1 control own-address-tcp [an experiment]
    # it said so
    # seen [mib host] it said so
    not ok 2 fixed own-address-tcp [an experiment] # regressed: because it said so
  # Title of regression
  not ok 2 regression # regressed: a reason
    KTAP version 1
    1..2
    ok 1 control own-address-tcp [an experiment]
    # it said so
    # seen [mib host] it said so
    not ok 2 broken own-address-tcp [an experiment] # unexpected-pass: because it said so
  # Title of no-failure
  not ok 3 no-failure # unexpected-pass: a reason
    KTAP version 1
    1..2
    ok 1 control own-address-tcp [an experiment]
    ok 2 control own-address-tcp [an experiment] no. 2
  # Title of flaky-all-ok
  not ok 4 flaky-all-ok # flaky: a reason
    KTAP version 1
    1..2
    ok 1 control own-address-tcp [an experiment] # SKIP because it said so
    ok 2 broken own-address-tcp [an experiment] # SKIP because it said so
  # Title of left-out
  ok 5 left-out # SKIP skipped: a reason
    KTAP version 1
    1..3
    ok 1 control own-address-tcp [an experiment]
    ok 2 fixed own-address-tcp [an experiment]
    ok 3 fixed own-address-tcp [an experiment] no. 2 # SKIP because it said so
  # Title of newer-kernel
  ok 6 newer-kernel # changed: a reason
    KTAP version 1
    1..3
    ok 1 control own-address-tcp [an experiment]
    ok 2 broken own-address-tcp [an experiment] # XFAIL same-port-drop
    ok 3 fixed own-address-tcp (hairpin_mode on) [an experiment]
  # Title of as-documented
  ok 7 as-documented # confirmed: a reason
  # Title of without-trials
  ok 8 without-trials # SKIP skipped: a reason
    KTAP version 1
    1..4
    ok 1 control own-address-tcp [an experiment]
    ok 2 broken own-address-tcp [an experiment] # XFAIL same-port-drop
    ok 3 fixed own-address-tcp (promisc on) [an experiment]
    # reached: it came
    # seen [mib host] reached: it came
    not ok 4 fixed own-address-tcp (hairpin_mode on) [an experiment] # regressed: because reached: it came
  # Title of an-attack
  not ok 9 an-attack # regressed: a reason
    KTAP version 1
    1..2
    ok 1 broken own-address-tcp [an experiment] # XFAIL it said so
    # it said so
    # seen [mib host] it said so
    not ok 2 fixed own-address-tcp [an experiment] # regressed: because it said so
  # Title of a-kernel-without
  not ok 10 a-kernel-without # regressed: a reason
not ok 1 Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root
  KTAP version 1
  1..10
  # Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root
  # not available: kernel log: <script>alert(1)</script> # SKIP | ]]> "q" 'a' %0A ::error::x ::error::y \\ [31m & not ok 1 * \`
    KTAP version 1
    1..1
    # it said so
    # seen [mib host] it said so
    not ok 1 control own-address-tcp [an experiment] # ERROR because it said so
  # Title of broken-lab
  not ok 1 broken-lab # ERROR error: a reason
    KTAP version 1
    1..2
    ok 1 control own-address-tcp [an experiment]
    # it said so
    # seen [mib host] it said so
    not ok 2 fixed own-address-tcp [an experiment] # regressed: because it said so
  # Title of regression
  not ok 2 regression # regressed: a reason
    KTAP version 1
    1..2
    ok 1 control own-address-tcp [an experiment]
    # it said so
    # seen [mib host] it said so
    not ok 2 broken own-address-tcp [an experiment] # unexpected-pass: because it said so
  # Title of no-failure
  not ok 3 no-failure # unexpected-pass: a reason
    KTAP version 1
    1..2
    ok 1 control own-address-tcp [an experiment]
    ok 2 control own-address-tcp [an experiment] no. 2
  # Title of flaky-all-ok
  not ok 4 flaky-all-ok # flaky: a reason
    KTAP version 1
    1..2
    ok 1 control own-address-tcp [an experiment] # SKIP because it said so
    ok 2 broken own-address-tcp [an experiment] # SKIP because it said so
  # Title of left-out
  ok 5 left-out # SKIP skipped: a reason
    KTAP version 1
    1..3
    ok 1 control own-address-tcp [an experiment]
    ok 2 fixed own-address-tcp [an experiment]
    ok 3 fixed own-address-tcp [an experiment] no. 2 # SKIP because it said so
  # Title of newer-kernel
  ok 6 newer-kernel # changed: a reason
    KTAP version 1
    1..3
    ok 1 control own-address-tcp [an experiment]
    ok 2 broken own-address-tcp [an experiment] # XFAIL same-port-drop
    ok 3 fixed own-address-tcp (hairpin_mode on) [an experiment]
  # Title of as-documented
  ok 7 as-documented # confirmed: a reason
  # Title of without-trials
  ok 8 without-trials # SKIP skipped: a reason
    KTAP version 1
    1..4
    ok 1 control own-address-tcp [an experiment]
    ok 2 broken own-address-tcp [an experiment] # XFAIL same-port-drop
    ok 3 fixed own-address-tcp (promisc on) [an experiment]
    # reached: it came
    # seen [mib host] reached: it came
    not ok 4 fixed own-address-tcp (hairpin_mode on) [an experiment] # regressed: because reached: it came
  # Title of an-attack
  not ok 9 an-attack # regressed: a reason
    KTAP version 1
    1..2
    ok 1 broken own-address-tcp [an experiment] # XFAIL it said so
    # it said so
    # seen [mib host] it said so
    not ok 2 fixed own-address-tcp [an experiment] # regressed: because it said so
  # Title of a-kernel-without
  not ok 10 a-kernel-without # regressed: a reason
not ok 2 Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root

`

exports[`dist/src/report/snapshots.test.js > TAP > what markdown says of a recorded run is what it said before > must match snapshot 1`] = `
# netns-lab

- Linux 6.18.44-fc-v669, Debian GNU/Linux 12 (bookworm), 2 CPUs, root: 1 changed, 1 confirmed in (time) s

| scenario | verdict | trials | time |
| --- | --- | --- | --- |
| \`bridge-dnat-bounce\`<br>A container cannot reach itself through a port forwarding that bounces off the host | 🔀 changed | 12 | (time) s |
| \`lan-dnat-without-snat\`<br>A container cannot reach its neighbour through a port forwarding without SNAT | ✅ confirmed | 6 | (time) s |

## 🔀 changed: \`bridge-dnat-bounce\`

Since 751de2012eaf (6.9, and stable kernels) the promiscuous copy has no conntrack: it is routed back without SNAT. The document differs: promiscuous mode “makes everything work” there; that workaround has been dead since 751de2012eaf.

Source: [Bouncing packets: Kernel bridge bug or corner case? (Glider, Matthijs Kooijman)](https://www.stderr.nl/Blog/Software/Linux/BouncingPacketsKernelBug.html)

- ✕ own-address-tcp fails, as documented: frame that would leave by the port that it came in on
- ✓ hairpin\\_mode=on; or nf\\_call\\_iptables=0 and bridge-nf-call-iptables=0 repairs own-address-tcp
- – promisc=on does not, since 751de2012eaf
- – nf\\_call\\_iptables=0 does not

| | own-address-tcp | other-container-tcp |
| --- | --- | --- |
| as documented | ✕ fails | ✓ works |
| hairpin\\_mode=on | ✓ works | – |
| promisc=on | ✕ fails\\* | – |
| nf\\_call\\_iptables=0 | ✕ fails | – |
| nf\\_call\\_iptables=0, bridge-nf-call-iptables=0 | ✓ works | – |

– not tried; \\* not as documented: as this kernel must

- own-address-tcp: host br-lxc: frame that would leave by the port that it came in on: nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet, filter 'FORWARD -d 10.0.3.80/32' counted 0 packets (document: “they went through the PREROUTING chain as normal, but never showed up in the FORWARD chain”)
- own-address-tcp: web eth0: promiscuous copy without connection tracking: IPv4: martian source 10.0.3.80 from 10.0.3.80, on dev eth0 (document: “I also found that setting the bridge device to promiscuous mode (e.g. running tcpdump) makes everything work.”)

<details><summary>What each fix changed</summary>

- ✅ hairpin\\_mode on repairs own-address-tcp
- ➖ promisc on leaves own-address-tcp broken
- ➖ nf\\_call\\_iptables 0 leaves own-address-tcp broken
- ✅ nf\\_call\\_iptables 0, bridge-nf-call-iptables 0 repairs own-address-tcp

</details>

## ✅ confirmed: \`lan-dnat-without-snat\`

as documented, in 6 trials.

Source: [Bouncing packets: Kernel bridge bug or corner case? (Glider, Matthijs Kooijman)](https://www.stderr.nl/Blog/Software/Linux/BouncingPacketsKernelBug.html)

- ✕ neighbour-tcp fails, as documented: reply that bypasses the host
- ✓ bounce-snat=on repairs neighbour-tcp

| | neighbour-tcp | outside-tcp |
| --- | --- | --- |
| as documented | ✕ fails | ✓ works |
| bounce-snat=on | ✓ works | – |
| bounce-snat=on, bridge-nf-call-iptables=1 | ✓ works | – |

– not tried

- neighbour-tcp: neighbour: reply that bypasses the host: TcpOutRsts +1 (document: “reply packets get sent directly through the original container - the host does not have a chance to "undo" the DNAT”)

<details><summary>What each fix changed</summary>

- ✅ bounce-snat on repairs neighbour-tcp
- ✅ bounce-snat on, bridge-nf-call-iptables 1 repairs neighbour-tcp

</details>

`

exports[`dist/src/report/snapshots.test.js > TAP > what markdown says of a run with every verdict is what it said before > must match snapshot 1`] = `
# netns-lab

- Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root: 1 error, 3 regressed, 1 unexpected-pass, 1 flaky, 2 skipped, 1 changed, 1 confirmed in (time) s

| scenario | verdict | trials | time |
| --- | --- | --- | --- |
| \`broken-lab\`<br>Title of broken-lab | 💥 error | 1, 1 in error | (time) s |
| \`regression\`<br>Title of regression | ❌ regressed | 2, 1 not as they must be | (time) s |
| \`no-failure\`<br>Title of no-failure | ❗ unexpected-pass | 2, 1 not as they must be | (time) s |
| \`flaky-all-ok\`<br>Title of flaky-all-ok | 🎲 flaky | 2 | (time) s |
| \`left-out\`<br>Title of left-out | ⏭️ skipped | 2, 2 skipped | (time) s |
| \`newer-kernel\`<br>Title of newer-kernel | 🔀 changed | 3, 1 skipped | (time) s |
| \`as-documented\`<br>Title of as-documented | ✅ confirmed | 3 | (time) s |
| \`without-trials\`<br>Title of without-trials | ⏭️ skipped | 0 | (time) s |
| \`an-attack\`<br>Title of an-attack | ❌ regressed | 4, 1 not as they must be | (time) s |
| \`a-kernel-without\`<br>Title of a-kernel-without | ❌ regressed | 2, 1 not as they must be | (time) s |

## 💥 error: \`broken-lab\`

a reason


| | own-address-tcp |
| --- | --- |
| as documented | ? error! |

! must come out otherwise


## ❌ regressed: \`regression\`

a reason

- – repairs nothing; own-address-tcp fails with it
- ! own-address-tcp fails with , and must not

| | own-address-tcp |
| --- | --- |
| as documented | ✓ works |
|  | ✕ fails! |

! must come out otherwise


## ❗ unexpected-pass: \`no-failure\`

a reason

- ✕ own-address-tcp fails at times, and must not

| | own-address-tcp |
| --- | --- |
| as documented | ± either! |

± both ways; ! must come out otherwise


## 🎲 flaky: \`flaky-all-ok\`

a reason


| | own-address-tcp |
| --- | --- |
| as documented | ✓ works |


## ⏭️ skipped: \`left-out\`

a reason


| | own-address-tcp |
| --- | --- |
| as documented | – skipped |


## 🔀 changed: \`newer-kernel\`

a reason


| | own-address-tcp |
| --- | --- |
| as documented | ✓ works |
|  | ✓ works\\* |

\\* not as documented: as this kernel must


## ✅ confirmed: \`as-documented\`

a reason

Source: [Document: in words](https://example.org/document)

- ✕ own-address-tcp fails with promisc=it was dropped, as documented: in words
- ✓ hairpin\\_mode=on repairs own-address-tcp

| | own-address-tcp |
| --- | --- |
| as documented, with promisc=it said so | ✓ works |
| as documented, with promisc=it was dropped | ✕ fails |
| hairpin\\_mode=on | ✓ works |

- own-address-tcp: host br-lxc: in words: it was dropped (document: “in words”)

<details><summary>What each fix changed</summary>

- ✅ hairpin\\_mode on repairs own-address-tcp

</details>

## ⏭️ skipped: \`without-trials\`

a reason



## ❌ regressed: \`an-attack\`

a reason

Source: [Document: in words](https://example.org/document)

- ✕ own-address-tcp gets through with promisc=reached: answered by 10.0.3.1, as documented: in words
- ✓ promisc=on keeps out own-address-tcp
- – hairpin\\_mode=on does not
- ! own-address-tcp gets through with hairpin\\_mode=on, and must not

| | own-address-tcp |
| --- | --- |
| as documented, with promisc=it said so | ✓ refused |
| as documented, with promisc=reached: answered by 10.0.3.1 | ✕ reached |
| promisc=on | ✓ refused |
| hairpin\\_mode=on | ✕ reached! |

! must come out otherwise

- own-address-tcp: reached: host br-lxc: in words: TcpOutRsts +1 (document: “in words”)

<details><summary>What each fix changed</summary>

- ✅ promisc on keeps out own-address-tcp
- ➖ hairpin\\_mode on does not keep out own-address-tcp

</details>

## ❌ regressed: \`a-kernel-without\`

a reason

Source: [Document: in words](https://example.org/document)

- ✕ own-address-tcp fails, as this kernel must before 751de2012eaf
- – does not
- ! own-address-tcp fails with , and must not

| | own-address-tcp |
| --- | --- |
| as documented | ✕ fails\\* |
|  | ✕ fails! |

! must come out otherwise; \\* not as documented: as this kernel must

- → this kernel lacks 751de2012eaf “netfilter: a change” (6.9, 6.1.88; CVE-2024-27018): https://example.org/751de2012eaf
- → this kernel has by its version, and behaves as if it lacked, 0123456789ab “netfilter: a change” (6.9, 6.1.88; CVE-2024-27018): https://example.org/751de2012eaf

<details><summary>What each fix changed</summary>

- ➖ leaves own-address-tcp broken

</details>

## Not available

- kernel log: &lt;script>alert(1)&lt;/script> # SKIP \\| \\]\\]> "q" 'a' %0A ::error::x ::error::y \\\\ \\[31m &amp; not ok 1 \\* \\\`

`

exports[`dist/src/report/snapshots.test.js > TAP > what markdown says of two runs is what it said before > must match snapshot 1`] = `
# netns-lab

- Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root: 1 error, 3 regressed, 1 unexpected-pass, 1 flaky, 2 skipped, 1 changed, 1 confirmed in (time) s
- Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root: 1 error, 3 regressed, 1 unexpected-pass, 1 flaky, 2 skipped, 1 changed, 1 confirmed in (time) s

| scenario | 6.18.44 | 5.10.0 |
| --- | --- | --- |
| \`broken-lab\`<br>Title of broken-lab | 💥 error | 💥 error |
| \`regression\`<br>Title of regression | ❌ regressed | ❌ regressed |
| \`no-failure\`<br>Title of no-failure | ❗ unexpected-pass | ❗ unexpected-pass |
| \`flaky-all-ok\`<br>Title of flaky-all-ok | 🎲 flaky | 🎲 flaky |
| \`left-out\`<br>Title of left-out | ⏭️ skipped | ⏭️ skipped |
| \`newer-kernel\`<br>Title of newer-kernel | 🔀 changed | 🔀 changed |
| \`as-documented\`<br>Title of as-documented | ✅ confirmed | ✅ confirmed |
| \`without-trials\`<br>Title of without-trials | ⏭️ skipped | ⏭️ skipped |
| \`an-attack\`<br>Title of an-attack | ❌ regressed | ❌ regressed |
| \`a-kernel-without\`<br>Title of a-kernel-without | ❌ regressed | ❌ regressed |

## 💥 error: \`broken-lab\` on Linux 6.18.44

a reason


| | own-address-tcp |
| --- | --- |
| as documented | ? error! |

! must come out otherwise


## ❌ regressed: \`regression\` on Linux 6.18.44

a reason

- – repairs nothing; own-address-tcp fails with it
- ! own-address-tcp fails with , and must not

| | own-address-tcp |
| --- | --- |
| as documented | ✓ works |
|  | ✕ fails! |

! must come out otherwise


## ❗ unexpected-pass: \`no-failure\` on Linux 6.18.44

a reason

- ✕ own-address-tcp fails at times, and must not

| | own-address-tcp |
| --- | --- |
| as documented | ± either! |

± both ways; ! must come out otherwise


## 🎲 flaky: \`flaky-all-ok\` on Linux 6.18.44

a reason


| | own-address-tcp |
| --- | --- |
| as documented | ✓ works |


## ⏭️ skipped: \`left-out\` on Linux 6.18.44

a reason


| | own-address-tcp |
| --- | --- |
| as documented | – skipped |


## 🔀 changed: \`newer-kernel\` on Linux 6.18.44

a reason


| | own-address-tcp |
| --- | --- |
| as documented | ✓ works |
|  | ✓ works\\* |

\\* not as documented: as this kernel must


## ✅ confirmed: \`as-documented\` on Linux 6.18.44

a reason

Source: [Document: in words](https://example.org/document)

- ✕ own-address-tcp fails with promisc=it was dropped, as documented: in words
- ✓ hairpin\\_mode=on repairs own-address-tcp

| | own-address-tcp |
| --- | --- |
| as documented, with promisc=it said so | ✓ works |
| as documented, with promisc=it was dropped | ✕ fails |
| hairpin\\_mode=on | ✓ works |

- own-address-tcp: host br-lxc: in words: it was dropped (document: “in words”)

<details><summary>What each fix changed</summary>

- ✅ hairpin\\_mode on repairs own-address-tcp

</details>

## ⏭️ skipped: \`without-trials\` on Linux 6.18.44

a reason



## ❌ regressed: \`an-attack\` on Linux 6.18.44

a reason

Source: [Document: in words](https://example.org/document)

- ✕ own-address-tcp gets through with promisc=reached: answered by 10.0.3.1, as documented: in words
- ✓ promisc=on keeps out own-address-tcp
- – hairpin\\_mode=on does not
- ! own-address-tcp gets through with hairpin\\_mode=on, and must not

| | own-address-tcp |
| --- | --- |
| as documented, with promisc=it said so | ✓ refused |
| as documented, with promisc=reached: answered by 10.0.3.1 | ✕ reached |
| promisc=on | ✓ refused |
| hairpin\\_mode=on | ✕ reached! |

! must come out otherwise

- own-address-tcp: reached: host br-lxc: in words: TcpOutRsts +1 (document: “in words”)

<details><summary>What each fix changed</summary>

- ✅ promisc on keeps out own-address-tcp
- ➖ hairpin\\_mode on does not keep out own-address-tcp

</details>

## ❌ regressed: \`a-kernel-without\` on Linux 6.18.44

a reason

Source: [Document: in words](https://example.org/document)

- ✕ own-address-tcp fails, as this kernel must before 751de2012eaf
- – does not
- ! own-address-tcp fails with , and must not

| | own-address-tcp |
| --- | --- |
| as documented | ✕ fails\\* |
|  | ✕ fails! |

! must come out otherwise; \\* not as documented: as this kernel must

- → this kernel lacks 751de2012eaf “netfilter: a change” (6.9, 6.1.88; CVE-2024-27018): https://example.org/751de2012eaf
- → this kernel has by its version, and behaves as if it lacked, 0123456789ab “netfilter: a change” (6.9, 6.1.88; CVE-2024-27018): https://example.org/751de2012eaf

<details><summary>What each fix changed</summary>

- ➖ leaves own-address-tcp broken

</details>

## Not available on Linux 6.18.44

- kernel log: &lt;script>alert(1)&lt;/script> # SKIP \\| \\]\\]> "q" 'a' %0A ::error::x ::error::y \\\\ \\[31m &amp; not ok 1 \\* \\\`

## 💥 error: \`broken-lab\` on Linux 5.10.0

a reason


| | own-address-tcp |
| --- | --- |
| as documented | ? error! |

! must come out otherwise


## ❌ regressed: \`regression\` on Linux 5.10.0

a reason

- – repairs nothing; own-address-tcp fails with it
- ! own-address-tcp fails with , and must not

| | own-address-tcp |
| --- | --- |
| as documented | ✓ works |
|  | ✕ fails! |

! must come out otherwise


## ❗ unexpected-pass: \`no-failure\` on Linux 5.10.0

a reason

- ✕ own-address-tcp fails at times, and must not

| | own-address-tcp |
| --- | --- |
| as documented | ± either! |

± both ways; ! must come out otherwise


## 🎲 flaky: \`flaky-all-ok\` on Linux 5.10.0

a reason


| | own-address-tcp |
| --- | --- |
| as documented | ✓ works |


## ⏭️ skipped: \`left-out\` on Linux 5.10.0

a reason


| | own-address-tcp |
| --- | --- |
| as documented | – skipped |


## 🔀 changed: \`newer-kernel\` on Linux 5.10.0

a reason


| | own-address-tcp |
| --- | --- |
| as documented | ✓ works |
|  | ✓ works\\* |

\\* not as documented: as this kernel must


## ✅ confirmed: \`as-documented\` on Linux 5.10.0

a reason

Source: [Document: in words](https://example.org/document)

- ✕ own-address-tcp fails with promisc=it was dropped, as documented: in words
- ✓ hairpin\\_mode=on repairs own-address-tcp

| | own-address-tcp |
| --- | --- |
| as documented, with promisc=it said so | ✓ works |
| as documented, with promisc=it was dropped | ✕ fails |
| hairpin\\_mode=on | ✓ works |

- own-address-tcp: host br-lxc: in words: it was dropped (document: “in words”)

<details><summary>What each fix changed</summary>

- ✅ hairpin\\_mode on repairs own-address-tcp

</details>

## ⏭️ skipped: \`without-trials\` on Linux 5.10.0

a reason



## ❌ regressed: \`an-attack\` on Linux 5.10.0

a reason

Source: [Document: in words](https://example.org/document)

- ✕ own-address-tcp gets through with promisc=reached: answered by 10.0.3.1, as documented: in words
- ✓ promisc=on keeps out own-address-tcp
- – hairpin\\_mode=on does not
- ! own-address-tcp gets through with hairpin\\_mode=on, and must not

| | own-address-tcp |
| --- | --- |
| as documented, with promisc=it said so | ✓ refused |
| as documented, with promisc=reached: answered by 10.0.3.1 | ✕ reached |
| promisc=on | ✓ refused |
| hairpin\\_mode=on | ✕ reached! |

! must come out otherwise

- own-address-tcp: reached: host br-lxc: in words: TcpOutRsts +1 (document: “in words”)

<details><summary>What each fix changed</summary>

- ✅ promisc on keeps out own-address-tcp
- ➖ hairpin\\_mode on does not keep out own-address-tcp

</details>

## ❌ regressed: \`a-kernel-without\` on Linux 5.10.0

a reason

Source: [Document: in words](https://example.org/document)

- ✕ own-address-tcp fails, as this kernel must before 751de2012eaf
- – does not
- ! own-address-tcp fails with , and must not

| | own-address-tcp |
| --- | --- |
| as documented | ✕ fails\\* |
|  | ✕ fails! |

! must come out otherwise; \\* not as documented: as this kernel must

- → this kernel lacks 751de2012eaf “netfilter: a change” (6.9, 6.1.88; CVE-2024-27018): https://example.org/751de2012eaf
- → this kernel has by its version, and behaves as if it lacked, 0123456789ab “netfilter: a change” (6.9, 6.1.88; CVE-2024-27018): https://example.org/751de2012eaf

<details><summary>What each fix changed</summary>

- ➖ leaves own-address-tcp broken

</details>

## Not available on Linux 5.10.0

- kernel log: &lt;script>alert(1)&lt;/script> # SKIP \\| \\]\\]> "q" 'a' %0A ::error::x ::error::y \\\\ \\[31m &amp; not ok 1 \\* \\\`

`

exports[`dist/src/report/snapshots.test.js > TAP > what pretty says of a recorded run is what it said before > must match snapshot 1`] = `
Linux 6.18.44-fc-v669, Debian GNU/Linux 12 (bookworm), 2 CPUs, root

changed          bridge-dnat-bounce
    A container cannot reach itself through a port forwarding that bounces off the host.
    Since 751de2012eaf (6.9, and stable kernels) the promiscuous copy has no conntrack: it is routed back without SNAT. The document differs: promiscuous mode “makes everything work” there; that workaround has been dead since 751de2012eaf.
    ✕ own-address-tcp fails, as documented: frame that would leave by the port that it came in on
    ✓ hairpin_mode=on; or nf_call_iptables=0 and bridge-nf-call-iptables=0 repairs own-address-tcp
    – promisc=on does not, since 751de2012eaf
    – nf_call_iptables=0 does not

                                                   own-address-tcp  other-container-tcp
    as documented                                  ✕ fails          ✓ works
    hairpin_mode=on                                ✓ works          –
    promisc=on                                     ✕ fails*         –
    nf_call_iptables=0                             ✕ fails          –
    nf_call_iptables=0, bridge-nf-call-iptables=0  ✓ works          –
    – not tried  * not as documented: as this kernel must

confirmed        lan-dnat-without-snat
    A container cannot reach its neighbour through a port forwarding without SNAT.
    as documented, in 6 trials.
    ✕ neighbour-tcp fails, as documented: reply that bypasses the host
    ✓ bounce-snat=on repairs neighbour-tcp

                                               neighbour-tcp  outside-tcp
    as documented                              ✕ fails        ✓ works
    bounce-snat=on                             ✓ works        –
    bounce-snat=on, bridge-nf-call-iptables=1  ✓ works        –
    – not tried

verdict          scenario               trials     time
changed          bridge-dnat-bounce         12    (time) s
confirmed        lan-dnat-without-snat       6    (time) s
2 scenarios in (time) s: 1 changed, 1 confirmed


`

exports[`dist/src/report/snapshots.test.js > TAP > what pretty says of a run with every verdict is what it said before > must match snapshot 1`] = `
Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root

not available: kernel log: <script>alert(1)</script> # SKIP | ]]> "q" 'a' %0A ::error::x
::error::y \\ [31m & not ok 1 * \`
error            broken-lab
    Title of broken-lab.
    a reason

                   own-address-tcp
    as documented  ? error!
    ! must come out otherwise


regressed        regression
    Title of regression.
    a reason
    –  repairs nothing; own-address-tcp fails with it
    ! own-address-tcp fails with , and must not

                   own-address-tcp
    as documented  ✓ works
                   ✕ fails!
    ! must come out otherwise


unexpected-pass  no-failure
    Title of no-failure.
    a reason
    ✕ own-address-tcp fails at times, and must not

                   own-address-tcp
    as documented  ± either!
    ± both ways  ! must come out otherwise


flaky            flaky-all-ok
    Title of flaky-all-ok.
    a reason

                   own-address-tcp
    as documented  ✓ works


skipped          left-out
    Title of left-out.
    a reason

                   own-address-tcp
    as documented  – skipped

changed          newer-kernel
    Title of newer-kernel.
    a reason

                   own-address-tcp
    as documented  ✓ works
                   ✓ works*
    * not as documented: as this kernel must

confirmed        as-documented
    Title of as-documented.
    a reason
    ✕ own-address-tcp fails with promisc=it was dropped, as documented: in words
    ✓ hairpin_mode=on repairs own-address-tcp

                                                own-address-tcp
    as documented, with promisc=it said so      ✓ works
    as documented, with promisc=it was dropped  ✕ fails
    hairpin_mode=on                             ✓ works

skipped          without-trials
    Title of without-trials.
    a reason

regressed        an-attack
    Title of an-attack.
    a reason
    ✕ own-address-tcp gets through with promisc=reached: answered by 10.0.3.1, as documented: in words
    ✓ promisc=on keeps out own-address-tcp
    – hairpin_mode=on does not
    ! own-address-tcp gets through with hairpin_mode=on, and must not

                                                               own-address-tcp
    as documented, with promisc=it said so                     ✓ refused
    as documented, with promisc=reached: answered by 10.0.3.1  ✕ reached
    promisc=on                                                 ✓ refused
    hairpin_mode=on                                            ✕ reached!
    ! must come out otherwise

    ✕ own-address-tcp: reached: host br-lxc: in words: TcpOutRsts +1 (document: “in words”)
    ✓ promisc on keeps out own-address-tcp
    – hairpin_mode on does not keep out own-address-tcp

regressed        a-kernel-without
    Title of a-kernel-without.
    a reason
    ✕ own-address-tcp fails, as this kernel must before 751de2012eaf
    –  does not
    ! own-address-tcp fails with , and must not

                   own-address-tcp
    as documented  ✕ fails*
                   ✕ fails!
    ! must come out otherwise  * not as documented: as this kernel must

    –  leaves own-address-tcp broken
    → this kernel lacks 751de2012eaf “netfilter: a change” (6.9, 6.1.88; CVE-2024-27018): https://example.org/751de2012eaf
    → this kernel has by its version, and behaves as if it lacked, 0123456789ab “netfilter: a change” (6.9, 6.1.88; CVE-2024-27018): https://example.org/751de2012eaf

verdict          scenario          trials     time
error            broken-lab             1    (time) s  1 in error
regressed        regression             2    (time) s  1 not as they must be
unexpected-pass  no-failure             2    (time) s  1 not as they must be
flaky            flaky-all-ok           2    (time) s
skipped          left-out               2    (time) s  2 skipped
changed          newer-kernel           3    (time) s  1 skipped
confirmed        as-documented          3    (time) s
skipped          without-trials         0    (time) s
regressed        an-attack              4    (time) s  1 not as they must be
regressed        a-kernel-without       2    (time) s  1 not as they must be
10 scenarios in (time) s: 1 error, 3 regressed, 1 unexpected-pass, 1 flaky, 2 skipped, 1 changed, 1 confirmed


`

exports[`dist/src/report/snapshots.test.js > TAP > what tap says of a recorded run is what it said before > must match snapshot 1`] = `
TAP version 14
# Linux 6.18.44-fc-v669, Debian GNU/Linux 12 (bookworm), 2 CPUs, root
# Subtest: bridge-dnat-bounce
    ok 1 - control other-container-tcp [the workarounds of the document]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "connected in (time) ms, 27 bytes sent and received, the server saw 10.0.3.1"
      why: "From another port the translated frame may go to the web container’s port, and its source is the host."
      iptables: "nft"
      toggles: {"hairpin_mode":"off","bridge-nf-call-iptables":"1","nf_call_iptables":"0","promisc":"off"}
      evidence: []
      duration_ms: (time)
      ...
    ok 2 - broken own-address-tcp [the workarounds of the document]
      ---
      verdict: "confirmed"
      expected: "fails"
      outcome: "fails"
      says: "no answer to the SYN within (time) ms"
      why: "br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port."
      mechanism: "same-port-drop"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","bridge-nf-call-iptables":"1","nf_call_iptables":"0","promisc":"off"}
      evidence: ["seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet","seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets","seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets","seen [mib web] IpExtInOctets +0"]
      duration_ms: (time)
      ...
    ok 3 - fixed own-address-tcp (hairpin_mode on) [the workarounds of the document]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "connected in (time) ms, 25 bytes sent and received, the server saw 10.0.3.1"
      why: "hairpin_mode lets the frame back out of the port that it came in on."
      iptables: "nft"
      toggles: {"hairpin_mode":"on","bridge-nf-call-iptables":"1","nf_call_iptables":"0","promisc":"off"}
      evidence: ["seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 10 packets","absent [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 1 packet","seen [mib web] IpExtInOctets +586","absent [mib web] IpInDelivers +10","not-seen [kernel-log web] no line /martian source 10\\\\.0\\\\.3\\\\.80 from 10\\\\.0\\\\.3\\\\.80, on dev eth0/ (net_ratelimit() may have held it back)","seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet","absent [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 10 packets","absent [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 1 packet","absent [mib web] IpExtInOctets +586"]
      duration_ms: (time)
      ...
    ok 4 - reverted own-address-tcp (after hairpin_mode on) [the workarounds of the document]
      ---
      verdict: "confirmed"
      expected: "fails"
      outcome: "fails"
      says: "no answer to the SYN within (time) ms"
      why: "br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port."
      mechanism: "same-port-drop"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","bridge-nf-call-iptables":"1","nf_call_iptables":"0","promisc":"off"}
      evidence: ["seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet","seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets","seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets","seen [mib web] IpExtInOctets +0"]
      duration_ms: (time)
      ...
    ok 5 - fixed own-address-tcp (promisc on) [the workarounds of the document]
      ---
      verdict: "changed"
      expected: "fails"
      outcome: "fails"
      says: "no answer to the SYN within (time) ms"
      why: "Since 751de2012eaf (6.9, and stable kernels) the promiscuous copy has no conntrack: it is routed back without SNAT. The document differs: promiscuous mode “makes everything work” there; that workaround has been dead since 751de2012eaf."
      mechanism: "promiscuous-copy-untracked"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","bridge-nf-call-iptables":"1","nf_call_iptables":"0","promisc":"on"}
      evidence: ["seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 1 packet","seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets","seen [mib web] IpExtInOctets +60","seen [mib web] IpInDelivers +0","seen [kernel-log web] IPv4: martian source 10.0.3.80 from 10.0.3.80, on dev eth0 | ll header: 00000000: fa 16 3e b6 5d c3 fa 16 3e 24 b7 38 08 00"]
      duration_ms: (time)
      ...
    ok 6 - reverted own-address-tcp (after promisc on) [the workarounds of the document]
      ---
      verdict: "confirmed"
      expected: "fails"
      outcome: "fails"
      says: "no answer to the SYN within (time) ms"
      why: "br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port."
      mechanism: "same-port-drop"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","bridge-nf-call-iptables":"1","nf_call_iptables":"0","promisc":"off"}
      evidence: ["seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet","seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets","seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets","seen [mib web] IpExtInOctets +0"]
      duration_ms: (time)
      ...
    ok 7 - control other-container-tcp [the bridge’s own nf_call_iptables is OR-ed with the sysctl]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "connected in (time) ms, 27 bytes sent and received, the server saw 10.0.3.1"
      why: "From another port the translated frame may go to the web container’s port, and its source is the host."
      iptables: "nft"
      toggles: {"hairpin_mode":"off","bridge-nf-call-iptables":"1","nf_call_iptables":"1","promisc":"off"}
      evidence: []
      duration_ms: (time)
      ...
    ok 8 - broken own-address-tcp [the bridge’s own nf_call_iptables is OR-ed with the sysctl]
      ---
      verdict: "confirmed"
      expected: "fails"
      outcome: "fails"
      says: "no answer to the SYN within (time) ms"
      why: "br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port."
      mechanism: "same-port-drop"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","bridge-nf-call-iptables":"1","nf_call_iptables":"1","promisc":"off"}
      evidence: ["seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet","seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets","seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets","seen [mib web] IpExtInOctets +0"]
      duration_ms: (time)
      ...
    ok 9 - fixed own-address-tcp (nf_call_iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl]
      ---
      verdict: "confirmed"
      expected: "fails"
      outcome: "fails"
      says: "no answer to the SYN within (time) ms"
      why: "br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port."
      mechanism: "same-port-drop"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","bridge-nf-call-iptables":"1","nf_call_iptables":"0","promisc":"off"}
      evidence: ["seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet","seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets","seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets","seen [mib web] IpExtInOctets +0"]
      duration_ms: (time)
      ...
    ok 10 - reverted own-address-tcp (after nf_call_iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl]
      ---
      verdict: "confirmed"
      expected: "fails"
      outcome: "fails"
      says: "no answer to the SYN within (time) ms"
      why: "br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port."
      mechanism: "same-port-drop"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","bridge-nf-call-iptables":"1","nf_call_iptables":"1","promisc":"off"}
      evidence: ["seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet","seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets","seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets","seen [mib web] IpExtInOctets +0"]
      duration_ms: (time)
      ...
    ok 11 - fixed own-address-tcp (nf_call_iptables 0, bridge-nf-call-iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "connected in (time) ms, 25 bytes sent and received, the server saw 10.0.3.1"
      why: "Without br_netfilter’s detour the packet is translated and routed by the host, not forwarded by the bridge."
      iptables: "nft"
      toggles: {"hairpin_mode":"off","bridge-nf-call-iptables":"0","nf_call_iptables":"0","promisc":"off"}
      evidence: ["seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 10 packets","absent [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 1 packet","seen [mib web] IpExtInOctets +586","absent [mib web] IpInDelivers +10","not-seen [kernel-log web] no line /martian source 10\\\\.0\\\\.3\\\\.80 from 10\\\\.0\\\\.3\\\\.80, on dev eth0/ (net_ratelimit() may have held it back)","seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet","absent [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 10 packets","absent [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 1 packet","absent [mib web] IpExtInOctets +586"]
      duration_ms: (time)
      ...
    ok 12 - reverted own-address-tcp (after nf_call_iptables 0, bridge-nf-call-iptables 0) [the bridge’s own nf_call_iptables is OR-ed with the sysctl]
      ---
      verdict: "confirmed"
      expected: "fails"
      outcome: "fails"
      says: "no answer to the SYN within (time) ms"
      why: "br_netfilter translates the destination inside the bridge, which then may not send the frame back out of its port."
      mechanism: "same-port-drop"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","bridge-nf-call-iptables":"1","nf_call_iptables":"1","promisc":"off"}
      evidence: ["seen [rule-counter host] nat 'PREROUTING -d 203.0.113.80/32' counted 1 packet","seen [rule-counter host] filter 'FORWARD -d 10.0.3.80/32' counted 0 packets","seen [rule-counter host] nat 'POSTROUTING -s 10.0.3.0/24 -d 10.0.3.0/24' counted 0 packets","seen [mib web] IpExtInOctets +0"]
      duration_ms: (time)
      ...
    1..12
ok 1 - bridge-dnat-bounce: changed
  ---
  title: "A container cannot reach itself through a port forwarding that bounces off the host"
  verdict: "changed"
  reason: "Since 751de2012eaf (6.9, and stable kernels) the promiscuous copy has no conntrack: it is routed back without SNAT. The document differs: promiscuous mode “makes everything work” there; that workaround has been dead since 751de2012eaf."
  duration_ms: (time)
  ...
# Subtest: lan-dnat-without-snat
    ok 1 - control outside-tcp [the bounce rule, and bridged replies through iptables]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "connected in (time) ms, 29 bytes sent and received, the server saw 203.0.113.99"
      why: "The reply to a client outside goes through the host, its default gateway."
      iptables: "nft"
      toggles: {"bounce-snat":"off","bridge-nf-call-iptables":"0"}
      evidence: []
      duration_ms: (time)
      ...
    ok 2 - broken neighbour-tcp [the bounce rule, and bridged replies through iptables]
      ---
      verdict: "confirmed"
      expected: "fails"
      outcome: "fails"
      says: "no answer to the SYN within (time) ms"
      why: "The reply goes straight to the client over the bridge, from an address that it did not ask."
      mechanism: "reply-bypasses-host"
      iptables: "nft"
      toggles: {"bounce-snat":"off","bridge-nf-call-iptables":"0"}
      evidence: ["seen [mib neighbour] TcpOutRsts +1","seen [conntrack host] ipv4 2 tcp 6 119 SYN_SENT src=10.0.3.81 dst=203.0.113.80 sport=31256 dport=80 [UNREPLIED] src=10.0.3.80 dst=10.0.3.81 sport=80 dport=31256"]
      duration_ms: (time)
      ...
    ok 3 - fixed neighbour-tcp (bounce-snat on) [the bounce rule, and bridged replies through iptables]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "connected in (time) ms, 31 bytes sent and received, the server saw 10.0.3.1"
      why: "The server sees the host as its peer, so that its reply comes back to the host, which undoes both translations."
      iptables: "nft"
      toggles: {"bounce-snat":"on","bridge-nf-call-iptables":"0"}
      evidence: ["absent [mib neighbour] TcpOutRsts +0","absent [conntrack host] no new entry /tcp .*src=10.0.3.81 dst=203.0.113.80 .*UNREPLIED/"]
      duration_ms: (time)
      ...
    ok 4 - reverted neighbour-tcp (after bounce-snat on) [the bounce rule, and bridged replies through iptables]
      ---
      verdict: "confirmed"
      expected: "fails"
      outcome: "fails"
      says: "no answer to the SYN within (time) ms"
      why: "The reply goes straight to the client over the bridge, from an address that it did not ask."
      mechanism: "reply-bypasses-host"
      iptables: "nft"
      toggles: {"bounce-snat":"off","bridge-nf-call-iptables":"0"}
      evidence: ["seen [mib neighbour] TcpOutRsts +1","seen [conntrack host] ipv4 2 tcp 6 119 SYN_SENT src=10.0.3.81 dst=203.0.113.80 sport=31262 dport=80 [UNREPLIED] src=10.0.3.80 dst=10.0.3.81 sport=80 dport=31262"]
      duration_ms: (time)
      ...
    ok 5 - fixed neighbour-tcp (bounce-snat on, bridge-nf-call-iptables 1) [the bounce rule, and bridged replies through iptables]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "connected in (time) ms, 31 bytes sent and received, the server saw 10.0.3.1"
      why: "The server sees the host as its peer, so that its reply comes back to the host, which undoes both translations."
      iptables: "nft"
      toggles: {"bounce-snat":"on","bridge-nf-call-iptables":"1"}
      evidence: ["absent [mib neighbour] TcpOutRsts +0","absent [conntrack host] no new entry /tcp .*src=10.0.3.81 dst=203.0.113.80 .*UNREPLIED/"]
      duration_ms: (time)
      ...
    ok 6 - reverted neighbour-tcp (after bounce-snat on, bridge-nf-call-iptables 1) [the bounce rule, and bridged replies through iptables]
      ---
      verdict: "confirmed"
      expected: "fails"
      outcome: "fails"
      says: "no answer to the SYN within (time) ms"
      why: "The reply goes straight to the client over the bridge, from an address that it did not ask."
      mechanism: "reply-bypasses-host"
      iptables: "nft"
      toggles: {"bounce-snat":"off","bridge-nf-call-iptables":"0"}
      evidence: ["seen [mib neighbour] TcpOutRsts +1","seen [conntrack host] ipv4 2 tcp 6 119 SYN_SENT src=10.0.3.81 dst=203.0.113.80 sport=31267 dport=80 [UNREPLIED] src=10.0.3.80 dst=10.0.3.81 sport=80 dport=31267"]
      duration_ms: (time)
      ...
    1..6
ok 2 - lan-dnat-without-snat: confirmed
  ---
  title: "A container cannot reach its neighbour through a port forwarding without SNAT"
  verdict: "confirmed"
  reason: "as documented, in 6 trials."
  duration_ms: (time)
  ...
1..2

`

exports[`dist/src/report/snapshots.test.js > TAP > what tap says of a run with every verdict is what it said before > must match snapshot 1`] = `
TAP version 14
# Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root
# not available: kernel log: <script>alert(1)</script> \\# SKIP | ]]> "q" 'a' %0A ::error::x ::error::y \\\\ [31m & not ok 1 * \`
# Subtest: broken-lab
    not ok 1 - control own-address-tcp [an experiment]
      ---
      verdict: "error"
      expected: "works"
      outcome: "error"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    1..1
not ok 1 - broken-lab: error
  ---
  title: "Title of broken-lab"
  verdict: "error"
  reason: "a reason"
  duration_ms: (time)
  ...
# Subtest: regression
    ok 1 - control own-address-tcp [an experiment]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    not ok 2 - fixed own-address-tcp [an experiment]
      ---
      verdict: "regressed"
      expected: "works"
      outcome: "fails"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    1..2
not ok 2 - regression: regressed
  ---
  title: "Title of regression"
  verdict: "regressed"
  reason: "a reason"
  duration_ms: (time)
  ...
# Subtest: no-failure
    ok 1 - control own-address-tcp [an experiment]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    not ok 2 - broken own-address-tcp [an experiment]
      ---
      verdict: "unexpected-pass"
      expected: "works"
      outcome: "fails"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    1..2
not ok 3 - no-failure: unexpected-pass
  ---
  title: "Title of no-failure"
  verdict: "unexpected-pass"
  reason: "a reason"
  duration_ms: (time)
  ...
# Subtest: flaky-all-ok
    ok 1 - control own-address-tcp [an experiment]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    ok 2 - control own-address-tcp [an experiment] no. 2
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    1..2
not ok 4 - flaky-all-ok: flaky
  ---
  title: "Title of flaky-all-ok"
  verdict: "flaky"
  reason: "a reason"
  duration_ms: (time)
  ...
# Subtest: left-out
    ok 1 - control own-address-tcp [an experiment] # SKIP because it said so
      ---
      verdict: "skipped"
      expected: "works"
      outcome: "skipped"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    ok 2 - broken own-address-tcp [an experiment] # SKIP because it said so
      ---
      verdict: "skipped"
      expected: "works"
      outcome: "skipped"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    1..2
ok 5 - left-out: skipped # SKIP a reason
  ---
  title: "Title of left-out"
  verdict: "skipped"
  reason: "a reason"
  duration_ms: (time)
  ...
# Subtest: newer-kernel
    ok 1 - control own-address-tcp [an experiment]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    ok 2 - fixed own-address-tcp [an experiment]
      ---
      verdict: "changed"
      expected: "works"
      outcome: "works"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    ok 3 - fixed own-address-tcp [an experiment] no. 2 # SKIP because it said so
      ---
      verdict: "skipped"
      expected: "works"
      outcome: "skipped"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    1..3
ok 6 - newer-kernel: changed
  ---
  title: "Title of newer-kernel"
  verdict: "changed"
  reason: "a reason"
  duration_ms: (time)
  ...
# Subtest: as-documented
    ok 1 - control own-address-tcp [an experiment]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    ok 2 - broken own-address-tcp [an experiment]
      ---
      verdict: "confirmed"
      expected: "fails"
      outcome: "fails"
      says: "it was dropped"
      why: "because it was dropped"
      mechanism: "same-port-drop"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it was dropped"}
      evidence: ["seen [mib host] it was dropped"]
      duration_ms: (time)
      ...
    ok 3 - fixed own-address-tcp (hairpin_mode on) [an experiment]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"on","promisc":"off"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    1..3
ok 7 - as-documented: confirmed
  ---
  title: "Title of as-documented"
  verdict: "confirmed"
  reason: "a reason"
  duration_ms: (time)
  ...
# Subtest: without-trials
    1..0
ok 8 - without-trials: skipped # SKIP a reason
  ---
  title: "Title of without-trials"
  verdict: "skipped"
  reason: "a reason"
  duration_ms: (time)
  ...
# Subtest: an-attack
    ok 1 - control own-address-tcp [an experiment]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    ok 2 - broken own-address-tcp [an experiment]
      ---
      verdict: "confirmed"
      expected: "fails"
      outcome: "fails"
      says: "reached: answered by 10.0.3.1"
      why: "because reached: answered by 10.0.3.1"
      mechanism: "same-port-drop"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"reached: answered by 10.0.3.1"}
      evidence: ["seen [mib host] reached: answered by 10.0.3.1"]
      duration_ms: (time)
      ...
    ok 3 - fixed own-address-tcp (promisc on) [an experiment]
      ---
      verdict: "confirmed"
      expected: "works"
      outcome: "works"
      says: "refused: nothing came"
      why: "because refused: nothing came"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"refused: nothing came"}
      evidence: ["seen [mib host] refused: nothing came"]
      duration_ms: (time)
      ...
    not ok 4 - fixed own-address-tcp (hairpin_mode on) [an experiment]
      ---
      verdict: "regressed"
      expected: "works"
      outcome: "fails"
      says: "reached: it came"
      why: "because reached: it came"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"reached: it came"}
      evidence: ["seen [mib host] reached: it came"]
      duration_ms: (time)
      ...
    1..4
not ok 9 - an-attack: regressed
  ---
  title: "Title of an-attack"
  verdict: "regressed"
  reason: "a reason"
  duration_ms: (time)
  ...
# Subtest: a-kernel-without
    ok 1 - broken own-address-tcp [an experiment]
      ---
      verdict: "changed"
      expected: "fails"
      outcome: "fails"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    not ok 2 - fixed own-address-tcp [an experiment]
      ---
      verdict: "regressed"
      expected: "works"
      outcome: "fails"
      says: "it said so"
      why: "because it said so"
      iptables: "nft"
      toggles: {"hairpin_mode":"off","promisc":"it said so"}
      evidence: ["seen [mib host] it said so"]
      duration_ms: (time)
      ...
    1..2
not ok 10 - a-kernel-without: regressed
  ---
  title: "Title of a-kernel-without"
  verdict: "regressed"
  reason: "a reason"
  duration_ms: (time)
  ...
1..10

`

exports[`dist/src/report/snapshots.test.js > TAP > what tap says of two runs is what it said before > must match snapshot 1`] = `
TAP version 14
# Subtest: Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root
    # not available: kernel log: <script>alert(1)</script> \\# SKIP | ]]> "q" 'a' %0A ::error::x ::error::y \\\\ [31m & not ok 1 * \`
    # Subtest: broken-lab
        not ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "error"
          expected: "works"
          outcome: "error"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..1
    not ok 1 - broken-lab: error
      ---
      title: "Title of broken-lab"
      verdict: "error"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: regression
        ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        not ok 2 - fixed own-address-tcp [an experiment]
          ---
          verdict: "regressed"
          expected: "works"
          outcome: "fails"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..2
    not ok 2 - regression: regressed
      ---
      title: "Title of regression"
      verdict: "regressed"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: no-failure
        ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        not ok 2 - broken own-address-tcp [an experiment]
          ---
          verdict: "unexpected-pass"
          expected: "works"
          outcome: "fails"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..2
    not ok 3 - no-failure: unexpected-pass
      ---
      title: "Title of no-failure"
      verdict: "unexpected-pass"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: flaky-all-ok
        ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        ok 2 - control own-address-tcp [an experiment] no. 2
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..2
    not ok 4 - flaky-all-ok: flaky
      ---
      title: "Title of flaky-all-ok"
      verdict: "flaky"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: left-out
        ok 1 - control own-address-tcp [an experiment] # SKIP because it said so
          ---
          verdict: "skipped"
          expected: "works"
          outcome: "skipped"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        ok 2 - broken own-address-tcp [an experiment] # SKIP because it said so
          ---
          verdict: "skipped"
          expected: "works"
          outcome: "skipped"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..2
    ok 5 - left-out: skipped # SKIP a reason
      ---
      title: "Title of left-out"
      verdict: "skipped"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: newer-kernel
        ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        ok 2 - fixed own-address-tcp [an experiment]
          ---
          verdict: "changed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        ok 3 - fixed own-address-tcp [an experiment] no. 2 # SKIP because it said so
          ---
          verdict: "skipped"
          expected: "works"
          outcome: "skipped"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..3
    ok 6 - newer-kernel: changed
      ---
      title: "Title of newer-kernel"
      verdict: "changed"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: as-documented
        ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        ok 2 - broken own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "fails"
          outcome: "fails"
          says: "it was dropped"
          why: "because it was dropped"
          mechanism: "same-port-drop"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it was dropped"}
          evidence: ["seen [mib host] it was dropped"]
          duration_ms: (time)
          ...
        ok 3 - fixed own-address-tcp (hairpin_mode on) [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"on","promisc":"off"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..3
    ok 7 - as-documented: confirmed
      ---
      title: "Title of as-documented"
      verdict: "confirmed"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: without-trials
        1..0
    ok 8 - without-trials: skipped # SKIP a reason
      ---
      title: "Title of without-trials"
      verdict: "skipped"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: an-attack
        ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        ok 2 - broken own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "fails"
          outcome: "fails"
          says: "reached: answered by 10.0.3.1"
          why: "because reached: answered by 10.0.3.1"
          mechanism: "same-port-drop"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"reached: answered by 10.0.3.1"}
          evidence: ["seen [mib host] reached: answered by 10.0.3.1"]
          duration_ms: (time)
          ...
        ok 3 - fixed own-address-tcp (promisc on) [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "refused: nothing came"
          why: "because refused: nothing came"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"refused: nothing came"}
          evidence: ["seen [mib host] refused: nothing came"]
          duration_ms: (time)
          ...
        not ok 4 - fixed own-address-tcp (hairpin_mode on) [an experiment]
          ---
          verdict: "regressed"
          expected: "works"
          outcome: "fails"
          says: "reached: it came"
          why: "because reached: it came"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"reached: it came"}
          evidence: ["seen [mib host] reached: it came"]
          duration_ms: (time)
          ...
        1..4
    not ok 9 - an-attack: regressed
      ---
      title: "Title of an-attack"
      verdict: "regressed"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: a-kernel-without
        ok 1 - broken own-address-tcp [an experiment]
          ---
          verdict: "changed"
          expected: "fails"
          outcome: "fails"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        not ok 2 - fixed own-address-tcp [an experiment]
          ---
          verdict: "regressed"
          expected: "works"
          outcome: "fails"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..2
    not ok 10 - a-kernel-without: regressed
      ---
      title: "Title of a-kernel-without"
      verdict: "regressed"
      reason: "a reason"
      duration_ms: (time)
      ...
    1..10
not ok 1 - Linux 6.18.44-test, Debian GNU/Linux 12 (bookworm), 2 CPUs, root
# Subtest: Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root
    # not available: kernel log: <script>alert(1)</script> \\# SKIP | ]]> "q" 'a' %0A ::error::x ::error::y \\\\ [31m & not ok 1 * \`
    # Subtest: broken-lab
        not ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "error"
          expected: "works"
          outcome: "error"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..1
    not ok 1 - broken-lab: error
      ---
      title: "Title of broken-lab"
      verdict: "error"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: regression
        ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        not ok 2 - fixed own-address-tcp [an experiment]
          ---
          verdict: "regressed"
          expected: "works"
          outcome: "fails"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..2
    not ok 2 - regression: regressed
      ---
      title: "Title of regression"
      verdict: "regressed"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: no-failure
        ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        not ok 2 - broken own-address-tcp [an experiment]
          ---
          verdict: "unexpected-pass"
          expected: "works"
          outcome: "fails"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..2
    not ok 3 - no-failure: unexpected-pass
      ---
      title: "Title of no-failure"
      verdict: "unexpected-pass"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: flaky-all-ok
        ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        ok 2 - control own-address-tcp [an experiment] no. 2
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..2
    not ok 4 - flaky-all-ok: flaky
      ---
      title: "Title of flaky-all-ok"
      verdict: "flaky"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: left-out
        ok 1 - control own-address-tcp [an experiment] # SKIP because it said so
          ---
          verdict: "skipped"
          expected: "works"
          outcome: "skipped"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        ok 2 - broken own-address-tcp [an experiment] # SKIP because it said so
          ---
          verdict: "skipped"
          expected: "works"
          outcome: "skipped"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..2
    ok 5 - left-out: skipped # SKIP a reason
      ---
      title: "Title of left-out"
      verdict: "skipped"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: newer-kernel
        ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        ok 2 - fixed own-address-tcp [an experiment]
          ---
          verdict: "changed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        ok 3 - fixed own-address-tcp [an experiment] no. 2 # SKIP because it said so
          ---
          verdict: "skipped"
          expected: "works"
          outcome: "skipped"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..3
    ok 6 - newer-kernel: changed
      ---
      title: "Title of newer-kernel"
      verdict: "changed"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: as-documented
        ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        ok 2 - broken own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "fails"
          outcome: "fails"
          says: "it was dropped"
          why: "because it was dropped"
          mechanism: "same-port-drop"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it was dropped"}
          evidence: ["seen [mib host] it was dropped"]
          duration_ms: (time)
          ...
        ok 3 - fixed own-address-tcp (hairpin_mode on) [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"on","promisc":"off"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..3
    ok 7 - as-documented: confirmed
      ---
      title: "Title of as-documented"
      verdict: "confirmed"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: without-trials
        1..0
    ok 8 - without-trials: skipped # SKIP a reason
      ---
      title: "Title of without-trials"
      verdict: "skipped"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: an-attack
        ok 1 - control own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        ok 2 - broken own-address-tcp [an experiment]
          ---
          verdict: "confirmed"
          expected: "fails"
          outcome: "fails"
          says: "reached: answered by 10.0.3.1"
          why: "because reached: answered by 10.0.3.1"
          mechanism: "same-port-drop"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"reached: answered by 10.0.3.1"}
          evidence: ["seen [mib host] reached: answered by 10.0.3.1"]
          duration_ms: (time)
          ...
        ok 3 - fixed own-address-tcp (promisc on) [an experiment]
          ---
          verdict: "confirmed"
          expected: "works"
          outcome: "works"
          says: "refused: nothing came"
          why: "because refused: nothing came"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"refused: nothing came"}
          evidence: ["seen [mib host] refused: nothing came"]
          duration_ms: (time)
          ...
        not ok 4 - fixed own-address-tcp (hairpin_mode on) [an experiment]
          ---
          verdict: "regressed"
          expected: "works"
          outcome: "fails"
          says: "reached: it came"
          why: "because reached: it came"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"reached: it came"}
          evidence: ["seen [mib host] reached: it came"]
          duration_ms: (time)
          ...
        1..4
    not ok 9 - an-attack: regressed
      ---
      title: "Title of an-attack"
      verdict: "regressed"
      reason: "a reason"
      duration_ms: (time)
      ...
    # Subtest: a-kernel-without
        ok 1 - broken own-address-tcp [an experiment]
          ---
          verdict: "changed"
          expected: "fails"
          outcome: "fails"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        not ok 2 - fixed own-address-tcp [an experiment]
          ---
          verdict: "regressed"
          expected: "works"
          outcome: "fails"
          says: "it said so"
          why: "because it said so"
          iptables: "nft"
          toggles: {"hairpin_mode":"off","promisc":"it said so"}
          evidence: ["seen [mib host] it said so"]
          duration_ms: (time)
          ...
        1..2
    not ok 10 - a-kernel-without: regressed
      ---
      title: "Title of a-kernel-without"
      verdict: "regressed"
      reason: "a reason"
      duration_ms: (time)
      ...
    1..10
not ok 2 - Linux 5.10.0, Debian GNU/Linux 12 (bookworm), 2 CPUs, root
1..2

`
