import t from 'tap'
import type { Verdict } from '../../src/model/verdict.js'
import { reportOf, scenario, trial } from '../../src/report/synthetic.fixture.js'
import { differencesText, surprisesOf } from './compare.js'
import { alone, together } from './kernels.js'
import { fails, failsUnlessLost, type Mutant, mutant, regressed, trials } from './mutant.js'
import { UNPATCHED } from './mutants.js'
import { rowOf, rowsOf } from './table.js'

const OFF = { hairpin_mode: 'off' }
const ON = { hairpin_mode: 'on' }
const stock = reportOf([
  scenario('bounce', 'confirmed', [
    trial('confirmed', 'broken', { toggles: OFF }),
    trial('confirmed', 'fixed', { toggles: ON }),
  ]),
  scenario('other', 'changed', [trial('changed', 'broken')]),
])
const ignored = mutant('m', 'a title', undefined, regressed('bounce', trials('own-address-tcp', ON)))

/** What comes of a mutant on which the scenario has these two trials, and the other one this verdict. */
function surprises(
  mutated: Mutant,
  own: Verdict,
  broken: Verdict,
  fixed: Verdict,
  other: Verdict = 'changed',
) {
  const report = reportOf([
    scenario('bounce', own, [
      trial(broken, 'broken', { toggles: OFF }),
      trial(fixed, 'fixed', { toggles: ON }),
    ]),
    scenario('other', other, [trial(other, 'broken')]),
  ])
  return surprisesOf({ ...kernel(mutated), report, problem: undefined }, stock)
}

t.test('a mutant that turns what it must, and nothing else, is no surprise', async t => {
  t.strictSame(surprises(ignored, 'regressed', 'confirmed', 'regressed'), [])
})

t.test('it is a surprise when', async t => {
  t.test('nothing notices', async t => {
    t.match(surprises(ignored, 'confirmed', 'confirmed', 'confirmed'), [
      /^m: bounce is confirmed, not regressed: a reason/,
      /^m: bounce has no trial that differs of own-address-tcp hairpin_mode=on/,
    ])
  })

  t.test('another trial of the same scenario differs, too', async t => {
    t.match(surprises(ignored, 'regressed', 'unexpected-pass', 'regressed'), [
      /^m: bounce has a trial that must not differ: own-address-tcp, broken, hairpin_mode=off/,
    ])
  })

  t.test('another scenario differs', async t => {
    t.match(surprises(ignored, 'regressed', 'confirmed', 'regressed', 'confirmed'), [
      /^m: other is confirmed, not changed/,
    ])
  })

  t.test('an error is of another kind than the one that there must be', async t => {
    const expected = fails('bounce', /unproved/, trials('own-address-tcp', ON))
    t.match(surprises(mutant('m', 'a title', undefined, expected), 'error', 'confirmed', 'error'), [
      /^m: bounce is an error of another kind: own-address-tcp, fixed, hairpin_mode=on: because/,
    ])
  })

  t.test('it has no report, or there is no such scenario', async t => {
    t.strictSame(surprisesOf({ ...kernel(ignored), report: undefined, problem: 'no boot' }, stock), [
      'm did not run: no boot',
    ])
    const elsewhere = mutant('m', 'a title', undefined, regressed('nowhere', trials('p')))
    t.strictSame(surprisesOf({ ...kernel(elsewhere), report: stock, problem: undefined }, stock), [
      'm: there is no scenario nowhere',
    ])
  })
})

t.test('an error may be another verdict by luck, or be held back with the words for it', async t => {
  const unproved = fails('bounce', /because/, trials('own-address-tcp', ON))
  const either = mutant('m', 'a title', undefined, { ...unproved, or: 'regressed' })
  t.strictSame(surprises(either, 'regressed', 'confirmed', 'regressed'), [])
  t.strictSame(surprises(either, 'error', 'confirmed', 'error'), [])
  const held = mutant(
    'm',
    'a title',
    undefined,
    failsUnlessLost('bounce', /because/, trials('own-address-tcp', ON)),
  )
  t.match(surprises(held, 'confirmed', 'confirmed', 'confirmed'), [/is confirmed, not error/, /has no trial/])
  const lost = { what: 'it in the kernel’s own words', why: 'lines of the kernel log were lost each time' }
  t.strictSame(
    surprisesOf({ ...kernel(held), report: { ...stock, unavailable: [lost] }, problem: undefined }, stock),
    [],
  )
})

t.test('what takes luck need not differ', async t => {
  const lucky = mutant('m', 'a title', undefined, {
    ...regressed('bounce', trials('own-address-tcp', ON), {
      ...trials('own-address-tcp', OFF),
      byLuck: true,
    }),
  })
  t.strictSame(surprises(lucky, 'regressed', 'confirmed', 'regressed'), [])
  t.strictSame(surprises(lucky, 'regressed', 'regressed', 'regressed'), [])
})

t.test('the table has a row for each kernel, which names only what differs', async t => {
  const report = reportOf([
    scenario('bounce', 'regressed', [
      trial('confirmed', 'broken', { toggles: OFF }),
      trial('regressed', 'fixed', { toggles: ON }),
      trial('regressed', 'fixed', { toggles: ON, probe: 'own-address-ping' }),
    ]),
    scenario('other', 'changed', [trial('changed', 'broken')]),
  ])
  const run = { ...kernel(ignored), report, problem: undefined }
  t.equal(
    differencesText(run, ignored),
    'bounce **regressed**: own-address-ping, own-address-tcp (`hairpin_mode=on`)',
  )
  t.equal(differencesText({ ...run, report: stock }, ignored), 'nothing')
  const row = rowOf({ ...run, report: { ...report, started: '2026-01-02T03:04:05Z' } }, ignored)
  t.match(row, /^\| `m` \| a title \| {2}\| bounce .* \| 2026-01-02 \|$/)
  t.strictSame(rowsOf(`Linux 6.12\n\n| kernel |\n| --- |\n${row}`), new Map([['m', row]]))
})

t.test(
  'of several mutants in one kernel each has its own row, and what none of them must do is a surprise',
  async t => {
    const changed = mutant(
      'n',
      'another title',
      undefined,
      regressed('other', trials('own-address-tcp', OFF)),
    )
    const report = reportOf([
      scenario('bounce', 'regressed', [
        trial('confirmed', 'broken', { toggles: OFF }),
        trial('regressed', 'fixed', { toggles: ON }),
      ]),
      scenario('other', 'regressed', [trial('regressed', 'broken', { toggles: OFF })]),
      scenario('third', 'regressed', [trial('regressed', 'broken', { toggles: OFF })]),
    ])
    const run = { name: 'both', mutants: [ignored, changed], report, problem: undefined }
    t.match(differencesText(run, ignored), /^bounce \*\*regressed\*\*: [^:]*$/)
    t.match(differencesText(run, changed), /^other \*\*regressed\*\*: [^:]*$/)
    t.match(rowOf(run, changed), / \d{4}-\d\d-\d\d, with another \|$/)
    const known = reportOf([scenario('third', 'confirmed', [trial('confirmed', 'broken')])])
    t.match(surprisesOf(run, known), [/^both: third is regressed, not confirmed/])
  },
)

t.test(
  'mutants share a kernel when they have neither a scenario nor a file of the source in common',
  async t => {
    const of = (id: string, ...scenarios: string[]) =>
      mutant(id, 'a title', undefined, ...scenarios.map(name => regressed(name, trials('p'))))
    const all = [of('a', 'one'), of('b', 'one', 'two'), of('c', 'three'), of('d', 'four'), UNPATCHED]
    const names = (files: Record<string, string[]>) =>
      together(all, ({ id }) => files[id] ?? []).map(({ name, mutants }) => [
        name,
        mutants.map(({ id }) => id),
      ])
    t.strictSame(names({}), [
      ['mutants-1', ['b', 'c']],
      ['mutants-2', ['a', 'd']],
      ['unpatched', ['unpatched']],
    ])
    t.strictSame(names({ c: ['tcp.c'], d: ['tcp.c'], a: ['tcp.c'] }), [
      ['mutants-1', ['b', 'c']],
      ['a', ['a']],
      ['d', ['d']],
      ['unpatched', ['unpatched']],
    ])
    t.strictSame(
      alone(all).map(({ name }) => name),
      ['a', 'b', 'c', 'd', 'unpatched'],
    )
  },
)

/** A kernel with this mutant alone. */
function kernel(mutated: Mutant) {
  return { name: mutated.id, mutants: [mutated] }
}
