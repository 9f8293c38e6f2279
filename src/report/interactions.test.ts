import t from 'tap'
import type { TrialReport } from '../model/report.js'
import { renderInteractions } from './html/interactions.js'
import { interactionsOf } from './interactions.js'
import { interactionsMarkdown, interactionsText } from './interactions-text.js'
import { reportOf, scenario, trial } from './synthetic.fixture.js'

const BASE = { hairpin_mode: 'off', promisc: 'off', filter: 'none' }

/** Trials of one experiment: what a probe came to before any fix, and under each of these. */
function experiment(
  title: string,
  probe: string,
  before: 'works' | 'fails',
  fixes: readonly (readonly [fix: Record<string, string>, outcome: 'works' | 'fails'])[],
  more: Partial<TrialReport> = {},
): TrialReport[] {
  return [
    trial('confirmed', 'broken', { experiment: title, probe, toggles: BASE, outcome: before, ...more }),
    ...fixes.map(([fix, outcome]) =>
      trial('confirmed', 'fixed', {
        experiment: title,
        probe,
        toggles: { ...BASE, ...fix },
        fix,
        outcome,
        ...more,
      }),
    ),
  ]
}

const report = reportOf([
  scenario('bounce', 'confirmed', [
    ...experiment('one', 'tcp', 'fails', [
      [{ hairpin_mode: 'on' }, 'works'],
      [{ promisc: 'on' }, 'fails'],
      [{ promisc: 'on', filter: 'some' }, 'works'],
    ]),
    ...experiment('one', 'ping', 'fails', [[{ hairpin_mode: 'on' }, 'fails']]),
    ...experiment('one', 'neighbour', 'works', [[{ filter: 'all' }, 'fails']]),
  ]),
  scenario('breach', 'confirmed', [
    ...experiment('two', 'spoofed', 'works', [[{ filter: 'some' }, 'fails']], { attack: true }),
  ]),
])
const effects = interactionsOf(report).map(({ toggle, setting, interactions }) => [
  `${toggle}=${setting}`,
  ...interactions.map(one => `${one.scenario} ${one.effect} ${one.probes.join(' ')}`),
])

t.test('a setting repairs what fails without it, and the other setting is what makes it fail', async test => {
  test.same(effects, [
    ['filter=some', 'bounce together ', 'breach repairs spoofed'],
    ['filter=all', 'bounce breaks '],
    ['filter=none', 'breach makes spoofed'],
    ['hairpin_mode=on', 'bounce partly tcp'],
    ['hairpin_mode=off', 'bounce makes tcp'],
    ['promisc=on', 'bounce together '],
  ])
})

t.test('what happens only in a fixed trial, as with a guard, is no effect', async test => {
  const guard = trial('confirmed', 'fixed', {
    probe: 'guard',
    fix: { filter: 'some' },
    toggles: BASE,
    outcome: 'fails',
  })
  test.same(interactionsOf(reportOf([scenario('guarded', 'confirmed', [guard])])), [])
})

t.test('the table is told in words, in Markdown and as a page, each with every scenario', async test => {
  const rows = interactionsOf(report)
  test.match(interactionsText(rows), /^hairpin_mode=on\n +◐ bounce {2}repairs tcp, leaves ping broken$/m)
  test.match(interactionsText(rows), /^ +\+ bounce .*repairs with promisc=on filter=some$/m)
  test.match(interactionsMarkdown(rows), /\| `filter=all` \| ✕ \| `bounce` \| breaks neighbour \|/)
  const page = renderInteractions(rows, '6.18.44')
  for (const { interactions } of rows)
    for (const { scenario: id } of interactions) test.match(page, `<th scope="col">${id}</th>`)
  test.match(page, 'title="breach: makes spoofed fail"')
})
