import t from 'tap'
import { ROUTED, runOwn } from './own-scenario.fixture.js'

const SCENARIO = `
  id: 'long-packets-dropped',
  title: 'A client gets no long response through a router that drops long packets',
  ${ROUTED}
  toggles: {
    'long-packets': ruleToggle({
      summary: 'drop packets of more than 1000 bytes', node: 'router', table: 'mangle', chain: 'FORWARD', position: 1,
      rules: { dropped: ['-m', 'length', '--length', '1000:65535', '-j', 'DROP'], passed: null },
    }),
  },
  probes: {
    short: http({ from: 'client', to: '198.51.100.2', port: 81, server: 'server', bytes: 10, requestBytes: 10 }),
    long: http({ from: 'client', to: '198.51.100.2', port: 80, server: 'server', bytes: 3_000_000 }),
    'other-server-port': http({ from: 'client', to: '198.51.100.2', port: 82, server: 'server', serverPort: 83 }),
  },
  controls: ['short'],
  mechanisms: {
    dropped: { title: 'long packets dropped', where: 'the rule', document: 'it fails', proofs: [counted('router', 'mangle', 'length')] },
    nobody: { title: 'nobody listens', where: 'the server', document: 'it fails', proofs: [mib('server', 'TcpOutRsts')] },
  },
  expect: {
    short: [{ works: 'one segment each way', answeredBy: '198.51.100.2', serverSaw: '198.51.100.1' }],
    long: [
      { when: { 'long-packets': 'dropped' }, fails: 'dropped', why: 'its segments are long' },
      { works: 'they pass', answeredBy: '198.51.100.2', serverSaw: '198.51.100.1' },
    ],
    'other-server-port': [{ fails: 'nobody', why: 'the server listens on another port than the one that is asked' }],
  },
  experiments: [
    { title: 'long packets', probes: ['long'], fixes: [{ 'long-packets': 'passed' }] },
    { title: 'another port', probes: ['other-server-port'], fixes: [] },
  ],`

t.test('an HTTP request with a body each way', async test => {
  const { report, status, script } = await runOwn(['counted', 'http', 'mib', 'ruleToggle'], SCENARIO, [
    'long-packets=passed',
  ])
  const [scenario] = report.scenarios
  const trials = scenario?.trials ?? []
  const of = (phase: string, probe: string) =>
    trials.find(trial => trial.phase === phase && trial.probe === probe)

  test.test('three megabytes arrive whole once long packets pass, and not before or after', async t2 => {
    t2.equal(scenario?.verdict, 'confirmed', scenario?.reason ?? 'no scenario')
    t2.equal(status, 0)
    t2.match(of('fixed', 'long'), {
      outcome: 'works',
      answeredBy: '198.51.100.2',
      serverSaw: '198.51.100.1',
      says: /^3000000 bytes came whole/,
    })
    for (const phase of ['broken', 'reverted']) t2.equal(of(phase, 'long')?.outcome, 'fails', phase)
  })
  test.test('a transfer that stalls says how far it came, and that the connection was made', async t2 => {
    t2.match(
      of('broken', 'long')?.says,
      /^connected in \d+ ms, and the (request|response) stalled: \d+ bytes/,
    )
    t2.equal(of('broken', 'long')?.measured?.receivedBytes, 0)
  })
  test.test('bodies of one segment pass the same router', async t2 => {
    t2.match(of('control', 'short'), { outcome: 'works', says: /^10 bytes came whole/ })
  })
  test.test('a port that nobody listens on refuses the connection', async t2 => {
    t2.match(of('broken', 'other-server-port'), {
      outcome: 'fails',
      says: /^the connection failed: ECONNREFUSED/,
    })
  })
  test.test('the shell script does the same with common tools', async t2 => {
    t2.equal(script.status, 0, script.output)
    t2.match(script.output, /^ok \d+ - fixed long .*works\n# it works: 3000000 bytes came whole/m)
    t2.match(script.output, /^ok \d+ - broken long fails: dropped/m)
  })
})
