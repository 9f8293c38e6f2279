import {
  attack,
  counted,
  defineScenario,
  dropped,
  mib,
  nftTable,
  passed,
  ping,
  REVERSE_PATH,
  rpFilter,
  ruleToggle,
  synAck,
} from '../../src/index.js'

const ATTACKER = '192.168.1.66'
const LAN_ADDRESS = '192.168.1.10'
const INNER = '10.8.0.2'
const SERVER = '203.0.113.80'
const RAW = `PREROUTING -d ${INNER}/32 ! -i tun0`
const DOCUMENT =
  'especially Linux distributions that use a version of systemd pulled after November 28th of last year which turned reverse path filtering off'

const frame = {
  from: { node: 'attacker', device: 'eth0' },
  frameTo: { node: 'victim', device: 'eth0' },
} as const

/** What reaches the victim's TCP, which answers by a reset. */
const taken = (from: string, out: 'victim:eth0' | 'victim:tun0', title: string) =>
  ({
    title,
    where:
      'ip_route_input_slow() finds the address local on whatever device (the weak host model), and tcp_v4_send_reset() answers',
    document: DOCUMENT,
    at: 'victim:eth0',
    proofs: [
      mib('victim', 'TcpOutRsts'),
      passed('victim:eth0', { direction: 'in', protocol: 'tcp', from, to: INNER }).andStays(),
      passed(out, { direction: 'out', protocol: 'tcp', from: INNER, to: from }),
    ],
  }) as const

/** What came in, and got no further. */
const arrived = (from: string) =>
  [
    passed('victim:eth0', { direction: 'in', protocol: 'tcp', from, to: INNER }),
    mib('victim', 'TcpOutRsts').still(),
    mib('victim', 'IpInDelivers').still(),
  ] as const

const rawRule = (from: string) =>
  ({
    title: 'wg-quick’s rule in the raw table',
    where: 'ipt_do_table() in PREROUTING, before any routing: nf_hook_slow() frees the packet',
    document: 'turning reverse path filtering on isn’t a reasonable solution',
    at: 'victim:eth0',
    proofs: [...arrived(from), counted('victim', 'raw', RAW)],
  }) as const

const fibRule = (from: string) =>
  ({
    title: 'nftables’ rule about addresses of other devices',
    where:
      'nft_fib4_eval_type() asks what the address is to the arrival device alone, and nft_do_chain() drops',
    document: 'turning reverse path filtering on isn’t a reasonable solution',
    at: 'victim:eth0',
    proofs: arrived(from),
  }) as const

export default defineScenario({
  id: 'vpn-address-from-lan',
  title: 'A neighbour on the LAN finds a VPN client’s inner address, and can speak to it',
  source: {
    title: 'oss-security: CVE-2019-14899: Inferring and hijacking VPN-tunneled TCP connections',
    url: 'https://seclists.org/oss-sec/2019/q4/122',
    says: DOCUMENT,
  },
  drawing: `
  192.168.1.66             192.168.1.10              10.8.0.1
  [attacker] eth0 ─────────── eth0 [victim] tun0 ═══ eth0 [vpn] 203.0.113.80
                                            10.8.0.2

  The attacker sends frames to the victim's MAC address, for 10.8.0.2. A veth stands for the tunnel.`,
  needs: ['veth'],

  topology: {
    nodes: {
      attacker: { is: 'a neighbour on the LAN', addresses: { eth0: `${ATTACKER}/24` } },
      victim: {
        is: 'the VPN’s client',
        addresses: { eth0: `${LAN_ADDRESS}/24`, tun0: `${INNER}/24` },
        gateway: '10.8.0.1',
        iptables: { raw: [] },
      },
      vpn: {
        is: 'the VPN’s server, and what is behind it',
        addresses: { eth0: '10.8.0.1/24', lo: `${SERVER}/32` },
      },
    },
    links: [
      ['attacker:eth0', 'victim:eth0'],
      ['victim:tun0', 'vpn:eth0'],
    ],
  },

  toggles: {
    rp_filter: rpFilter({ nodes: ['victim'], devices: ['eth0'], first: '0' }),
    'raw-rule': ruleToggle({
      summary: 'drop what is for the VPN’s address and did not come by the VPN (wg-quick)',
      node: 'victim',
      table: 'raw',
      chain: 'PREROUTING',
      position: 1,
      rules: {
        off: null,
        on: `-d ${INNER} ! -i tun0 -m addrtype ! --src-type LOCAL -j DROP`.split(' '),
      },
    }),
    'fib-rule': nftTable({
      node: 'victim',
      summary: 'drop what is for an address that the arrival device does not have',
      table: 'ip stronghost',
      chains: {
        prerouting: {
          hook: 'type filter hook prerouting priority -150;',
          rules: ['fib daddr . iif type != { local, broadcast, multicast } drop'],
        },
      },
      needs: ['nft-fib'],
    }),
  },

  probes: {
    'own-address': synAck({
      ...frame,
      to: LAN_ADDRESS,
      source: ATTACKER,
      answerAt: { node: 'attacker', device: 'eth0' },
    }),
    'vpn-ping': ping({ from: 'victim', to: SERVER, server: 'vpn' }),
    'find-address': attack(
      synAck({ ...frame, to: INNER, source: ATTACKER, answerAt: { node: 'attacker', device: 'eth0' } }),
    ),
    'spoofed-server': attack(
      synAck({ ...frame, to: INNER, source: SERVER, answerAt: { node: 'vpn', device: 'eth0' } }),
    ),
  },
  controls: ['own-address', 'vpn-ping'],

  mechanisms: {
    'address-answers': taken(ATTACKER, 'victim:eth0', 'address of another device that answers'),
    'spoof-taken': taken(
      SERVER,
      'victim:tun0',
      'segment from outside the tunnel that is taken for the server’s',
    ),
    'strict-mode': {
      title: 'strict reverse path filter',
      where:
        '__fib_validate_source() finds tun0 on the way back to the server, and the frame came in on eth0',
      document: 'turning reverse path filtering on isn’t a reasonable solution',
      at: 'victim:eth0',
      proofs: [
        ...arrived(SERVER),
        mib('victim', 'TcpExtIPReversePathFilter'),
        dropped('victim:eth0', { from: SERVER, to: INNER, in: /^ip_rcv_finish/, reasons: REVERSE_PATH }),
      ],
    },
    'raw-rule-neighbour': rawRule(ATTACKER),
    'raw-rule-spoof': rawRule(SERVER),
    'fib-rule-neighbour': fibRule(ATTACKER),
    'fib-rule-spoof': fibRule(SERVER),
  },

  audit: {
    node: 'victim',
    shape: [
      {
        any: [
          [{ fact: 'link {tun0} kind', is: 'tun|wireguard|ppp' }],
          [{ fact: 'link (?=tun|wg|ppp){tun0} kind', is: '(?!tun|wireguard|ppp).*' }],
        ],
        as: 'the device of a VPN',
      },
      { fact: 'address (?=\\d+\\.){10.8.0.2}/\\d+ dev {tun0}', as: 'an address on it' },
      { fact: 'link (?!{tun0} ){eth0} addressed', is: '.*ipv4.*', as: 'another device with an address' },
      {
        fact: 'link {eth0} kind',
        is: '(?!loopback|bridge|tun|wireguard|ppp).*',
        as: 'another device with an address',
      },
    ],
    reads: {
      rp_filter: {
        '1': [{ fact: 'conf {eth0} rp_filter', is: '1' }],
        '2': [{ fact: 'conf {eth0} rp_filter', is: '2' }],
      },
      'raw-rule': {
        on: [
          {
            packet: {
              hook: 'PREROUTING',
              by: 'iptables',
              in: '{eth0}',
              src: '198.51.100.9',
              dst: '{10.8.0.2}',
              srcType: 'UNICAST',
              dstType: 'LOCAL',
            },
            becomes: '(policy )?DROP',
          },
        ],
      },
      'fib-rule': {
        on: [
          {
            packet: {
              hook: 'PREROUTING',
              by: 'nft',
              in: '{eth0}',
              src: '198.51.100.9',
              dst: '{10.8.0.2}',
              srcType: 'UNICAST',
              dstType: 'LOCAL',
              localToDevice: 'no',
            },
            becomes: '(policy )?DROP',
          },
        ],
      },
    },
  },

  expect: {
    'own-address': [
      { works: 'The victim’s address on the LAN is for the LAN to ask.', answeredBy: LAN_ADDRESS },
    ],
    'vpn-ping': [{ works: 'What comes by the tunnel is for the tunnel’s address.', serverSaw: INNER }],
    'find-address': [
      {
        when: { 'raw-rule': 'on' },
        refused: 'raw-rule-neighbour',
        why: 'The rule drops whatever is for the inner address and did not come by the tunnel.',
      },
      {
        when: { 'fib-rule': 'on' },
        refused: 'fib-rule-neighbour',
        why: 'To eth0 the inner address is none of its own.',
      },
      {
        reached: 'address-answers',
        why: 'The neighbour’s own address is on the LAN: no reverse path filter minds it, and the inner address is local on every device.',
      },
    ],
    'spoofed-server': [
      {
        when: { 'raw-rule': 'on' },
        refused: 'raw-rule-spoof',
        why: 'The rule drops whatever is for the inner address and did not come by the tunnel.',
      },
      {
        when: { 'fib-rule': 'on' },
        refused: 'fib-rule-spoof',
        why: 'To eth0 the inner address is none of its own.',
      },
      {
        when: { rp_filter: '1' },
        refused: 'strict-mode',
        why: 'The way back to the server is by the tunnel, and strict mode wants it to be by eth0.',
      },
      {
        reached: 'spoof-taken',
        why: 'Without strict mode the kernel does not ask by which device the server’s packets must come.',
      },
    ],
  },

  experiments: [
    {
      title: 'the reverse path filter, which repairs half',
      fixes: [{ rp_filter: '2' }, { rp_filter: '1' }],
      guards: ['own-address', 'vpn-ping'],
    },
    {
      title: 'a rule about the address, in loose mode',
      given: { rp_filter: '2' },
      fixes: [{ 'raw-rule': 'on' }],
      guards: ['own-address', 'vpn-ping'],
    },
    {
      title: 'the same for all addresses, in loose mode',
      given: { rp_filter: '2' },
      fixes: [{ 'fib-rule': 'on' }],
      guards: ['own-address', 'vpn-ping'],
    },
  ],
})
