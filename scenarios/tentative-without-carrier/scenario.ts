import {
  addressIs,
  bind,
  carrier,
  defineScenario,
  failedWith,
  ipv6Address,
  startingWith,
  sysctlToggle,
  type Toggle,
  writeSysctls,
} from '../../src/index.js'

const OWN = '2001:db8:122::1'
const NOBODYS = '2001:db8:122::99'
const DNS = 53
/** Longer than detection takes at the kernel's own timing: up to a second of delay, and one for objections. */
const LATE_MS = 2500

/** A service may be let in while the address stays so: that it is no longer so where it must not be is for the probe `address`. */
const TENTATIVE = addressIs('host:eth0', OWN, 'tentative').andStays()

const ETH0 = 'net.ipv6.conf.eth0.accept_dad'
const ALL = 'net.ipv6.conf.all.accept_dad'

/**
 * How the address is given to the device. It is given anew whenever something else was set: a device that had a carrier once, and
 * an address that was detected once, stay so until the device goes down.
 */
const address: Toggle<'plain' | 'nodad', 'host'> = {
  summary: 'give the device its address with or without detection of duplicates',
  settings: ['plain', 'nodad'],
  nodes: ['host'],
  needs: [],
  change: () => [],
  again: setting => [
    {
      do: 'run',
      node: 'host',
      argv: ['ip', '-batch', '-'],
      stdin: `link set dev eth0 down\nlink set dev eth0 up\naddr add ${OWN}/64 dev eth0${setting === 'nodad' ? ' nodad' : ''}\n`,
      why: 'bring the device up as at a boot',
    },
  ],
  claims: setting => [
    {
      node: 'host',
      what: `address ${OWN}/64 dev eth0`,
      value: setting === 'nodad' ? 'nodad' : 'there',
    },
  ],
  onRealSystem: setting => (setting === 'nodad' ? [`ip addr add ${OWN}/64 dev eth0 nodad`] : []),
}

/**
 * How long detection takes: the solicitation's delay in seconds, and for how many milliseconds somebody may object. `off` is the
 * kernel's own; a minute is long enough on any machine for what is to happen before its end.
 */
const TIMING = { off: [1, 1000], 'just-up': [0, 60_000], up: [0, 20] } as const
const timing = (setting: keyof typeof TIMING) => ({
  'net.ipv6.conf.eth0.router_solicitation_delay': TIMING[setting][0],
  'net.ipv6.neigh.eth0.retrans_time_ms': TIMING[setting][1],
})

/** The other end of the cable. `up` is when detection has ended, too; after `just-up` it has only begun. */
const cable: Toggle<'off' | 'just-up' | 'up', 'switch' | 'host'> = {
  summary: 'plug the cable in',
  settings: ['off', 'just-up', 'up'],
  nodes: ['switch', 'host'],
  needs: [],
  // A device gets its queueing discipline when it comes up for the first time, and keeps it.
  change: to => [
    writeSysctls('host', timing(to), 'give detection its time'),
    {
      do: 'run',
      node: 'switch',
      argv: ['ip', '-batch', '-'],
      stdin: `link set dev port1 up\n${to === 'off' ? 'link set dev port1 down\n' : ''}`,
      why: to === 'off' ? 'pull the cable out' : 'plug the cable in',
    },
  ],
  again: setting =>
    setting === 'up'
      ? [
          {
            do: 'run',
            node: 'host',
            argv: ['ip', '-6', '-o', 'addr', 'show', 'dev', 'eth0', 'tentative'],
            untilNot: 'inet6',
            why: 'wait until duplicate address detection has ended',
          },
        ]
      : [],
  claims: setting => [
    { node: 'switch', what: 'link port1 up', value: setting === 'off' ? 'off' : 'on' },
    { node: 'switch', what: 'link port1 qdisc', value: 'noqueue' },
    ...Object.entries(timing(setting)).map(
      ([key, value]) => ({ node: 'host', what: `sysctl ${key}`, value: String(value) }) as const,
    ),
  ],
  onRealSystem: setting =>
    setting === 'off' ? [] : ['# a cable, or the other end’s: ip link set dev port1 up'],
}

/** What comes of the address, or of a service that binds to it: how they fail is another thing for each. */
const expect = <const C extends string, const U extends string>(cut: C, underWay: U) =>
  [
    { when: { address: 'nodad' }, works: 'Nobody is asked, so that there is no answer to wait for.' },
    { when: { accept_dad: 'off' }, works: 'Nobody is asked where `all` and the device both say so.' },
    { when: { carrier: 'up' }, works: 'With a carrier detection begins, and it has ended.' },
    {
      when: { carrier: 'just-up' },
      fails: underWay,
      why: 'A carrier is not enough: nobody may use the address before detection has ended, a second or two later.',
    },
    {
      when: { accept_dad: 'device-off' },
      fails: cut,
      why: 'The device’s accept_dad alone switches nothing off: detection is left out only where `all` is below 1, too.',
    },
    {
      fails: cut,
      why: 'Detection does not begin before the device has a carrier, and until it has ended nobody may use the address.',
    },
  ] as const

const EXPECT_SERVICE = [
  {
    when: { ip_nonlocal_bind: 'on' },
    works: 'Any address will do, one’s own tentative one, too.',
  },
  ...expect('refused-without-carrier', 'refused-under-way'),
] as const

/** A tentative address, and what a service is told that binds to it. */
const tentative = (what: 'address' | 'service', detection: 'waits' | 'is-under-way') => {
  const link = carrier('host:eth0')
  return {
    title: `${what === 'service' ? 'service refused: ' : ''}tentative address${detection === 'waits' ? ' on a device without carrier' : ''}`,
    where:
      detection === 'waits'
        ? 'addrconf_dad_begin() waits for the device to be ready; inet6_bind() asks ipv6_chk_addr(), which leaves tentative addresses out'
        : 'addrconf_dad_completed() comes when nobody has objected in time; until then ipv6_chk_addr() leaves the address out',
    document:
      what === 'service'
        ? 'Cannot assign requested address (os error 99)'
        : 'systemd-networkd-wait-online completes even though IPv6 address are still in the tentative state',
    proofs: [
      ...(what === 'service' ? [failedWith('host', 'bind', 'EADDRNOTAVAIL')] : []),
      TENTATIVE,
      detection === 'waits' ? link.missing().andStays() : link.andStays(),
    ],
  } as const
}

export default defineScenario({
  id: 'tentative-without-carrier',
  title: 'A service cannot bind to its host’s IPv6 address while duplicate address detection has not ended',
  source: {
    title:
      'systemd #2037: systemd-networkd-wait-online completes even though IPv6 addresses are still tentative',
    url: 'https://github.com/systemd/systemd/issues/2037',
    says: 'systemd-networkd-wait-online completes even though IPv6 address are still in the tentative state',
  },
  drawing: `
  2001:db8:122::1
  [host] eth0 ──✂── port1 [switch]

  The other end of the cable is down: eth0 is up, and has no carrier.`,
  needs: ['veth', 'ipv6'],

  topology: {
    nodes: {
      host: { is: 'the host of the service', ipv6: true, addresses: { eth0: `${OWN}/64` } },
      switch: { is: 'the switch', ipv6: true },
    },
    links: [['host:eth0', { end: 'switch:port1', down: true }]],
  },

  toggles: {
    accept_dad: startingWith(
      'on',
      sysctlToggle<'on' | 'device-off' | 'off', 'host'>({
        summary: 'detect duplicate addresses',
        nodes: ['host'],
        values: {
          on: { [ALL]: 0, [ETH0]: 1 },
          'device-off': { [ALL]: 1, [ETH0]: 0 },
          off: { [ALL]: 0, [ETH0]: 0 },
        },
      }),
    ),
    ip_nonlocal_bind: sysctlToggle<'off' | 'on', 'host'>({
      summary: 'let programs bind to addresses that are not the host’s own',
      nodes: ['host'],
      values: { off: { 'net.ipv6.ip_nonlocal_bind': 0 }, on: { 'net.ipv6.ip_nonlocal_bind': 1 } },
    }),
    address,
    carrier: cable,
  },

  probes: {
    'loopback-service': bind({ from: 'host', address: '::1', port: DNS }),
    address: ipv6Address({ from: 'host', device: 'eth0', startsWith: OWN, asIs: true }),
    service: bind({ from: 'host', address: OWN, port: DNS }),
    'late-service': bind({ from: 'host', address: OWN, port: DNS, afterMs: LATE_MS }),
    'freebind-service': bind({ from: 'host', address: OWN, port: DNS, freebind: true }),
    'nobodys-address': bind({ from: 'host', address: NOBODYS, port: DNS }),
    'nobodys-address-freebind': bind({ from: 'host', address: NOBODYS, port: DNS, freebind: true }),
  },
  controls: ['loopback-service'],

  mechanisms: {
    'tentative-without-carrier': tentative('address', 'waits'),
    'detection-under-way': tentative('address', 'is-under-way'),
    'refused-without-carrier': tentative('service', 'waits'),
    'refused-under-way': tentative('service', 'is-under-way'),
    'not-an-address-of-the-host': {
      title: 'address that the host does not have',
      where: 'inet6_bind() asks ipv6_chk_addr(), which finds no such address',
      document: 'Cannot assign requested address (os error 99)',
      at: 'host:eth0',
      proofs: [
        failedWith('host', 'bind', 'EADDRNOTAVAIL'),
        addressIs('host:eth0', NOBODYS, 'none').andStays(),
      ],
    },
  },

  audit: {
    node: 'host',
    shape: [
      {
        fact: 'address (?=\\S*:){2001:db8:122::1}/\\d+ dev {eth0}',
        is: '(?!.*(dynamic|link)).*',
        as: 'a static IPv6 address',
      },
      { fact: 'link {eth0} up', is: 'on', as: 'a static IPv6 address on a device that is up' },
      {
        any: [
          [{ fact: 'link {eth0} carrier', is: 'off' }],
          [{ fact: 'address {2001:db8:122::1}/\\d+ dev {eth0}', is: '.*tentative.*' }],
        ],
        as: 'a static IPv6 address on a device without a carrier, or that is still tested',
      },
    ],
    reads: {
      carrier: {
        off: [{ fact: 'link {eth0} carrier', is: 'off' }],
        'just-up': [],
      },
      address: { nodad: [{ fact: 'address {2001:db8:122::1}/\\d+ dev {eth0}', is: '.*nodad.*' }] },
      accept_dad: {
        off: [
          { fact: 'sysctl net.ipv6.conf.all.accept_dad', is: '0|-1' },
          { fact: 'sysctl net/ipv6/conf/{eth0}/accept_dad', is: '0|-1' },
        ],
        'device-off': [{ fact: 'sysctl net/ipv6/conf/{eth0}/accept_dad', is: '0|-1' }],
      },
    },
    if: ['a service binds to that address when it starts'],
    probes: ['service', 'address'],
  },

  expect: {
    'loopback-service': [{ works: '::1 is never tested.' }],
    address: expect('tentative-without-carrier', 'detection-under-way'),
    service: EXPECT_SERVICE,
    'late-service': EXPECT_SERVICE,
    'freebind-service': [{ works: 'IPV6_FREEBIND asks for no check of the address.' }],
    'nobodys-address': [
      {
        when: { ip_nonlocal_bind: 'on' },
        works: 'What it costs: a service with a wrong address starts without a word, and nobody reaches it.',
      },
      {
        fails: 'not-an-address-of-the-host',
        why: 'A wrong address has to be refused, whatever is done about detection.',
      },
    ],
    'nobodys-address-freebind': [
      { works: 'What it costs: the program binds to whatever is in its configuration.' },
    ],
  },

  experiments: [
    {
      title: 'no carrier',
      probes: ['service', 'address'],
      fixes: [{ address: 'nodad' }, { accept_dad: 'off' }, { accept_dad: 'device-off' }, { carrier: 'up' }],
      guards: ['nobodys-address'],
    },
    {
      title: 'programs that do not wait',
      probes: ['service', 'address', 'freebind-service', 'nobodys-address-freebind'],
      fixes: [{ ip_nonlocal_bind: 'on' }],
      guards: ['nobodys-address'],
    },
    {
      title: 'a carrier, and detection that has only begun',
      given: { carrier: 'just-up' },
      probes: ['service', 'address'],
      fixes: [{ address: 'nodad' }, { accept_dad: 'off' }],
      guards: ['nobodys-address'],
    },
    { title: 'longer than detection takes', probes: ['late-service'], fixes: [] },
  ],
})
