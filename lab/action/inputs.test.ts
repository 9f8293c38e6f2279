import t from 'tap'
import { commandLines, readInputs, reportCount } from './inputs.js'

t.test('inputs are words separated by any blanks, and what is left out is left to the lab', async t => {
  t.strictSame(readInputs({}), {
    ...{
      kernels: [],
      distributions: [],
      rootless: false,
      loadModules: false,
      failOn: [],
      baseline: undefined,
    },
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
    [{ DISTRIBUTIONS: 'debian:12', KERNELS: 'debian:6.1' }, /^the input 'distributions': a guest has/],
    [{ DISTRIBUTIONS: 'debian:12 debian:13', BASELINE: 'x.json' }, /^the input 'baseline': /],
  ] as const)
    t.throws(() => readInputs(env), { exitCode: 2, message: says })
})

t.test(
  'a use comes to one run, to a matrix, or to a run for each distribution, which are fetched first',
  async t => {
    const lines = (env: NodeJS.ProcessEnv) => {
      const inputs = readInputs(env)
      return [reportCount(inputs), ...commandLines(inputs, '/out').map(words => words.join(' '))]
    }
    t.strictSame(lines({ SCENARIOS: 'a b', ROOTLESS: 'true', IPTABLES: 'nft' }), [
      1,
      'run --keep-going --json /out/report.json --rootless --iptables nft -- a b',
    ])
    t.strictSame(lines({ KERNELS: 'debian:6.1 debian:7', TOGGLES: 'promisc' }), [
      2,
      'matrix --kernel debian:6.1 debian:7 --out /out --toggle promisc --',
    ])
    t.strictSame(lines({ DISTRIBUTIONS: 'debian:12 debian:13', LOAD_MODULES: 'true' }), [
      2,
      'distro fetch debian:12 debian:13',
      'run --distro debian:12 --keep-going --json /out/debian-12.json --load-modules --',
      'run --distro debian:13 --keep-going --json /out/debian-13.json --load-modules --',
    ])
  },
)
