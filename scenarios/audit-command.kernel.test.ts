import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { hostState, stateChanges, WRITTEN_FOLDERS } from '../bench/snapshot.js'
import type { RebuiltProbe, Recipe } from '../src/audit/rebuild.js'
import { projectRoot } from '../src/base/root.js'
import type { AuditReport } from '../src/model/audit.js'

t.setTimeout(300_000)

const MAIN = join(projectRoot(), 'dist/src/cli/main.js')
const notRoot = process.getuid?.() === 0 ? false : 'it takes root'
/** A process that may do no more than an ordinary user's. */
const ORDINARY = ['setpriv', '--bounding-set=-all', '--inh-caps=-all']

/** The host as the test of kill -9 has it, and its modules. */
const machineState = async () => ({
  ...(await hostState(WRITTEN_FOLDERS)),
  modules: readdirSync('/sys/module').join('\n'),
})

t.test('the machine is as before', { skip: notRoot }, async test => {
  const before = await machineState()
  const { stdout, exitCode } = await execa(process.execPath, [MAIN, 'audit', '--json'], { reject: false })
  test.ok(exitCode === 0 || exitCode === 1, String(exitCode))
  const report = JSON.parse(stdout) as AuditReport
  test.ok(report.netns.includes('this'))
  test.ok(report.findings.length > 0)
  test.same(stateChanges(before, await machineState()), [], 'after an audit')
  const recorded = await execa(process.execPath, [MAIN, 'record', '--netns', 'this'], { reject: false })
  test.match(recorded.stdout, /^import \{ defineScenario, ping \} from 'netns-lab'/)
  test.same(stateChanges(before, await machineState()), [], 'after a recording')
})

t.test(
  'an ordinary user is told what could not be read, and gets no guess',
  { skip: notRoot },
  async test => {
    const { stdout, stderr } = await execa(
      ORDINARY[0] ?? '',
      [...ORDINARY.slice(1), process.execPath, MAIN, 'audit', '--netns', 'this', '--json'],
      { reject: false },
    )
    test.ok(stdout.startsWith('{'), stderr)
    const { findings, unread } = JSON.parse(stdout) as AuditReport
    test.ok(
      unread.some(({ what }) => /iptables-nft-save|nft/.test(what)),
      JSON.stringify(unread),
    )
    test.equal(
      findings.find(({ scenario }) => scenario === 'accept-does-not-override')?.finding,
      'cannot tell',
    )
  },
)

t.test('a namespace that there is not is named, with those that there are', async test => {
  const { stderr, exitCode } = await execa(process.execPath, [MAIN, 'audit', '--netns', 'thos'], {
    reject: false,
  })
  test.equal(exitCode, 2)
  test.match(stderr, /unknown namespace 'thos'.*\n.*this/)
})

t.test('what it is to be held against must be something', async test => {
  const { stderr, exitCode } = await execa(process.execPath, [MAIN, 'audit', '--for', 'nonsense'], {
    reject: false,
  })
  test.equal(exitCode, 2)
  test.match(stderr, /neither a kernel's version, nor a release, nor a report/)
})

/** A host of containers in a namespace of its own, with a port forwarding that their neighbours meet, and perhaps a rule for that. */
const hostOfContainers = (rule: string) => `set -e
for line in 'link set lo up' 'link add lxcbr0 type bridge' 'address add 10.9.0.1/24 dev lxcbr0' 'link set lxcbr0 up' \\
  'link add veth7 type veth peer name c7' 'link set veth7 master lxcbr0 up' 'link add veth8 type veth peer name c8' \\
  'link set veth8 master lxcbr0 up' 'link add ens3 type veth peer name lan' 'address add 198.51.100.7/24 dev ens3' 'link set ens3 up'
do ip $line; done
sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=0
iptables -t nat -A PREROUTING -d 198.51.100.7/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.9.0.5:8443
${rule}
exec "$@"`

t.test('what was found is proved in the lab, or taken back', { skip: notRoot }, async test => {
  const before = await machineState()
  for (const [rule, outcome, status] of [
    ['', 'fails', 1],
    // Whether this match fits no audit knows.
    [
      'iptables -t nat -A POSTROUTING -s 10.9.0.0/24 -d 10.9.0.0/24 -m conntrack --ctorigdst 198.51.100.7 -j MASQUERADE',
      'works',
      0,
    ],
  ] as const) {
    const argv = [MAIN, 'audit', '--netns', 'this', '--rebuild', 'lan-dnat-without-snat', '--json']
    const script = ['-c', hostOfContainers(rule), 'sh', process.execPath, ...argv]
    const { stdout, stderr, exitCode } = await execa('unshare', ['--net', 'sh', ...script], { reject: false })
    test.ok(stdout.startsWith('{'), stderr)
    const { finding, probes } = JSON.parse(stdout) as Recipe & { probes: RebuiltProbe[] }
    test.equal(finding.finding, 'exposed')
    test.match(probes, [
      { control: true, outcome: 'works' },
      { probe: 'neighbour-tcp', outcome, expected: 'fails' },
    ])
    test.equal(exitCode, status)
  }
  test.same(stateChanges(before, await machineState()), [])
})

t.test('where there is nothing to try, that is said', { skip: notRoot }, async test => {
  const argv = [MAIN, 'audit', '--netns', 'this', '--rebuild', 'stp-forward-delay']
  const { stderr, exitCode } = await execa('unshare', ['--net', process.execPath, ...argv], { reject: false })
  test.equal(exitCode, 2)
  test.match(stderr, /there is nothing to try: stp-forward-delay is not concerned here, without a bridge/)
})
