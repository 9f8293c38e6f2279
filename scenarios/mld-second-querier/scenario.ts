import {
  defineScenario,
  frameOn,
  iptablesRules,
  mcastRouter,
  mcastSnooping,
  mib,
  neighbourPing,
  type Toggle,
} from '../../src/index.js'

const GUEST = '2001:db8:25::2'
const ACTIVE = '2001:db8:25::3'
/** The group of GUEST's solicitations, ff02::1:ff00:2, on Ethernet. */
const SOLICITED = '33:33:ff:00:00:02'
/** Detection of duplicates would make link-local addresses wait, and a querier needs one. */
const noDetection = { 'net.ipv6.conf.all.accept_dad': 0, 'net.ipv6.conf.default.accept_dad': 0 }

const dropped = (chain: 'INPUT' | 'OUTPUT', type: number) =>
  ({
    set: 'ip6tables',
    table: 'filter',
    chain,
    words: ['-p', 'ipv6-icmp', '-m', 'icmp6', '--icmpv6-type', String(type), '-j', 'DROP'],
  }) as const

/** What the guest's firewall does about queries and reports. The guest joins anew whenever something was set, as when it boots. */
const firewall = iptablesRules({
  node: 'guest',
  summary: 'have the guest drop queries and reports of multicast listeners',
  settings: { on: [dropped('INPUT', 130), dropped('OUTPUT', 143)], off: [] },
})
const guestFirewall: Toggle<'off' | 'on', 'guest' | 'host'> = {
  ...firewall,
  nodes: ['guest', 'host'],
  again: () => [
    {
      do: 'run',
      node: 'host',
      argv: ['ip', '-batch', '-'],
      stdin: 'link set dev vnet0 down\nlink set dev vnet0 up\n',
      why: 'have the guest join anew',
    },
    {
      do: 'run',
      node: 'host',
      argv: ['bridge', 'link', 'show', 'dev', 'vnet0'],
      untilNot: 'state disabled',
      why: 'wait until the port forwards',
    },
  ],
}

/** A querier is one for four minutes after it has asked: it is there from the beginning, or never. */
const querier: Toggle<'asks' | 'none', 'switch' | 'active'> = {
  summary: 'have a querier on the LAN ask for listeners',
  settings: ['asks', 'none'],
  nodes: ['switch', 'active'],
  needs: [],
  change: () => [],
  again: setting =>
    setting === 'asks'
      ? [{ do: 'query', node: 'switch', device: 'eth0', to: 'active', why: 'ask for multicast listeners' }]
      : [],
  claims: () => [],
  onRealSystem: setting => (setting === 'asks' ? ['# a switch or a router with an MLD querier'] : []),
}

export default defineScenario({
  id: 'mld-second-querier',
  title:
    'A querier on the LAN makes a bridge keep neighbour solicitations from a guest that never answers it',
  source: {
    title: 'DFINITY pull request 11246: enable MLD listener queries, disable multicast snooping',
    url: 'https://github.com/dfinity/ic/pull/11246',
    says: 'The guest does not respond to MLD queries (firewall blocks them) and as a consequence, the bridge in the HostOS does not flood the group and neighbor discovery messages to the guest.',
  },
  drawing: `
  2001:db8:25::2
  [guest]  eth0 ── vnet0 ─┐
                          ├─ br0 [host] ── uplink ── eth0 [switch], MLD querier
  [active] eth0 ── vnet1 ─┘
  2001:db8:25::3`,
  needs: ['veth', 'bridge', 'ipv6'],

  topology: {
    nodes: {
      guest: {
        is: 'a virtual machine that drops MLD',
        ipv6: true,
        addresses: { eth0: `${GUEST}/64` },
        sysctls: noDetection,
        ip6tables: { filter: [] },
      },
      active: {
        is: 'another virtual machine, which looks for it',
        ipv6: true,
        addresses: { eth0: `${ACTIVE}/64` },
        sysctls: noDetection,
      },
      host: { is: 'their host', bridges: { br0: { ports: ['vnet0', 'vnet1', 'uplink'] } } },
      switch: { is: 'a switch that asks for multicast listeners', ipv6: true, sysctls: noDetection },
    },
    links: [
      ['guest:eth0', 'host:vnet0'],
      ['active:eth0', 'host:vnet1'],
      ['switch:eth0', 'host:uplink'],
    ],
  },

  toggles: {
    'guest-firewall': guestFirewall,
    mcast_snooping: mcastSnooping({ node: 'host', bridge: 'br0' }),
    mcast_router: mcastRouter({ node: 'host', port: 'vnet0' }),
    querier,
  },

  probes: {
    'active-ping': neighbourPing({
      from: 'guest',
      device: 'eth0',
      to: { node: 'active', device: 'eth0' },
      startsWith: ACTIVE,
    }),
    'guest-ping': neighbourPing({
      from: 'active',
      device: 'eth0',
      to: { node: 'guest', device: 'eth0' },
      startsWith: GUEST,
    }),
  },
  controls: ['active-ping'],

  mechanisms: {
    'solicitation-kept-from-port': {
      title: 'neighbour solicitation for a group that nobody behind the port has asked for',
      where:
        'br_handle_frame_finish(): br_mdb_get() finds no entry, br_multicast_querier_exists() says that somebody has asked, and br_multicast_flood() leaves all ports out but those of routers',
      document:
        'the bridge in the HostOS does not flood the group and neighbor discovery messages to the guest',
      at: 'host:vnet0',
      proofs: [
        frameOn('host:vnet1', { direction: 'in', from: 'active:eth0', to: SOLICITED }).andStays(),
        frameOn('host:vnet0', { direction: 'out', from: 'active:eth0', to: SOLICITED }).missing(),
        mib('active', 'Icmp6OutNeighborSolicits').andStays(),
        mib('guest', 'Icmp6InNeighborSolicits').still(),
      ],
    },
  },

  audit: {
    node: 'host',
    shape: [
      { fact: 'link {br0} kind', is: 'bridge', as: 'a bridge' },
      {
        any: [
          [{ fact: 'link {br0} mld-querier', is: 'heard' }],
          [{ fact: 'link {br0} mcast_snooping', is: 'off' }],
        ],
        as: 'a querier of MLD on its network',
      },
      { fact: 'link {vnet0} master', is: '{br0}', as: 'a port of the bridge' },
    ],
    reads: {
      querier: {},
    },
    if: ['what is behind the port answers no queries of MLD'],
  },

  expect: {
    'active-ping': [
      {
        works: 'The other machine answers queries, and solicitations for it are sent to its port.',
        answeredBy: ACTIVE,
      },
    ],
    'guest-ping': [
      {
        when: { querier: 'none' },
        works:
          'Where nobody asks, nobody can have answered, and the bridge floods what is for groups that it does not know.',
        answeredBy: GUEST,
      },
      {
        when: { 'guest-firewall': 'off' },
        works:
          'The guest reports its groups when it joins and when it is asked, and the bridge knows its port.',
        answeredBy: GUEST,
      },
      { when: { mcast_snooping: 'off' }, works: 'The bridge floods all multicast.', answeredBy: GUEST },
      {
        when: { mcast_router: '2' },
        works: 'A port with a router behind it gets all multicast.',
        answeredBy: GUEST,
      },
      {
        fails: 'solicitation-kept-from-port',
        why: 'Somebody asks, the guest never answers, and who looks for it asks a group that the bridge sends to other ports.',
      },
    ],
  },

  experiments: [
    {
      title: 'a querier on the LAN',
      probes: ['guest-ping'],
      fixes: [{ 'guest-firewall': 'off' }, { mcast_snooping: 'off' }, { mcast_router: '2' }],
      guards: ['active-ping'],
    },
    { title: 'nobody asks', given: { querier: 'none' }, probes: ['guest-ping'], fixes: [] },
  ],
})
