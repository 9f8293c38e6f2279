import t from 'tap'
import { EXIT } from '../base/errors.js'
import {
  compareVerdicts,
  countVerdicts,
  exitStatus,
  isBad,
  resultOf,
  VERDICTS,
  type Verdict,
  worstStatus,
  worstVerdict,
} from './verdict.js'

/** What every verdict counts as, whether a user has to look, and how a run ends that has no other. */
const TABLE: readonly (readonly [Verdict, ReturnType<typeof resultOf>, boolean, number])[] = [
  ['error', 'error', true, EXIT.error],
  ['regressed', 'fail', true, EXIT.failed],
  ['unexpected-pass', 'fail', true, EXIT.failed],
  ['flaky', 'fail', true, EXIT.failed],
  ['skipped', 'skip', false, EXIT.allSkipped],
  ['changed', 'pass', false, EXIT.ok],
  ['confirmed', 'pass', false, EXIT.ok],
]

t.test('every verdict counts as one result, and ends a run with one status', async test => {
  test.same(
    TABLE.map(([verdict]) => verdict),
    VERDICTS,
    'the table has them all, worst first',
  )
  for (const [verdict, result, bad, status] of TABLE) {
    test.equal(resultOf(verdict), result, verdict)
    test.equal(isBad(verdict), bad, verdict)
    test.equal(exitStatus([verdict]), status, verdict)
  }
})

t.test('of several verdicts the worst counts, in whatever order they come', async test => {
  for (const [index, verdict] of VERDICTS.entries()) {
    const better = VERDICTS.slice(index)
    test.equal(worstVerdict(better), verdict)
    test.equal(worstVerdict([...better].reverse()), verdict)
    for (const other of VERDICTS)
      test.equal(Math.sign(compareVerdicts(verdict, other)), Math.sign(index - VERDICTS.indexOf(other)))
  }
  test.equal(worstVerdict([]), undefined, 'there is no worst of nothing')
})

t.test('verdicts are counted, those that did not come with 0', async test => {
  test.same(countVerdicts(['changed', 'confirmed', 'confirmed']), {
    error: 0,
    regressed: 0,
    'unexpected-pass': 0,
    flaky: 0,
    skipped: 0,
    changed: 1,
    confirmed: 2,
  })
  test.same(Object.keys(countVerdicts([])), VERDICTS)
})

t.test('a run ends with the status of what is worst in it', async test => {
  for (const [verdicts, status] of [
    [['confirmed', 'regressed', 'error'], EXIT.error],
    [['confirmed', 'flaky', 'skipped'], EXIT.failed],
    [['skipped', 'confirmed'], EXIT.ok],
    [['skipped', 'changed'], EXIT.ok],
    [['skipped', 'skipped'], EXIT.allSkipped],
    [[], EXIT.ok],
  ] as const)
    test.equal(exitStatus(verdicts), status, verdicts.join(', '))
})

t.test('several runs end with the worst of their statuses, and as skipped where all were', async test => {
  for (const [statuses, status] of [
    [[EXIT.ok, EXIT.failed, EXIT.error], EXIT.error],
    [[EXIT.failed, EXIT.allSkipped], EXIT.failed],
    [[EXIT.ok, EXIT.allSkipped], EXIT.ok],
    [[EXIT.allSkipped, EXIT.allSkipped], EXIT.allSkipped],
    [[], EXIT.ok],
  ] as const)
    test.equal(worstStatus(statuses), status, statuses.join(', '))
})
