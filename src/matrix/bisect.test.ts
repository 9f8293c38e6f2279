import t from 'tap'
import { LabError } from '../base/errors.js'
import { KernelBuildError } from '../kernels/build/error.js'
import { KernelError } from '../kernels/error.js'
import type { Verdict } from '../model/verdict.js'
import { BISECT, judgeError, judgeRun } from './bisect.js'
import { reportOf } from './matrix.fixture.js'

const judge = (
  verdicts: readonly Verdict[],
  { chosen = true, expect }: { chosen?: boolean; expect?: Parameters<typeof judgeRun>[1]['expect'] } = {},
) => judgeRun({ report: reportOf('6.12.117', ...verdicts), problem: undefined }, { chosen, expect })

t.test('a run', async t => {
  for (const [verdict, status] of [
    ['confirmed', BISECT.good],
    ['changed', BISECT.good],
    ['regressed', BISECT.bad],
    ['unexpected-pass', BISECT.bad],
    ['flaky', BISECT.bad],
    ['skipped', BISECT.cannotTell],
    ['error', BISECT.cannotTell],
  ] as const) {
    t.test(`that is ${verdict} ends with ${status}, and says which scenario it was`, async t => {
      const judgement = judge([verdict])
      t.equal(judgement.status, status)
      t.match(judgement.why, `one is ${verdict}`)
    })
  }

  t.test('is bad for one bad scenario among good ones, and names that one with its reason', async t => {
    t.strictSame(judge(['confirmed', 'regressed', 'changed']), {
      status: BISECT.bad,
      why: 'two is regressed: the reason for regressed',
    })
  })

  t.test('says nothing when a scenario broke, also where another regressed', async t => {
    t.equal(judge(['regressed', 'error']).status, BISECT.cannotTell)
  })

  t.test('is no run of a chosen scenario that was skipped, and is one of the whole catalogue', async t => {
    t.equal(judge(['confirmed', 'skipped']).status, BISECT.cannotTell)
    t.equal(judge(['confirmed', 'skipped'], { chosen: false }).status, BISECT.good)
    t.equal(judge(['skipped', 'skipped'], { chosen: false }).status, BISECT.cannotTell)
    t.equal(judge(['regressed', 'skipped']).status, BISECT.bad)
  })

  t.test('of nothing, or without a report, says nothing', async t => {
    t.equal(judge([], { chosen: false }).status, BISECT.cannotTell)
    t.strictSame(judgeRun({ report: undefined, problem: 'it crashed' }, { chosen: true }), {
      status: BISECT.cannotTell,
      why: 'it crashed',
    })
  })

  for (const [verdict, status] of [
    ['regressed', BISECT.good],
    ['changed', BISECT.bad],
    ['confirmed', BISECT.bad],
    ['unexpected-pass', BISECT.bad],
    ['flaky', BISECT.cannotTell],
    ['skipped', BISECT.cannotTell],
    ['error', BISECT.cannotTell],
  ] as const) {
    t.test(`that is ${verdict} where regressed is asked for ends with ${status}`, async t => {
      t.equal(judge([verdict], { expect: 'regressed' }).status, status)
    })
  }
})

t.test('an error', async t => {
  for (const code of ['patch', 'config', 'compile'] as const) {
    t.test(`of the build (${code}) belongs to the commit, which is skipped`, async t => {
      t.equal(judgeError(new KernelBuildError(code, 'x')).status, BISECT.cannotTell)
    })
  }
  for (const code of ['usage', 'missing-package', 'source', 'disk-full', 'aborted'] as const) {
    t.test(`of the build (${code}) that every commit would have stops the bisection`, async t => {
      t.equal(judgeError(new KernelBuildError(code, 'x')).status, BISECT.stop)
    })
  }
  t.test('of a kernel that cannot be read is skipped, one of the machine stops', async t => {
    t.equal(judgeError(new KernelError('bad-image', 'x', 'y')).status, BISECT.cannotTell)
    t.equal(judgeError(new KernelError('missing-tool', 'x', 'y')).status, BISECT.stop)
    t.equal(judgeError(new LabError('x', 'y', 2)).status, BISECT.stop)
    t.equal(judgeError(new TypeError('x')).status, BISECT.stop)
  })
})
