import t from 'tap'
import { ROUTED, runOwn } from './own-scenario.fixture.js'

const DROP = ['-p', 'udp', '-m', 'udp', '--dport', '53', '-m', 'statistic', '--mode', 'nth', '--every', '2']

const SCENARIO = `
  id: 'second-question-dropped',
  title: 'A resolver waits for the second of its two questions',
  ${ROUTED}
  toggles: {
    'second-question': ruleToggle({
      summary: 'drop every second question', node: 'router', table: 'filter', chain: 'FORWARD', position: 1,
      rules: { dropped: ${JSON.stringify([...DROP, '--packet', '1', '-j', 'DROP'])}, passed: null },
    }),
  },
  probes: {
    reach: ping({ from: 'client', to: '198.51.100.2' }),
    resolve: dnsUdp({ from: 'client', to: '198.51.100.2', server: 'server' }),
    'own-name': dnsUdp({ from: 'client', to: '198.51.100.2', port: 5353, server: 'server', name: 'a.b-c.example' }),
  },
  controls: ['reach', 'own-name'],
  mechanisms: {
    dropped: { title: 'second question dropped', where: 'the rule', document: 'it fails', proofs: [counted('router', 'filter', 'statistic')] },
  },
  expect: {
    reach: [{ works: 'nothing drops it' }],
    resolve: [
      { when: { 'second-question': 'dropped' }, fails: 'dropped', why: 'one of two is lost' },
      { works: 'both pass', answeredBy: '198.51.100.2', serverSaw: '198.51.100.1' },
    ],
    'own-name': [{ works: 'it is another port', serverSaw: '198.51.100.1' }],
  },
  experiments: [{ title: 'questions', probes: ['resolve'], fixes: [{ 'second-question': 'passed' }] }],`

t.test('two questions from one socket at once', async test => {
  const { report, status, script } = await runOwn(['counted', 'dnsUdp', 'ping', 'ruleToggle'], SCENARIO, [
    'second-question=passed',
  ])
  const [scenario] = report.scenarios
  const of = (phase: string, probe: string) =>
    scenario?.trials.find(trial => trial.phase === phase && trial.probe === probe)

  test.test('both are answered where nothing is lost', async t2 => {
    t2.equal(scenario?.verdict, 'confirmed', scenario?.reason ?? 'no scenario')
    t2.equal(status, 0)
    t2.match(of('fixed', 'resolve'), {
      outcome: 'works',
      answeredBy: '198.51.100.2',
      serverSaw: '198.51.100.1',
      measured: { answers: 2 },
    })
    t2.equal(of('control', 'own-name')?.outcome, 'works')
  })
  test.test('one that is lost is a failure, and is named', async t2 => {
    for (const phase of ['broken', 'reverted'])
      t2.match(of(phase, 'resolve'), {
        outcome: 'fails',
        says: /^no answer to AAAA within \d+ ms, 1 of 2 answered/,
        measured: { answers: 1 },
      })
  })
  test.test('the shell script does the same with common tools', async t2 => {
    t2.equal(script.status, 0, script.output)
    t2.match(script.output, /^ok \d+ - broken resolve fails: dropped\n# it fails: no answer to AAAA/m)
    t2.match(script.output, /^ok \d+ - fixed resolve .*works$/m)
  })
})
