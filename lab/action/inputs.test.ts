import t from 'tap'
import { readInputs } from './inputs.js'

t.test('inputs are words separated by any blanks, and what is left out is left to the lab', async t => {
  t.strictSame(readInputs({}), {
    ...{ kernels: [], rootless: false, loadModules: false, failOn: [], baseline: undefined },
    ...{ common: [], scenarios: [] },
  })
  const given = readInputs({
    ...{ SCENARIOS: ' a\n  b ', KERNELS: 'debian:6.1  debian:6.12', IPTABLES: 'both', EVIDENCE: 'full' },
    ...{ TOGGLES: 'promisc hairpin_mode', FAIL_ON: 'flaky error', LOAD_MODULES: 'true', ROOTLESS: '' },
  })
  t.strictSame(given.scenarios, ['a', 'b'])
  t.strictSame(given.kernels, ['debian:6.1', 'debian:6.12'])
  t.strictSame(given.common, [
    ...['--iptables', 'both', '--evidence', 'full', '--toggle', 'promisc', '--toggle', 'hairpin_mode'],
  ])
  t.strictSame(given.failOn, ['error', 'flaky'])
  t.equal(given.loadModules, true)
  t.strictSame(readInputs({ FAIL_ON: 'never' }).failOn, [])
})

t.test('an input that is not understood, or does not go with another, is named as in action.yml', async t => {
  for (const [env, says] of [
    [{ FAIL_ON: 'regresed' }, /^the input 'fail-on': unknown verdict 'regresed'/],
    [{ FAIL_ON: 'never error' }, /^the input 'fail-on': /],
    [{ LOAD_MODULES: 'yes' }, /^the input 'load-modules': /],
    [{ IPTABLES: 'nftables' }, /^the input 'iptables': /],
    [{ KERNELS: 'debian:6.1', ROOTLESS: 'true' }, /^the input 'rootless': in a guest/],
    [{ KERNELS: 'debian:6.1 debian:7', BASELINE: 'x.json' }, /^the input 'baseline': /],
    [{ DISTRIBUTIONS: 'debian:12' }, /^the input 'distributions': /],
  ] as const)
    t.throws(() => readInputs(env), { exitCode: 2, message: says })
})
