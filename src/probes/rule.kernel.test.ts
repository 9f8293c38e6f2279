import t from 'tap'
import { runOwn } from './own-scenario.fixture.js'

const SCENARIO = `
  id: 'own-rules',
  title: 'A rule with a target that there is not',
  source: { title: 'a test', url: 'https://example.com/', says: 'it fails' },
  drawing: '[host]',
  needs: ['ipv6'],
  topology: {
    nodes: { host: { is: 'a host', ipv6: true, iptables: { mangle: [] }, ip6tables: { mangle: [] } } },
    links: [],
  },
  toggles: {},
  probes: {
    mark: rule({ from: 'host', set: 'iptables', table: 'mangle', chain: 'INPUT', words: ['-j', 'MARK', '--set-mark', '1'] }),
    nothing: rule({ from: 'host', set: 'ip6tables', table: 'mangle', chain: 'INPUT', words: ['-j', 'NOSUCHTARGET'] }),
  },
  controls: ['mark'],
  mechanisms: {
    missing: {
      title: 'no such target', where: 'xt_find_target()', document: 'it fails',
      proofs: [hasTarget('host', 'inet6', 'NOSUCHTARGET', 0).missing(), hasTarget('host', 'inet', 'MARK', 2).andStays()],
    },
  },
  expect: {
    mark: [{ works: 'there is one' }],
    nothing: [{ fails: 'missing', why: 'there is none' }],
  },
  experiments: [{ title: 'rules', fixes: [] }],`

t.test('a rule that somebody adds', async test => {
  const { report, status, script } = await runOwn(['hasTarget', 'rule'], SCENARIO, [])
  const [scenario] = report.scenarios
  test.equal(scenario?.verdict, 'confirmed', scenario?.reason ?? 'no scenario')
  test.equal(status, 0)
  const [works, fails] = scenario?.trials ?? []

  test.test('is taken away again, so that nothing has changed', async t2 => {
    t2.match(works, { probe: 'mark', outcome: 'works', verdict: 'confirmed' })
  })
  test.test('is refused for a target that the kernel says it does not have', async t2 => {
    t2.match(fails, { probe: 'nothing', outcome: 'fails', mechanism: 'missing' })
    t2.match(fails?.says, /exited with status [12]: .*NOSUCHTARGET|No chain\/target\/match/)
    t2.match(fails?.evidence[0], {
      state: 'seen',
      says: /x_tables has no target NOSUCHTARGET revision 0 of inet6/,
    })
  })
  test.test('is tried by the script alone', async t2 => {
    t2.match(script.output, /^ok 1 - control mark works/m)
    t2.match(script.output, /^# it fails: .*NOSUCHTARGET/m)
  })
})
