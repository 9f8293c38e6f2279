import {
  advertisedPing,
  defineScenario,
  mib,
  RA_FLAGS_OF_STATIC_ROUTE,
  type Step,
  startingWith,
  sysctlToggle,
  type Toggle,
  wayOut,
} from '../../src/index.js'

const PREFIX = '2001:db8:1::/64'
const ROUTER = '2001:db8:1::1'
const STATIC = '2001:db8:1::10/64'
/** Seconds for which the prefix is on the link: longer than any trial, and as short as can be. */
const LONG = 3600
const SHORT = 1
/** Milliseconds after which the short one is over. */
const LATER = 1100

/** Nobody here has to wait until nobody has objected. */
const NO_DAD = { 'net.ipv6.conf.all.accept_dad': 0, 'net.ipv6.conf.default.accept_dad': 0 }
const PINFO = 'net.ipv6.conf.eth0.accept_ra_pinfo'

type Order = 'advertised-first' | 'address-first' | 'own-route'

const disable = (value: 0 | 1): Step => ({
  do: 'sysctls',
  node: 'host',
  values: { 'net.ipv6.conf.eth0.disable_ipv6': String(value) },
  by: 'lab',
  readBack: false,
  why: 'take the addresses and routes away, and begin anew',
})

const advertise: Step = {
  do: 'advertise',
  node: 'router',
  device: 'eth0',
  to: 'host',
  lifetime: 0,
  prefixes: [{ prefix: PREFIX, autonomous: false, valid: LONG }],
  why: 'advertise the prefix',
}

/** The lines of ip(8) that give the host its address. */
const ADDRESS: Readonly<Record<Order, readonly string[]>> = {
  'advertised-first': [`addr add ${STATIC} dev eth0`],
  'address-first': [`addr add ${STATIC} dev eth0`],
  'own-route': [`addr add ${STATIC} dev eth0 noprefixroute`, `-6 route add ${PREFIX} dev eth0 metric 100`],
}
const addAddress = (order: Order): Step[] =>
  ADDRESS[order].map(line => ({
    do: 'run',
    node: 'host',
    argv: ['ip', ...line.split(' ')],
    why: 'give the host its address',
  }))

/** What comes first, the advertisement or the address, and who makes the route. It is done again whenever something was set. */
const order: Toggle<Order, 'host' | 'router'> = {
  summary: 'give the host its static address, and the route to its prefix',
  settings: ['advertised-first', 'address-first', 'own-route'],
  nodes: ['host', 'router'],
  needs: [],
  change: () => [],
  again: setting => [
    disable(1),
    disable(0),
    ...(setting === 'address-first' ? addAddress(setting) : [advertise, ...addAddress(setting)]),
  ],
  claims: setting => [
    {
      node: 'host',
      what: `address ${STATIC} dev eth0`,
      value: setting === 'own-route' ? 'noprefixroute' : 'there',
    },
    ...(setting === 'own-route'
      ? [
          {
            node: 'host',
            what: `route ${PREFIX} inet6 table main metric 100`,
            value: 'dev eth0 unicast',
          } as const,
        ]
      : []),
  ],
  onRealSystem: setting => (setting === 'own-route' ? ADDRESS[setting].map(line => `ip ${line}`) : []),
}

export default defineScenario({
  id: 'ra-prefix-static-address',
  title: 'A static IPv6 address loses its on-link route when a router advertisement’s lifetime ends',
  source: {
    title:
      'Debian bug #1117959: RTF_ADDRCONF and RTF_PREFIX_RT are not cleared when static on-link routes are added',
    url: 'https://lists.debian.org/debian-kernel/2025/10/msg00110.html',
    says: 'only the flag RTF_EXPIRES gets cleared when a manual IPv6 address is configured on the interface later',
  },
  drawing: `
  2001:db8:1::1                                              2001:db8:1::10
  [router] eth0 ── RA: 2001:db8:1::/64 on link, for a while ──→ eth0 [host]`,
  needs: ['veth', 'ipv6'],

  topology: {
    nodes: {
      router: { is: 'the router', ipv6: true, addresses: { eth0: `${ROUTER}/64` }, sysctls: NO_DAD },
      host: {
        is: 'the host with a static address',
        ipv6: true,
        addresses: { eth0: STATIC },
        sysctls: { ...NO_DAD, 'net.ipv6.conf.eth0.accept_ra': 1 },
      },
    },
    links: [['router:eth0', 'host:eth0']],
  },

  toggles: {
    accept_ra_pinfo: startingWith(
      '1',
      sysctlToggle<'0' | '1', 'host'>({
        summary: 'take prefixes from router advertisements',
        nodes: ['host'],
        values: { '0': { [PINFO]: 0 }, '1': { [PINFO]: 1 } },
      }),
    ),
    order,
  },

  probes: {
    // The advertisement of each is the one that comes after the address.
    'router-ping': advertisedPing({
      from: 'host',
      to: ROUTER,
      router: { node: 'router', device: 'eth0' },
      prefix: PREFIX,
      valid: LONG,
    }),
    'router-ping-later': advertisedPing({
      from: 'host',
      to: ROUTER,
      router: { node: 'router', device: 'eth0' },
      prefix: PREFIX,
      valid: SHORT,
      afterMs: LATER,
    }),
  },
  controls: ['router-ping'],

  mechanisms: {
    'route-expired': {
      title: 'on-link route that has expired',
      where:
        'addrconf_prefix_rcv() takes the route of the static address for its own, as its flags RTF_ADDRCONF and RTF_PREFIX_RT were left, and sets its end',
      document: 'so the next received RA packet sets the expiration time again',
      at: 'host:eth0',
      proofs: [
        mib('host', 'Ip6OutNoRoutes'),
        wayOut('host', { to: ROUTER }, 'RTNETLINK answers: Network is unreachable'),
      ],
    },
    'route-that-will-expire': {
      title: 'on-link route with an end',
      where: 'fib6_add_rt2node() clears RTF_EXPIRES alone of a route that is added as a static one',
      document: 'so the next received RA packet sets the expiration time again',
      at: 'host:eth0',
      proofs: [wayOut('host', { to: ROUTER }, / expires [0-9]+sec/)],
    },
  },

  audit: {
    node: 'host',
    shape: [
      {
        fact: 'address (?=\\S*:){2001:db8:1::10}/\\d+ dev {eth0}',
        is: '(?!.*(dynamic|link)).*',
        as: 'a static IPv6 address',
      },
      {
        fact: 'sysctl net/ipv6/conf/{eth0}/accept_ra',
        is: '[12]',
        as: 'a device that takes router advertisements',
      },
      {
        any: [
          [{ fact: 'sysctl net/ipv6/conf/{eth0}/forwarding', is: '0' }],
          [{ fact: 'sysctl net/ipv6/conf/{eth0}/accept_ra', is: '2' }],
        ],
        as: 'a device that takes router advertisements',
      },
      { fact: 'link {eth0} advertised', is: 'yes', as: 'a router that advertises itself' },
    ],
    reads: {
      order: {
        'own-route': [{ fact: 'address {2001:db8:1::10}/\\d+ dev {eth0}', is: '.*noprefixroute.*' }],
        'address-first': [{ no: 'route \\S+ inet6 table main.*', is: 'dev {eth0} .*expires.*' }],
      },
    },
    probes: ['router-ping-later'],
  },

  expect: {
    'router-ping': [
      // Whether that is all is what the other probe asks: a control that asked it would call a kernel without the fix an error.
      {
        when: { accept_ra_pinfo: '1', order: 'advertised-first' },
        works: 'The prefix is on the link for another hour.',
        answeredBy: ROUTER,
      },
      {
        works: 'The route of the static address has no end.',
        answeredBy: ROUTER,
        stops: 'route-that-will-expire',
      },
    ],
    'router-ping-later': [
      {
        when: { accept_ra_pinfo: '0' },
        works: 'Nobody touches the route of the static address.',
        answeredBy: ROUTER,
      },
      {
        when: { order: 'address-first' },
        works: 'A route that was static from the beginning is not taken for an advertised one.',
        answeredBy: ROUTER,
      },
      {
        when: { order: 'own-route' },
        works: 'The host’s own route is another one than the advertisement’s, and comes first.',
        answeredBy: ROUTER,
      },
      {
        before: RA_FLAGS_OF_STATIC_ROUTE,
        fails: 'route-expired',
        why: 'The address is there for ever, and the route to its neighbours went with the advertisement.',
      },
      {
        works:
          'Since f72514b3c569 (6.19) a route that is added as a static one is no longer the advertisement’s.',
        answeredBy: ROUTER,
        differs: 'the route expired until f72514b3c569 (6.19, 6.12.63), which is the fix of this bug.',
      },
    ],
  },

  // One fix each: every trial waits for the end of a second, and those of one experiment come one after the other.
  experiments: [
    {
      title: 'an advertisement, the address, another advertisement',
      probes: ['router-ping-later'],
      fixes: [{ accept_ra_pinfo: '0' }],
      guards: ['router-ping'],
    },
    {
      title: 'a route of the host’s own',
      probes: ['router-ping-later'],
      fixes: [{ order: 'own-route' }],
      guards: ['router-ping'],
    },
    {
      title: 'the address, then an advertisement',
      given: { order: 'address-first' },
      probes: ['router-ping-later'],
      fixes: [{ accept_ra_pinfo: '0' }],
      guards: ['router-ping'],
    },
  ],
})
