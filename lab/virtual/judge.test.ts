import t from 'tap'
import { reportOf, scenario, trial } from '../../src/report/synthetic.fixture.js'
import { hintIn, judgeReport, missingIn, modulesIn, networkChanges } from './judge.js'

const here = reportOf([
  scenario('one', 'confirmed', [trial('confirmed', 'control')]),
  scenario('bridged', 'confirmed', [trial('confirmed', 'control')]),
])

t.test('the same verdicts are no problem, nor is one that a commit explains', async test => {
  test.same(judgeReport(here, here, []), [])
})

t.test(
  'what is bad, lost, or skipped for another reason than the one that is known, is named',
  async test => {
    const there = reportOf([
      scenario('bridged', 'skipped', [trial('skipped', 'control')], { reason: 'br_netfilter is not there' }),
    ])
    test.same(judgeReport(here, there, ['br_netfilter']), ['one: not in the report'])
    test.match(judgeReport(here, there, []), [/^bridged: skipped: br_netfilter/, /^one: not in the report/])
    const broke = reportOf([
      scenario('one', 'error', [trial('error', 'control')], { reason: 'libvirtd does not start' }),
      scenario('bridged', 'confirmed', [trial('confirmed', 'control')]),
    ])
    test.match(judgeReport(here, broke, []), [/^one: error: libvirtd does not start/])
  },
)

t.test(
  'a trial that comes out otherwise, and no commit says why, is named, though the verdict is good',
  async test => {
    const fails = trial('changed', 'control', { outcome: 'fails' })
    const there = reportOf([scenario('one', 'changed', [fails]), ...here.scenarios.slice(1)])
    test.match(judgeReport(here, there, []), [/^one: own-address-tcp, control: .*no commit explains it/])
    const change = {
      commit: '751de2012eaf',
      title: 'x',
      since: '6.9',
      url: 'https://git.kernel.org/linus/751de2012eaf',
    }
    const explained = reportOf([
      scenario('one', 'changed', [{ ...fails, change }]),
      ...here.scenarios.slice(1),
    ])
    test.same(judgeReport(here, explained, []), [])
  },
)

t.test('the one line for root is found in what a run prints, and what it loads', async test => {
  const said =
    'lab: not loaded, and only root can: br_netfilter xt_CT; what needs br-netfilter and tftp-helper is skipped\n  → sudo modprobe -a br_netfilter xt_CT\n'
  test.equal(hintIn(said), 'sudo modprobe -a br_netfilter xt_CT')
  test.same(modulesIn(hintIn(said)), ['br_netfilter', 'xt_CT'])
  test.same(modulesIn(hintIn('lab: nothing is missing\n')), [])
})

t.test('what a machine lacks is told, but for what another kernel has', async test => {
  const doctor = `
  ok       ipv6              IPv6
  missing  force-forwarding  IPv6 forwarding by device (force_forwarding)
           this kernel has no net.ipv6.conf.*.force_forwarding (a kernel with CONFIG_IPV6 of Linux 6.17 or newer)
  missing  radvd             router advertisements
           'radvd' is not installed (apt-get install radvd)
  missing  kernel-log        the kernel log as evidence
           /dev/kmsg cannot be read (EPERM): it takes root in the initial user namespace
`
  test.same(missingIn(doctor), ["radvd: 'radvd' is not installed (apt-get install radvd)"])
})

const STATE = `# links
1: lo: <LOOPBACK,UP>
# sysctls
net.ipv4.ip_forward = 1
`

t.test(
  'a machine’s network is compared line by line; sysctls that came with a module are none of its own',
  async test => {
    test.same(networkChanges(STATE, STATE), [])
    test.same(networkChanges(STATE, `${STATE}net.bridge.bridge-nf-call-iptables = 1\n`), [])
    test.same(networkChanges(STATE, `${STATE.replace('forward = 1', 'forward = 0')}`), [
      'sysctls lost: net.ipv4.ip_forward = 1',
      'sysctls got: net.ipv4.ip_forward = 0',
    ])
    test.same(
      networkChanges(
        STATE,
        `${STATE}# routes\ndefault dev eth0\n`.replace('# sysctls', '2: veth0:\n# sysctls'),
      ),
      ['links got: 2: veth0:', 'routes got: default dev eth0'],
    )
  },
)
