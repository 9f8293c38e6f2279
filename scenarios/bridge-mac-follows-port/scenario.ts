import {
  defineScenario,
  frameOn,
  mib,
  ping,
  portMoves,
  startingWith,
  sysctlToggle,
  type Toggle,
} from '../../src/index.js'

const HOST = '192.168.1.1'
const PEER = '192.168.1.20'
const VM = '192.168.1.30'
const CARD = '52:54:00:00:00:50'
/** Below the card's, and above it, which is what libvirt makes of a guest's address for the host's end. */
const PORT_MAC = { lower: '02:00:00:00:00:01', higher: 'fe:00:00:00:00:01' } as const

/** What the bridge takes for its own address: the lowest of its ports', unless somebody has set one. */
const bridgeMac = (settings: Readonly<Record<string, string>>) =>
  settings['bridge-address'] === 'set' || settings['port-mac'] === 'higher' ? CARD : PORT_MAC.lower

const portMac: Toggle<'lower' | 'higher', 'host'> = {
  summary: 'give the guest’s port a MAC address above that of the card',
  settings: ['lower', 'higher'],
  nodes: ['host'],
  needs: [],
  change: to => [
    {
      do: 'run',
      node: 'host',
      argv: ['ip', 'link', 'set', 'dev', 'vnet0', 'address', PORT_MAC[to]],
      why: 'give the port a MAC address',
    },
  ],
  claims: (setting, { settings }) => [
    { node: 'host', what: 'link vnet0 address', value: PORT_MAC[setting] },
    { node: 'host', what: 'link br0 address', value: bridgeMac(settings) },
  ],
  onRealSystem: setting => [`ip link set dev vnet0 address ${PORT_MAC[setting]}`],
}

/** A bridge whose address was set keeps it for good (NET_ADDR_SET): this toggle goes one way. */
const bridgeAddress: Toggle<'follows' | 'set', 'host'> = {
  summary: 'give the bridge an address of its own',
  settings: ['follows', 'set'],
  nodes: ['host'],
  needs: [],
  change: to =>
    to === 'set'
      ? [
          {
            do: 'run',
            node: 'host',
            argv: ['ip', 'link', 'set', 'dev', 'br0', 'address', CARD],
            why: 'give the bridge a MAC address',
          },
        ]
      : [],
  claims: (_, { settings }) => [{ node: 'host', what: 'link br0 address', value: bridgeMac(settings) }],
  onRealSystem: setting => (setting === 'set' ? [`ip link set dev br0 address ${CARD}`] : []),
}

const port = {
  from: 'peer',
  device: 'eth0',
  address: PEER,
  to: HOST,
  host: 'host',
  bridge: 'br0',
  port: 'vnet0',
} as const

export default defineScenario({
  id: 'bridge-mac-follows-port',
  title: 'A VM stops, and the host’s bridge changes its MAC address under its peers',
  source: {
    title: 'Linux bridge: MAC addresses and dynamic ports',
    url: 'https://backreference.org/2010/07/28/linux-bridge-mac-addresses-and-dynamic-ports/',
    says: 'the host seems to randomly suffer some loss of connectivity (from a few to 30-40 seconds) when some guest is started or stopped',
  },
  drawing: `
  192.168.1.1                                   192.168.1.20
  br0 [host] ┬ eth0 52:54:00:00:00:50 ───────── eth0 [peer]
             └ vnet0 02:00:00:00:00:01 ──────── eth0 [vm]     joins, and leaves
                                                192.168.1.30`,
  needs: ['veth', 'bridge'],

  topology: {
    nodes: {
      host: {
        is: 'the host of the virtual machine',
        bridges: { br0: { ports: ['eth0', 'vnet0'] } },
        addresses: { br0: `${HOST}/24` },
      },
      peer: { is: 'a host on the LAN', addresses: { eth0: `${PEER}/24` } },
      vm: { is: 'the virtual machine', addresses: { eth0: `${VM}/24` } },
    },
    links: [
      [{ end: 'host:eth0', mac: CARD }, 'peer:eth0'],
      [{ end: 'host:vnet0', mac: PORT_MAC.lower }, 'vm:eth0'],
    ],
  },

  toggles: {
    'port-mac': portMac,
    'bridge-address': bridgeAddress,
    arp_notify: startingWith(
      '0',
      sysctlToggle<'0' | '1', 'host'>({
        summary: 'announce an address again when its device’s MAC address changes',
        nodes: ['host'],
        values: { '0': { 'net.ipv4.conf.br0.arp_notify': 0 }, '1': { 'net.ipv4.conf.br0.arp_notify': 1 } },
      }),
    ),
  },

  probes: {
    'host-ping': ping({ from: 'peer', to: HOST, server: 'host' }),
    'vm-ping': ping({ from: 'peer', to: VM, server: 'vm' }),
    'port-joins': portMoves({ ...port, moves: 'joins' }),
    'port-leaves': portMoves({ ...port, moves: 'leaves' }),
    'port-leaves-host-pings': portMoves({ ...port, moves: 'leaves', meanwhile: 'host-pings' }),
    'port-leaves-forgotten': portMoves({ ...port, moves: 'leaves', meanwhile: 'forgotten' }),
  },
  controls: ['host-ping'],

  mechanisms: {
    'address-of-nobody': {
      title: 'frame for the MAC address that the bridge had before',
      where:
        'br_stp_recalculate_bridge_id() takes the lowest address of the ports that are left; br_handle_frame_finish() floods what is for the old one, and passes nothing up',
      document: 'When the bridge changes MAC address there is a period of network blackout',
      at: 'host:br0',
      proofs: [
        // An announcement may come behind the first ping, which is then sent again.
        frameOn('host:eth0', { direction: 'in', from: 'peer:eth0', to: PORT_MAC.lower }).andStays(),
        mib('peer', 'IcmpOutEchos').andStays(),
        mib('host', 'IcmpInEchos').still(),
      ],
    },
  },

  audit: {
    node: 'host',
    shape: [
      { fact: 'link {br0} kind', is: 'bridge', as: 'a bridge' },
      { fact: 'link {br0} addressed', is: '.*ipv4.*', as: 'an address on the bridge' },
      { fact: 'link (?=eth|en|wl|bond){eth0} master', is: '{br0}', as: 'a card in the bridge' },
      { fact: 'link (?!eth|en|wl|bond){vnet0} master', is: '{br0}', as: 'a port that may leave the bridge' },
    ],
    reads: {
      'port-mac': { higher: [{ fact: 'link {br0} address-of', is: '{eth0}' }] },
      'bridge-address': { set: [{ fact: 'link {br0} address-of', is: 'its own' }] },
      arp_notify: { '1': [{ fact: 'conf {br0} arp_notify', is: '1' }] },
    },
    probes: ['port-leaves'],
  },

  expect: {
    'host-ping': [{ works: 'Nothing moves.', answeredBy: HOST, serverSaw: PEER }],
    'vm-ping': [{ works: 'The bridge goes on to be one.', answeredBy: VM, serverSaw: PEER }],
    'port-joins': [
      {
        when: { 'port-mac': 'lower', 'bridge-address': 'follows' },
        works:
          'The address that the bridge had is the card’s own, and stays a local one: what is for it is still passed up. The document says otherwise.',
        answeredBy: HOST,
      },
      { works: 'The bridge keeps the card’s address.', answeredBy: HOST },
    ],
    'port-leaves': [
      {
        when: { 'bridge-address': 'set' },
        works: 'A bridge whose address was set does not follow its ports.',
        answeredBy: HOST,
      },
      {
        when: { 'port-mac': 'higher' },
        works: 'The card’s address is the lowest, with the port and without it.',
        answeredBy: HOST,
      },
      {
        when: { arp_notify: '1' },
        works: 'The host announces its address under the new MAC address, and the peer believes it.',
        answeredBy: HOST,
      },
      {
        fails: 'address-of-nobody',
        why: 'The bridge takes the card’s address again, and the peer goes on to send to that of the port, which is nobody’s.',
      },
    ],
    'port-leaves-host-pings': [
      {
        works:
          'The host has forgotten its neighbours and asks for the peer, which learns the new address from that.',
        answeredBy: HOST,
      },
    ],
    'port-leaves-forgotten': [{ works: 'A peer that has to ask is told the new address.', answeredBy: HOST }],
  },

  experiments: [
    {
      title: 'a guest’s port with the lowest MAC address',
      probes: ['port-leaves', 'port-joins'],
      fixes: [{ 'port-mac': 'higher' }, { arp_notify: '1' }],
      guards: ['vm-ping'],
    },
    {
      title: 'a bridge whose address was set',
      given: { 'bridge-address': 'set' },
      probes: ['port-leaves', 'port-joins'],
      fixes: [],
    },
    {
      title: 'what hides the failure',
      probes: ['port-leaves-host-pings', 'port-leaves-forgotten'],
      fixes: [],
    },
  ],
})
