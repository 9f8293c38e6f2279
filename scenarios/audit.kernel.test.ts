import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { symptoms } from '../src/audit/judge.js'
import { projectRoot } from '../src/base/root.js'
import { runningVersion } from '../src/kernel/running.js'
import { hasChange, type KernelChange } from '../src/model/change.js'
import type { Scenario, Settings } from '../src/model/scenario.js'
import { loadCatalogue } from '../src/plan/catalogue.js'
import { defaultSettings, findExpectation } from '../src/plan/expectations.js'
import type { AuditedMachine, SkippedMachine } from './audited-machines.js'
import { KNOWN_MACHINES } from './known-machines.js'

t.setTimeout(600_000)

/** Toggles that the machine does not show: they are of other machines, or are nothing that is configured. */
const UNSEEN: Readonly<Record<string, readonly string[]>> = {
  'ecmp-frag-needed': ['tcp_mtu_probing', 'route-mtu'],
  'mld-second-querier': ['guest-firewall'],
  'neutron-floating-ip-self': ['accept_local', 'rp_filter'],
  'nat-idle-timeout': ['tcp_keepalive_time'],
  'pmtu-black-hole': ['tcp_mtu_probing', 'TCPMSS', 'ip_no_pmtu_disc', 'route-mtu'],
  'snat-stale-after-failover': ['conntrack'],
  'stale-udp-conntrack': ['before', 'conntrack'],
  'ts-offset-snat-time-wait': ['tcp_timestamps'],
  'dhcp-checksum': ['tx-guest'],
}
/** Settings by which nothing is left of the failure to see, and why: such a machine is not concerned. */
const NOTHING_LEFT: Readonly<Record<string, readonly [settings: Settings, why: string][]>> = {
  'accept-does-not-override': [
    [{ policy: 'ACCEPT' }, 'nothing is dropped that another table accepts'],
    [
      { 'own-table': 'none', 'other-iptables': 'off' },
      'nothing is accepted that the policy drops: that is what a policy is for',
    ],
  ],
  'bridged-forward-drop': [[{ policy: 'ACCEPT' }, 'the policy is the cause']],
  'docker-ra-forwarding': [[{ forwarding: 'off' }, 'forwarding is the cause']],
  'hairpin-ipv6-dad': [[{ hairpin_mode: 'off' }, 'hairpin_mode is the cause']],
  'ip6-rule-tos-ecn': [[{ 'dsfield-rule': 'off' }, 'the rule is the cause']],
  'localhost-from-neighbour': [[{ route_localnet: '0' }, 'route_localnet is the cause']],
  'mld-second-querier': [[{ querier: 'none' }, 'nobody was heard that asks']],
  'pmtu-black-hole': [[{ 'icmp-filter': 'none' }, 'the rule is the cause']],
  'promisc-bridge-duplicates': [[{ promisc: 'off' }, 'the promiscuous bridge is the cause']],
  'ra-prefix-static-address': [[{ order: 'address-first' }, 'here nothing was advertised before the audit']],
  'stp-forward-delay': [[{ stp_state: 'off' }, 'STP is the cause']],
  'tentative-without-carrier': [
    [{ carrier: 'up' }, 'the address was tested'],
    [{ carrier: 'just-up', address: 'nodad' }, 'the address is not tested'],
    [{ carrier: 'just-up', accept_dad: 'off' }, 'the address is not tested'],
  ],
  'udp-gso-without-checksum-offload': [[{ 'tx-checksum': 'on' }, 'the offload that is off is the cause']],
}
/** Settings that an audit takes for others, and why. */
const TAKEN_FOR: Readonly<Record<string, readonly [settings: Settings, as: Settings, why: string][]>> = {
  'nat-idle-timeout': [
    [{ nf_conntrack_tcp_timeout: '2' }, { nf_conntrack_tcp_timeout: '1' }, 'two seconds are as bad as one'],
  ],
}

/** Of other scenarios' machines: what each is exposed to as well or relies on, and why. */
const NAT = 'it is a NAT, and its rule has no --random-fully'
const DNAT = 'it translates destinations of TCP, and drops nothing invalid'
const HELPER = 'it is a NAT without a helper, on a kernel that has the helper of TFTP'
const IDLE = 'it is a NAT'
const BOUNCE = 'what comes from its target’s own bridge meets its DNAT rule, too'
const ALSO: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'bridge-dnat-bounce': {
    'conntrack-invalid-rst': DNAT,
    'lan-dnat-without-snat': BOUNCE,
  },
  'bridged-forward-drop': {
    'bridge-mac-follows-port': 'a card and a guest’s port are in a bridge with an address',
  },
  'conntrack-helper-off': { 'nat-idle-timeout': IDLE, 'snat-port-race': NAT },
  'dhcp-checksum': {
    'udp-gso-without-checksum-offload': 'a fix of it is a bridge that computes no checksums',
  },
  'docker-ra-forwarding': {
    'ra-prefix-static-address': 'it has a static IPv6 address, and a router advertises itself',
  },
  'ecmp-source-address': { 'strict-arp-vip': 'it has an address of its own on lo' },
  'eks-nodeport-secondary-eni': { 'conntrack-invalid-rst': DNAT },
  'lan-dnat-without-snat': { 'conntrack-invalid-rst': DNAT, 'bridge-dnat-bounce': BOUNCE },
  'link-local-frames': { 'stp-forward-delay': 'one experiment has STP on' },
  'localhost-from-neighbour': {
    'conntrack-helper-off': HELPER,
    'conntrack-invalid-rst': DNAT,
    'nat-idle-timeout': IDLE,
    'snat-port-race': NAT,
  },
  'loopback-published-port': {
    'conntrack-helper-off': HELPER,
    'conntrack-invalid-rst': DNAT,
    'nat-idle-timeout': IDLE,
    'snat-port-race': NAT,
    'localhost-from-neighbour': 'its fixes set route_localnet',
  },
  'nat-idle-timeout': { 'conntrack-helper-off': HELPER, 'snat-port-race': NAT },
  'neutron-floating-ip-self': {
    'conntrack-helper-off': HELPER,
    'conntrack-invalid-rst': DNAT,
    'nat-idle-timeout': IDLE,
  },
  'nova-float-hairpin': {
    'conntrack-helper-off': HELPER,
    'conntrack-invalid-rst': DNAT,
    'lan-dnat-without-snat': BOUNCE,
    'nat-idle-timeout': IDLE,
    'bridge-dnat-bounce': BOUNCE,
  },
  'promisc-bridge-duplicates': {
    'lan-dnat-without-snat': BOUNCE,
    'stale-udp-conntrack': 'it translates destinations of UDP',
  },
  'rp-filter-loopback-redirect': { 'localhost-from-neighbour': 'it has route_localnet' },
  'snat-port-closing': {
    'conntrack-helper-off': HELPER,
    'nat-idle-timeout': IDLE,
    'snat-port-race': NAT,
    'ts-offset-snat-time-wait': 'its NAT has few ports',
  },
  'snat-port-race': { 'conntrack-helper-off': HELPER, 'nat-idle-timeout': IDLE },
  'snat-stale-after-failover': {
    'conntrack-helper-off': HELPER,
    'nat-idle-timeout': IDLE,
    'snat-port-race': NAT,
  },
  'stale-udp-conntrack': {
    'conntrack-helper-off': HELPER,
    'lan-dnat-without-snat': BOUNCE,
    'nat-idle-timeout': IDLE,
    'snat-port-race': NAT,
  },
  'ts-offset-snat-time-wait': {
    'conntrack-helper-off': HELPER,
    'nat-idle-timeout': IDLE,
    'snat-port-closing': 'its NAT has few ports',
    'snat-port-race': NAT,
  },
  'wg-fwmark-rp-filter': { 'vpn-address-from-lan': 'it has a VPN, and no rule about its address' },
}

const kernel = runningVersion()
const has = (change: KernelChange) => hasChange(change, kernel)
const program = join(projectRoot(), 'dist/scenarios/audited-machines.js')
const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
  encoding: 'utf8',
  maxBuffer: 1 << 28,
})
const lines = stdout
  .split('\n')
  .filter(Boolean)
  .map(line => JSON.parse(line) as AuditedMachine | SkippedMachine)
const unavailable = status === 69 ? `no world can be made: ${stderr.trim().slice(0, 300)}` : false
const machines = lines.filter(line => 'findings' in line)
const { scenarios } = await loadCatalogue()

t.test('every scenario of the catalogue says what makes a machine like it', async test => {
  for (const { id, audit } of scenarios) test.ok(audit, id)
})

t.test('all machines were built and audited', { skip: unavailable }, async test => {
  test.equal(status, 0, stderr)
  for (const line of lines) if ('skipped' in line) test.pass(line.scenario, { skip: line.skipped })
})

/** Whether some settings have all of these. */
const isUnder = (settings: Settings, part: Settings) =>
  Object.entries(part).every(([toggle, setting]) => settings[toggle] === setting)

/** The settings that an audit can see. */
function seen(scenario: Scenario, settings: Settings): Settings {
  const first = defaultSettings(scenario)
  const unseen = UNSEEN[scenario.id] ?? []
  const visible = Object.fromEntries(
    Object.entries(settings).map(([id, setting]) => [id, unseen.includes(id) ? (first[id] ?? '') : setting]),
  )
  const taken = TAKEN_FOR[scenario.id]?.filter(([part]) => isUnder(visible, part)) ?? []
  return Object.assign({}, visible, ...taken.map(([, as]) => as))
}

for (const scenario of scenarios)
  t.test(
    `${scenario.id}: broken is exposed, and what holds is relied on`,
    { skip: unavailable },
    async test => {
      const own = machines.filter(machine => machine.scenario === scenario.id)
      if (own.length === 0) {
        test.pass('no machine', { skip: 'it could not be built here' })
        return
      }
      for (const { settings, findings } of own) {
        const title = JSON.stringify(settings)
        const mine = findings.filter(finding => finding.scenario === scenario.id)
        const same = mine.find(({ places }) =>
          places.some(names => Object.entries(names).every(([a, b]) => a === b)),
        )
        const found = same ?? mine[0]
        const nothing = NOTHING_LEFT[scenario.id]?.some(([part]) => isUnder(settings, part))
        if (nothing) {
          test.equal(found?.finding, 'not concerned', title)
          continue
        }
        const fails = symptoms(scenario, scenario.audit ?? { node: '', shape: [] }).filter(
          probe => findExpectation(scenario, probe, seen(scenario, settings), { has })?.outcome === 'fails',
        )
        test.equal(
          found?.finding,
          fails.length > 0 ? 'exposed' : 'relies on',
          `${title} ${found?.missing ?? ''}`,
        )
        test.same(
          found?.fails.map(({ probe }) => probe),
          fails,
          title,
        )
        if (found?.finding === 'relies on') test.ok(found.holders.length > 0, `${title}: by something`)
      }
    },
  )

t.test(
  'on other scenarios’ machines nothing is found but what is explained',
  { skip: unavailable },
  async test => {
    for (const scenario of scenarios) {
      const own = machines.filter(machine => machine.scenario === scenario.id)
      const found = new Set(
        own.flatMap(({ findings }) =>
          findings.flatMap(({ scenario: id, finding }) =>
            id === scenario.id || finding === 'not concerned' ? [] : [id],
          ),
        ),
      )
      const explained = Object.keys(ALSO[scenario.id] ?? {})
      test.same(
        [...found].filter(id => !explained.includes(id)),
        [],
        scenario.id,
      )
    }
  },
)

t.test(
  'Debian, Docker, libvirt and kube-proxy: nothing is exposed but what is explained',
  { skip: unavailable },
  async test => {
    for (const [name, { exposed }] of Object.entries(KNOWN_MACHINES)) {
      const machine = machines.find(({ scenario }) => scenario === name)
      if (!machine) {
        const skipped = lines.find(line => line.scenario === name && 'skipped' in line)
        test.ok(skipped, name, { skip: 'it could not be built here' })
        continue
      }
      const found = machine.findings
        .filter(({ finding }) => finding === 'exposed')
        .map(({ scenario }) => scenario)
      // Where nobody has loaded the helper, nobody is without it.
      const expected = Object.keys(exposed).filter(
        id => id !== 'conntrack-helper-off' || existsSync('/sys/module/nf_conntrack_tftp'),
      )
      test.same([...new Set(found)].sort(), expected.sort(), name)
    }
  },
)

t.test('the table of all scenarios and all machines', { skip: unavailable }, async test => {
  const short = { exposed: 'E', 'relies on': 'r', 'not concerned': '.', 'cannot tell': '?' } as const
  const names = [...new Set(machines.map(({ scenario }) => scenario))]
  test.comment(
    'down: machines, broken and with each fix; across: scenarios in the same order; E exposed, r relies on, . not concerned',
  )
  for (const name of names) {
    const cells = scenarios.map(({ id }) => {
      const kinds = new Set(
        machines
          .filter(({ scenario }) => scenario === name)
          .flatMap(({ findings }) =>
            findings.filter(({ scenario }) => scenario === id).map(({ finding }) => short[finding]),
          ),
      )
      return ['E', 'r', '?'].find(kind => kinds.has(kind as 'E')) ?? '.'
    })
    test.comment(`${cells.join('')} ${name}`)
  }
  test.equal(names.length, new Set(names).size)
})
