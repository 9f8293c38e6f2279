import { defineScenario, mib, ping, type Step, type Toggle, wayOut, writeSysctls } from '../../src/index.js'

const OUTSIDE = '2001:db8:ffff::1'
const ROUTER = '2001:db8:1::1'
const HOST = '2001:db8:1::2'
const GATEWAY = '2001:db8:c::1'
const CONTAINER = '2001:db8:c::2'
/** Seconds, as radvd has it by default. */
const LIFETIME = 1800

/** Nobody here has to wait until nobody has objected. */
const NO_DAD = { 'net.ipv6.conf.all.accept_dad': 0, 'net.ipv6.conf.default.accept_dad': 0 }
const ACCEPT_RA = 'net.ipv6.conf.eth0.accept_ra'
const FORWARDING = ['all', 'eth0', 'docker0'].map(device => `net.ipv6.conf.${device}.forwarding`)

const claim = (key: string, value: number) =>
  ({ node: 'host', what: `sysctl ${key}`, value: String(value) }) as const

/** What the host makes of advertisements. `2-too-late` comes after the switch. */
const acceptRa: Toggle<'1' | '2' | '2-too-late', 'host'> = {
  summary: 'take router advertisements, also where the host forwards',
  settings: ['1', '2', '2-too-late'],
  nodes: ['host'],
  needs: [],
  change: to => [
    writeSysctls('host', { [ACCEPT_RA]: to === '2' ? 2 : 1 }, 'say what becomes of advertisements'),
  ],
  claims: setting => [claim(ACCEPT_RA, setting === '1' ? 1 : 2)],
  onRealSystem: setting => (setting === '1' ? [] : [`sysctl -w ${ACCEPT_RA}=2`]),
}

const forwarding: Toggle<'all' | 'off', 'host'> = {
  summary: 'forward IPv6 between all devices',
  settings: ['all', 'off'],
  nodes: ['host'],
  needs: [],
  change: () => [],
  claims: setting => FORWARDING.map(key => claim(key, setting === 'all' ? 1 : 0)),
  onRealSystem: setting => [`sysctl -w net.ipv6.conf.all.forwarding=${setting === 'all' ? 1 : 0}`],
}

const FORCED = { off: [], eth0: ['eth0'], docker0: ['docker0'], both: ['eth0', 'docker0'] } as const
const forced = (setting: keyof typeof FORCED) =>
  Object.fromEntries(FORCED[setting].map(device => [`net.ipv6.conf.${device}.force_forwarding`, 1]))

/** What comes in on some devices is forwarded; `off` writes nothing, as kernels before 6.17 have no such sysctl. */
const forceForwarding: Toggle<keyof typeof FORCED, 'host'> = {
  summary: 'forward what comes in on a device, whatever else the host does',
  settings: ['off', 'eth0', 'docker0', 'both'],
  nodes: ['host'],
  needs: ['force-forwarding'],
  change: () => [],
  claims: setting => Object.entries(forced(setting)).map(([key, value]) => claim(key, value)),
  onRealSystem: setting => Object.keys(forced(setting)).map(key => `sysctl -w ${key}=1`),
}

const advertise = (lifetime: number, why: string): Step => ({
  do: 'advertise',
  node: 'router',
  device: 'eth0',
  to: 'host',
  lifetime,
  prefixes: [],
  why,
})
const written = (values: Readonly<Record<string, number>>, why: string): Step[] =>
  Object.keys(values).length > 0 ? [writeSysctls('host', values, why)] : []

/** When the router advertises itself. What happens to the host is done again whenever something was set, as each of it counts. */
const advertisement: Toggle<'before' | 'after', 'host' | 'router'> = {
  summary: 'advertise the router before or after forwarding is switched on',
  settings: ['before', 'after'],
  nodes: ['host', 'router'],
  needs: [],
  change: () => [],
  again: (setting, { settings }) => [
    // Not read back: the next step but one writes it again. It takes back every force_forwarding, too.
    {
      ...writeSysctls('host', { 'net.ipv6.conf.all.forwarding': 0 }, 'begin as a host'),
      by: 'lab',
      readBack: false,
    },
    advertise(0, 'take the default route back'),
    ...(setting === 'before' ? [advertise(LIFETIME, 'advertise the router')] : []),
    ...written(
      {
        'net.ipv6.conf.all.forwarding': settings.forwarding === 'all' ? 1 : 0,
        ...forced(settings.force_forwarding as keyof typeof FORCED),
      },
      'switch forwarding',
    ),
    ...(settings.accept_ra === '2-too-late'
      ? written({ [ACCEPT_RA]: 2 }, 'take advertisements from now on')
      : []),
    ...(setting === 'after' ? [advertise(LIFETIME, 'advertise the router')] : []),
  ],
  claims: () => [],
  onRealSystem: () => [],
}

/** A packet that there is no route for: one that the host sends itself, or one that it is to forward. */
const unreachable = (whose: 'the host’s own' | 'a container’s', setting: 'before' | 'after') => {
  const own = whose === 'the host’s own'
  return {
    title: `${whose} packet, ${setting === 'before' ? 'and the default route taken away' : 'and a router advertisement ignored'}`,
    where:
      setting === 'before'
        ? 'addrconf_fixup_forwarding() calls rt6_purge_dflt_routers(), which leaves the routes of devices with accept_ra 2 alone'
        : 'ndisc_router_discovery() asks ipv6_accept_ra(), which is false with forwarding and accept_ra 1',
    document: 'This causes the host machine to forget its routers and default gateway',
    at: own ? 'host:eth0' : 'host:docker0',
    proofs: [
      mib('host', own ? 'Ip6OutNoRoutes' : 'Ip6InNoRoutes'),
      wayOut('host', { to: OUTSIDE }, 'RTNETLINK answers: Network is unreachable'),
    ],
  } as const
}

const LEARNT = wayOut('host', { to: OUTSIDE }, /default via fe80::[0-9a-f:]+ dev eth0 proto ra /).andStays()

/** What comes of either probe where the host has been told to forward everything. */
const expectForwarding = <const P extends string, const I extends string>(
  purged: P,
  ignored: I,
  serverSaw: string,
) =>
  [
    {
      when: { accept_ra: '2' },
      works: 'With accept_ra 2 the route is left alone, and advertisements are taken.',
      answeredBy: OUTSIDE,
      serverSaw,
    },
    {
      when: { accept_ra: '2-too-late', advertisement: 'after' },
      works: 'The next advertisement is taken.',
      answeredBy: OUTSIDE,
      serverSaw,
    },
    {
      when: { accept_ra: '2-too-late' },
      fails: purged,
      why: 'The route went with the switch: it takes another advertisement to come back.',
    },
    {
      when: { advertisement: 'after' },
      fails: ignored,
      why: 'A host that forwards is a router, and a router takes no advertisement with accept_ra 1.',
    },
    { fails: purged, why: 'The switch takes away what was learnt by advertisement.' },
  ] as const

export default defineScenario({
  id: 'docker-ra-forwarding',
  title:
    'Turning on IPv6 forwarding takes away the default route that the host learned by router advertisement',
  source: {
    title: 'moby #43466: Enabling IPv6 Immediately breaks some host’s IPv6 networking (accept_ra=1)',
    url: 'https://github.com/moby/moby/issues/43466',
    says: 'Moby is implicitly (accidentally) disabling router advertisements from then LAN. This causes the host machine to forget its routers and default gateway',
  },
  drawing: `
  2001:db8:ffff::1 (lo)
  2001:db8:1::1           2001:db8:1::2     2001:db8:c::1                2001:db8:c::2
  [router] eth0 ── RA ──→ eth0 [host] docker0 ── veth0 ────────────────── eth0 [container]`,
  needs: ['veth', 'bridge', 'ipv6'],

  topology: {
    nodes: {
      router: {
        is: 'the router of the LAN',
        ipv6: true,
        addresses: { eth0: `${ROUTER}/64`, lo: `${OUTSIDE}/128` },
        routes: [`2001:db8:c::/64 via ${HOST}`],
        // Without it, its neighbour advertisements would say that it is no router, and take its route away.
        sysctls: { ...NO_DAD, 'net.ipv6.conf.all.forwarding': 1 },
      },
      host: {
        is: 'the host of the containers',
        ipv6: true,
        bridges: { docker0: { ports: ['veth0'] } },
        addresses: { eth0: `${HOST}/64`, docker0: `${GATEWAY}/64` },
        sysctls: { ...NO_DAD, 'net.ipv6.conf.default.accept_ra_defrtr': 1 },
      },
      container: {
        is: 'a container',
        ipv6: true,
        addresses: { eth0: `${CONTAINER}/64` },
        gateway: GATEWAY,
        sysctls: NO_DAD,
      },
    },
    links: [
      ['router:eth0', 'host:eth0'],
      ['container:eth0', 'host:veth0'],
    ],
  },

  toggles: { accept_ra: acceptRa, forwarding, force_forwarding: forceForwarding, advertisement },

  probes: {
    'router-ping': ping({ from: 'host', to: ROUTER, server: 'router' }),
    'gateway-ping': ping({ from: 'container', to: GATEWAY, server: 'host' }),
    'host-ping': ping({ from: 'host', to: OUTSIDE, server: 'router' }),
    'container-ping': ping({ from: 'container', to: OUTSIDE, server: 'router' }),
  },
  controls: ['router-ping', 'gateway-ping'],

  mechanisms: {
    'route-taken': unreachable('the host’s own', 'before'),
    'advertisement-ignored': unreachable('the host’s own', 'after'),
    'container-route-taken': unreachable('a container’s', 'before'),
    'container-advertisement-ignored': unreachable('a container’s', 'after'),
    'not-forwarded': {
      title: 'packet that the host does not forward',
      where:
        'ip6_forward() goes to error where neither all.forwarding nor force_forwarding of the arrival device is set',
      document:
        'Enable forwarding on this interface only -- regardless of the setting on conf/all/forwarding',
      at: 'host:docker0',
      proofs: [mib('host', 'Ip6InAddrErrors'), mib('host', 'Ip6OutForwDatagrams').still(), LEARNT],
    },
    'answer-not-forwarded': {
      title: 'answer that the host does not forward',
      where: 'ip6_forward() looks at the arrival device, which is another one for the answer',
      document:
        'Enable forwarding on this interface only -- regardless of the setting on conf/all/forwarding',
      at: 'host:eth0',
      proofs: [mib('host', 'Ip6InAddrErrors'), mib('host', 'Ip6OutForwDatagrams').andStays(), LEARNT],
    },
  },

  audit: {
    node: 'host',
    shape: [
      { fact: 'sysctl net.ipv6.conf.all.forwarding', is: '1', as: 'forwarding of IPv6' },
      { fact: 'link {eth0} addressed', is: '.*ipv6', as: 'a device with an IPv6 address' },
      {
        fact: 'link {eth0} kind',
        is: '(?!bridge|loopback).*',
        as: 'a device with an IPv6 address that is no bridge',
      },
      { fact: 'link {eth0} master', is: 'none', as: 'a device with an IPv6 address that is no port' },
      {
        fact: 'sysctl net/ipv6/conf/{eth0}/accept_ra',
        is: '[12]',
        as: 'a device that takes router advertisements',
      },
      { fact: 'link {eth0} advertised', is: 'yes', as: 'a router that advertises itself' },
      {
        no: 'route default inet6 table main.*',
        is: '(?!.*proto ra).*',
        as: 'the need of a router advertisement: there is a default route of its own',
      },
    ],
    reads: {
      accept_ra: {
        '2': [
          { fact: 'sysctl net/ipv6/conf/{eth0}/accept_ra', is: '2' },
          { fact: 'route default inet6 table main.*', is: '.*dev {eth0} .*proto ra.*' },
        ],
        '2-too-late': [{ fact: 'sysctl net/ipv6/conf/{eth0}/accept_ra', is: '2' }],
      },
      forwarding: {},
      force_forwarding: {},
    },
    probes: ['host-ping'],
  },

  expect: {
    'router-ping': [
      { works: 'What is on the link needs no default route.', answeredBy: ROUTER, serverSaw: HOST },
    ],
    'gateway-ping': [{ works: 'The host itself answers.', answeredBy: GATEWAY, serverSaw: CONTAINER }],
    'host-ping': [
      {
        when: { forwarding: 'off' },
        works: 'A host that does not forward takes advertisements, and keeps what they say.',
        answeredBy: OUTSIDE,
        serverSaw: HOST,
      },
      ...expectForwarding('route-taken', 'advertisement-ignored', HOST),
    ],
    'container-ping': [
      {
        when: { forwarding: 'off', force_forwarding: 'both' },
        works: 'What comes in on either device is forwarded, and the host still takes advertisements.',
        answeredBy: OUTSIDE,
        serverSaw: CONTAINER,
      },
      {
        when: { forwarding: 'off', force_forwarding: 'docker0' },
        fails: 'answer-not-forwarded',
        why: 'The request is forwarded. The answer comes in on eth0, which is a direction of its own.',
      },
      { when: { forwarding: 'off' }, fails: 'not-forwarded', why: 'The host is no router.' },
      ...expectForwarding('container-route-taken', 'container-advertisement-ignored', CONTAINER),
    ],
  },

  experiments: [
    {
      title: 'an advertisement, then forwarding',
      fixes: [{ accept_ra: '2' }, { accept_ra: '2-too-late' }, { forwarding: 'off' }],
    },
    {
      title: 'forwarding, then an advertisement',
      given: { advertisement: 'after' },
      fixes: [{ accept_ra: '2' }, { accept_ra: '2-too-late' }],
    },
    {
      title: 'forwarding by device',
      given: { forwarding: 'off' },
      fixes: [{ force_forwarding: 'both' }, { force_forwarding: 'docker0' }, { force_forwarding: 'eth0' }],
    },
    {
      title: 'forwarding by device, then an advertisement',
      given: { forwarding: 'off', advertisement: 'after' },
      fixes: [{ force_forwarding: 'both' }],
    },
  ],
})
