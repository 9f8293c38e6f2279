import {
  acceptDad,
  addressIs,
  captured,
  dadTiming,
  defineScenario,
  duplicateAddress,
  ENHANCED_DAD,
  ebtablesDrop,
  enhancedDad,
  hairpinMode,
  ipv6Address,
  isolated,
  logged,
  mcastFlood,
  mib,
  neighbourPing,
  nwfilter,
  ping,
  promisc,
} from '../../src/index.js'

const MAC = 'fa:16:3e:20:48:ad'
const PREFIX = '2001:6f8:1477:1111'
const PORT = { node: 'compute', port: 'vnet0' } as const
const VM = { node: 'vm', device: 'eth0' } as const
const ETH0 = { from: 'vm', device: 'eth0' } as const

/** What no fix may take away, and what some do: that a real duplicate is found, and that others reach the VM. */
const GUARDS = ['owned-address', 'contested-address', 'neighbour-reaches-vm'] as const

/** The probes of all experiments that do not wait for the kernel's own timing. */
const HURRIED = ['link-local-address', 'slaac-address'] as const

/** Only the VM detects duplicates; the others would just be slow to start. */
const NO_DAD = { 'net.ipv6.conf.all.accept_dad': 0, 'net.ipv6.conf.default.accept_dad': 0 }

const duplicate = (startsWith: string, flag: 'dadfailed' | 'missing', solicitations: number) => ({
  title: 'false duplicate of an IPv6 address',
  where:
    'ndisc_recv_ns() takes the VM’s own reflected solicitation for another host’s, addrconf_dad_failure() gives the address up',
  document: `eth0: IPv6 duplicate address ${PREFIX}:f816:3eff:fe20:48ad detected!`,
  proofs: [
    addressIs('vm:eth0', startsWith, flag),
    mib('vm', 'Icmp6InNeighborSolicits').byAtLeast(solicitations).andStays(),
    logged(
      'vm:eth0',
      new RegExp(`IPv6: eth0: IPv6 duplicate address ${startsWith}[0-9a-f:]+ used by @mac@ detected!`),
    ),
    // Its own neighbour solicitation, coming back.
    captured('vm:eth0', {
      direction: 'in',
      protocol: 'icmpv6',
      from: '::',
      type: 135,
      ownMac: true,
    }).andStays(),
  ],
})

/** What repairs all three addresses, each by itself; then what fails with `accept_dad` 2, and otherwise. */
const expectAddress = <const D extends string>(duplicate: D) =>
  [
    {
      when: { hairpin_mode: 'off' },
      works:
        'Without hairpin_mode the solicitation does not come back; a promiscuous bridge changes nothing about that.',
    },
    { when: { isolated: 'on' }, works: 'An isolated port does not even get its own frames back.' },
    {
      when: { mcast_flood: 'off' },
      works: 'Multicast without a known group is not flooded to the port.',
    },
    {
      when: { 'ebtables-drop': 'on' },
      works: 'The reflected multicast is dropped on its way into the port.',
    },
    {
      when: { nwfilter: ['no-mac-reflection', 'nova-no-nd-reflection'] },
      works: 'libvirt’s filter drops the reflected multicast on its way into the port.',
    },
    {
      when: { enhanced_dad: ['all', 'device'] },
      works: `The nonce of the solicitation says that it is the VM’s own (${ENHANCED_DAD.commit}, ${ENHANCED_DAD.since}).`,
    },
    {
      when: { accept_dad: '0' },
      works: 'No duplicate address detection, no false duplicate.',
    },
    {
      when: { accept_dad: '2' },
      fails: 'ipv6-given-up',
      why: 'With accept_dad 2 the false duplicate of the link-local address switches IPv6 off on the device altogether.',
    },
    { fails: duplicate, why: 'The VM’s own solicitation comes back and is taken for another host’s.' },
  ] as const

const DEAF = {
  mcast: { mcast_flood: 'off' },
  isolated: { isolated: 'on', 'isolated-neighbour': 'on' },
  untested: { accept_dad: '0' },
} as const

/** What comes of a real duplicate: found by all fixes but those that make the VM deaf, or have it not ask. */
const expectDuplicate = <const D extends string>(duplicate: D, why: string) =>
  [
    {
      when: DEAF.mcast,
      works:
        'Who objects does it by multicast, which is not flooded to the port: a real duplicate goes unnoticed.',
    },
    {
      when: DEAF.isolated,
      works: 'Isolated ports do not talk to each other: a real duplicate behind another one goes unnoticed.',
    },
    { when: DEAF.untested, works: 'No duplicate address detection, no true duplicate.' },
    { fails: duplicate, why },
  ] as const

/** Settings with which the VM has an address, each by itself. */
const REPAIRED = [
  { hairpin_mode: 'off' },
  { isolated: 'on' },
  { 'ebtables-drop': 'on' },
  { nwfilter: ['no-mac-reflection', 'nova-no-nd-reflection'] },
  { enhanced_dad: ['all', 'device'] },
  { accept_dad: '0' },
] as const

/** Neighbour solicitations that a host sends, and the VM does not get. */
const unheard = (title: string, where: string, document: string) =>
  ({
    title,
    where,
    document,
    at: 'compute:br100',
    proofs: [
      mib('neighbour', 'Icmp6OutNeighborSolicits').andStays(),
      mib('vm', 'Icmp6InNeighborSolicits').still(),
      captured('compute:vnet1', { direction: 'in', protocol: 'icmpv6', type: 135 }).andStays(),
      captured('compute:vnet0', { direction: 'out', protocol: 'icmpv6', type: 135 }).missing(),
    ],
  }) as const

export default defineScenario({
  id: 'hairpin-ipv6-dad',
  title: 'hairpin_mode makes a VM take its own IPv6 address for a duplicate',
  source: {
    title:
      'Bug #1011134: hairpin mode on vnet bridge ports causes false positives on IPv6 duplicate address detection',
    url: 'https://bugs.launchpad.net/nova/+bug/1011134',
    says: 'eth0: IPv6 duplicate address 2001:6f8:1477:1111:f816:3eff:fe20:48ad detected!',
  },
  drawing: `
  fa:16:3e:20:48:ad
  [vm] eth0 ────────── vnet0 (hairpin) ─┐
                                        ├─ br100 [compute]  radvd: 2001:6f8:1477:1111::/64
  [neighbour] eth0 ─── vnet1 ───────────┘  2001:6f8:1477:1111::1

  The bridge floods the VM's neighbour solicitation to every port, and with hairpin_mode back to the VM's own.`,
  needs: ['veth', 'bridge', 'ipv6', 'radvd'],

  topology: {
    nodes: {
      vm: {
        is: 'the instance',
        ipv6: true,
        sysctls: {
          'net.ipv6.conf.eth0.addr_gen_mode': 0,
          'net.ipv6.conf.eth0.use_tempaddr': 0,
          'net.ipv6.conf.eth0.accept_ra': 1,
          'net.ipv6.conf.eth0.dad_transmits': 1,
        },
      },
      neighbour: {
        is: 'another instance',
        ipv6: true,
        addresses: { eth0: `${PREFIX}::2/64 nodad` },
        sysctls: NO_DAD,
      },
      compute: {
        is: 'the compute node',
        ipv6: true,
        bridges: { br100: { ports: ['vnet0', 'vnet1'] } },
        addresses: { br100: `${PREFIX}::1/64 nodad` },
        sysctls: {
          ...NO_DAD,
          'net.ipv6.conf.all.forwarding': 1,
          // Five seconds after it last sent the VM something it would ask whether that is still there (neigh_timer_handler(),
          // NUD_DELAY): a solicitation that is nobody's of those that the trials count.
          'net.ipv6.neigh.br100.delay_first_probe_time': 3600,
        },
        routerAdvertisements: { device: 'br100', prefix: `${PREFIX}::/64` },
      },
    },
    links: [
      [{ end: 'vm:eth0', documentMac: MAC }, 'compute:vnet0'],
      ['neighbour:eth0', 'compute:vnet1'],
    ],
  },

  toggles: {
    hairpin_mode: hairpinMode({ ...PORT, first: 'on' }),
    enhanced_dad: enhancedDad(VM),
    accept_dad: acceptDad(VM),
    nwfilter: nwfilter({ ...PORT, vm: VM }),
    'ebtables-drop': ebtablesDrop({ ...PORT, vm: VM }),
    mcast_flood: mcastFlood(PORT),
    isolated: isolated(PORT),
    'isolated-neighbour': isolated({ node: 'compute', port: 'vnet1' }),
    promisc: promisc({ node: 'compute', device: 'br100' }),
    'dad-timing': dadTiming(VM),
  },

  probes: {
    'neighbour-ipv6-ping': ping({ from: 'neighbour', to: `${PREFIX}::1` }),
    'link-local-address': ipv6Address({ ...ETH0, startsWith: 'fe80:' }),
    // At the kernel's own timing, with up to two seconds until somebody could have objected.
    'unhurried-address': ipv6Address({ ...ETH0, startsWith: 'fe80:', takesMs: 2000 }),
    'slaac-address': ipv6Address({ ...ETH0, startsWith: `${PREFIX}:` }),
    'owned-address': duplicateAddress({ ...ETH0, address: `${PREFIX}::2` }),
    'contested-address': duplicateAddress({
      ...ETH0,
      address: `${PREFIX}::99`,
      rival: { node: 'neighbour', device: 'eth0' },
    }),
    'neighbour-reaches-vm': neighbourPing({
      from: 'neighbour',
      device: 'eth0',
      to: VM,
      startsWith: `${PREFIX}:`,
    }),
  },
  controls: ['neighbour-ipv6-ping'],

  mechanisms: {
    'link-local-duplicate': duplicate('fe80:', 'dadfailed', 1),
    // addrconf_dad_stop() keeps a permanent address as `dadfailed` and deletes one from a router advertisement; each further
    // advertisement makes it anew, for as long as it takes to see the next reflected solicitation.
    'slaac-duplicate': duplicate(`${PREFIX}:`, 'missing', 2),
    'owned-elsewhere': {
      title: 'true duplicate of an IPv6 address',
      where:
        'ndisc_recv_na() gets the advertisement of the host that has the address, addrconf_dad_failure() gives it up',
      document: 'false positives on IPv6 duplicate address detection',
      at: 'vm:eth0',
      proofs: [
        mib('vm', 'Icmp6InNeighborAdvertisements').andStays(),
        addressIs('vm:eth0', `${PREFIX}::2`, 'dadfailed'),
        logged(
          'neighbour:eth0',
          new RegExp(`IPv6: eth0: IPv6 duplicate address ${PREFIX}::2 used by @mac@ detected!`),
        ),
        captured('vm:eth0', { direction: 'in', protocol: 'icmpv6', from: `${PREFIX}::2`, type: 136 }),
      ],
    },
    contested: {
      title: 'IPv6 address that another host tests at the same time',
      where:
        'ndisc_recv_ns() gets a solicitation with another nonce than its own, addrconf_dad_failure() gives the address up',
      document: 'false positives on IPv6 duplicate address detection',
      at: 'vm:eth0',
      proofs: [
        mib('vm', 'Icmp6InNeighborSolicits').andStays(),
        addressIs('vm:eth0', `${PREFIX}::99`, 'dadfailed'),
        logged(
          'neighbour:eth0',
          new RegExp(`IPv6: eth0: IPv6 duplicate address ${PREFIX}::99 used by @mac@ detected!`),
        ),
        captured('vm:eth0', { direction: 'in', protocol: 'icmpv6', from: '::', type: 135 }),
      ],
    },
    'solicitation-not-flooded': unheard(
      'neighbour solicitation that is not flooded to the port',
      'br_flood() leaves out ports without BR_MCAST_FLOOD, unless the frame is from the bridge itself',
      'resulting in no IPv6 connectivity',
    ),
    'isolated-from-each-other': unheard(
      'neighbour solicitation that stays on its side of two isolated ports',
      'should_deliver() refuses a frame between two isolated ports (br_skb_isolated())',
      'resulting in no IPv6 connectivity',
    ),
    'nothing-to-reach': {
      title: 'host without an address that could be reached',
      where: 'addrconf_dad_failure() has given it up, in a trial of that address; nobody is asked for it',
      document: 'resulting in no IPv6 connectivity',
      at: 'vm:eth0',
      proofs: [
        addressIs('vm:eth0', `${PREFIX}:`, 'missing'),
        mib('neighbour', 'Icmp6OutNeighborSolicits').still(),
      ],
    },
    'ipv6-given-up': {
      title: 'IPv6 given up on the device',
      where:
        'addrconf_dad_stop()/addrconf_dad_failure() set disable_ipv6 when accept_dad is 2 and the link-local address is a duplicate',
      document: 'resulting in no IPv6 connectivity',
      proofs: [
        mib('vm', 'Icmp6InNeighborSolicits').andStays(),
        addressIs('vm:eth0', 'fe80:', 'none'),
        // Names the device alone, and other experiments have an eth0 too: it proves nothing by its absence or by its presence.
        logged('vm:eth0', 'IPv6: eth0: IPv6 being disabled!').andStays(),
      ],
    },
  },

  audit: {
    node: 'compute',
    shape: [
      { fact: 'link {br100} kind', is: 'bridge', as: 'a bridge' },
      { fact: 'link {vnet0} master', is: '{br100}', as: 'a port of the bridge' },
      { fact: 'link {vnet0} hairpin_mode', is: 'on', as: 'a port with hairpin_mode' },
      { no: 'peer {vnet0} disable_ipv6', is: '1', as: 'IPv6 behind the port' },
    ],
    reads: {
      enhanced_dad: { all: [{ fact: 'peer {vnet0} enhanced_dad', is: '1' }] },
      accept_dad: {
        '0': [{ fact: 'peer {vnet0} accept_dad', is: '0|-1' }],
        '2': [{ fact: 'peer {vnet0} accept_dad', is: '2' }],
      },
      'isolated-neighbour': {},
      'ebtables-drop': {
        on: [
          { fact: 'rule (ebtables|nft bridge) .*', is: '.*(-s|mac) {mac} .*33:33:.*-j DROP' },
          {
            packet: {
              family: 'bridge',
              hook: 'POSTROUTING',
              out: '{vnet0}',
              mac: '{mac}',
              toMac: '33:33:ff:00:00:01',
              etherType: 'ip6',
            },
            becomes: 'DROP',
          },
        ],
      },
      nwfilter: {},
    },
    if: ['what is behind the port uses IPv6, and knows no nonces (Linux before 4.10, or enhanced_dad 0)'],
    probes: ['slaac-address'],
  },

  expect: {
    'neighbour-ipv6-ping': [{ works: 'The neighbour’s port does not reflect.' }],
    'link-local-address': expectAddress('link-local-duplicate'),
    'unhurried-address': expectAddress('link-local-duplicate'),
    'slaac-address': expectAddress('slaac-duplicate'),
    'owned-address': expectDuplicate(
      'owned-elsewhere',
      'The neighbour has the address, and says so to all nodes: a detection that finds no true duplicate is none.',
    ),
    'contested-address': expectDuplicate(
      'contested',
      'Another host’s solicitation, with a nonce of its own, comes while the VM tests the same address.',
    ),
    'neighbour-reaches-vm': [
      {
        when: DEAF.mcast,
        fails: 'solicitation-not-flooded',
        why: 'A neighbour has to ask for the VM’s MAC address by multicast: nobody behind the bridge can begin to talk to the VM by IPv6.',
      },
      {
        when: DEAF.isolated,
        fails: 'isolated-from-each-other',
        why: 'Isolated ports do not talk to each other.',
      },
      ...REPAIRED.map(when => ({ when, works: 'A neighbour that has to find the VM first reaches it.' })),
      { fails: 'nothing-to-reach', why: 'The VM has no address that could be reached.' },
    ],
  },

  experiments: [
    {
      title: 'what the bridge does with the VM’s port',
      probes: HURRIED,
      fixes: [{ hairpin_mode: 'off' }, { mcast_flood: 'off' }],
      guards: GUARDS,
    },
    // By themselves: each test that nobody objects to is waited for, and longer on a busy machine.
    {
      title: 'isolated ports',
      probes: HURRIED,
      fixes: [{ isolated: 'on' }, { isolated: 'on', 'isolated-neighbour': 'on' }],
      guards: GUARDS,
    },
    // By itself: radvd begins anew when its device changes, which takes up to a second each time.
    { title: 'a promiscuous bridge is no fix', probes: HURRIED, fixes: [{ promisc: 'on' }], waitsMs: 2000 },
    {
      title: 'nonces, and no detection at all',
      probes: HURRIED,
      fixes: [{ enhanced_dad: 'all' }, { enhanced_dad: 'device' }, { accept_dad: '0' }],
      guards: GUARDS,
    },
    { title: 'a duplicate that ends IPv6', probes: HURRIED, fixes: [{ accept_dad: '2' }] },
    {
      title: 'an ebtables rule on the port',
      probes: HURRIED,
      fixes: [{ 'ebtables-drop': 'on' }],
      guards: GUARDS,
    },
    {
      title: 'libvirt’s nwfilter',
      probes: HURRIED,
      fixes: [{ nwfilter: 'no-mac-reflection' }, { nwfilter: 'nova-no-nd-reflection' }],
      guards: GUARDS,
    },
    {
      title: 'a promiscuous bridge is no cause',
      given: { hairpin_mode: 'off' },
      probes: HURRIED,
      fixes: [{ promisc: 'on' }],
      guards: GUARDS,
    },
    // All others are in a hurry; these two take the seconds that a real boot takes.
    {
      title: 'at the kernel’s own timing, with hairpin_mode',
      given: { 'dad-timing': 'default' },
      probes: ['unhurried-address'],
      fixes: [],
    },
    {
      title: 'at the kernel’s own timing, without hairpin_mode',
      given: { 'dad-timing': 'default', hairpin_mode: 'off' },
      probes: ['unhurried-address'],
      fixes: [],
    },
  ],
})
