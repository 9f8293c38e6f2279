import {
  bridgeSetting,
  defineScenario,
  failedWith,
  frameOn,
  groupFwdMask,
  linkFrame,
  linkOption,
  stp,
} from '../../src/index.js'

const BRIDGE_MASKS = ['0', '0x4000', '0x8', '0x4008'] as const
const PORT_MASKS = ['0', '0x4'] as const
/** IEEE 802.1Q's reserved addresses. */
const ADDRESS = {
  stp: '01:80:c2:00:00:00',
  pause: '01:80:c2:00:00:01',
  lacp: '01:80:c2:00:00:02',
  '802.1x': '01:80:c2:00:00:03',
  lldp: '01:80:c2:00:00:0e',
} as const
type Protocol = keyof typeof ADDRESS

const SAYS =
  'I ran into problems getting ethernet multicast protocols like LLDP and LACP to work using Linux bridges'
const frame = (name: Protocol | 'broadcast') =>
  linkFrame({ from: 'a', device: 'eth0', frame: name, at: { node: 'b', device: 'eth0' } })

/** It comes in by one port, and leaves by none. */
const notForwarded = (name: Protocol) => [
  frameOn('host:vnet0', { direction: 'in', from: 'a:eth0', to: ADDRESS[name] }).andStays(),
  frameOn('host:vnet1', { direction: 'out', from: 'a:eth0', to: ADDRESS[name] }).missing(),
]
/** The masks of the bridge that do not have the protocol's bit. */
const without = (name: Protocol) => {
  const bit = 1 << Number.parseInt(ADDRESS[name].slice(-2), 16)
  const masks = BRIDGE_MASKS.map(Number).filter(mask => (mask & bit) === 0)
  return linkOption('host:br0', 'group_fwd_mask', ...masks.map(String)).andStays()
}
const masked = (name: Protocol, title: string) => ({
  title: `${title} frame that no mask forwards`,
  where: `br_handle_frame(): is_link_local_ether_addr(), and bit ${Number.parseInt(ADDRESS[name].slice(-2), 16)} is not in group_fwd_mask`,
  document: SAYS,
  at: 'host:vnet0' as const,
  proofs: [...notForwarded(name), without(name)],
})

const NOT_IN_MASK = 'The bit of its address is in neither mask, and the bridge keeps it.'
const OF_BRIDGE = 'The bit of its address is in the mask of the bridge.'

export default defineScenario({
  id: 'link-local-frames',
  title: 'LLDP, 802.1X and LACP do not pass a bridge',
  source: {
    title: 'An oddly specific post about group_fwd_mask',
    url: 'https://interestingtraffic.nl/2017/11/21/an-oddly-specific-post-about-group_fwd_mask/',
    says: SAYS,
  },
  drawing: `
  [a] eth0 ── vnet0 ┐ br0 ┌ vnet1 ── eth0 [b]
                  [host]

  Frames to 01:80:c2:00:00:0x, which are for the neighbour on the link.`,
  needs: ['veth', 'bridge'],

  topology: {
    nodes: {
      a: { is: 'a virtual machine' },
      host: {
        is: 'the host, whose bridge is to be a cable',
        bridges: { br0: { ports: ['vnet0', 'vnet1'] } },
      },
      b: { is: 'the virtual machine at the other end of the cable' },
    },
    links: [
      ['a:eth0', 'host:vnet0'],
      ['host:vnet1', 'b:eth0'],
    ],
  },

  toggles: {
    group_fwd_mask: groupFwdMask({ node: 'host', device: 'br0', of: 'bridge', masks: BRIDGE_MASKS }),
    'port-group_fwd_mask': groupFwdMask({ node: 'host', device: 'vnet0', of: 'port', masks: PORT_MASKS }),
    stp_state: stp({ node: 'host', bridge: 'br0', first: 'off', delays: ['0'] }).stp_state,
  },

  probes: {
    broadcast: frame('broadcast'),
    lldp: frame('lldp'),
    '802.1x': frame('802.1x'),
    lacp: frame('lacp'),
    pause: frame('pause'),
    stp: frame('stp'),
    'bridge-mask-with-lacp': bridgeSetting({
      from: 'host',
      bridge: 'br0',
      option: 'group_fwd_mask',
      value: 0x4,
    }),
  },
  controls: ['broadcast'],

  mechanisms: {
    'lldp-kept': masked('lldp', 'LLDP'),
    '802.1x-kept': masked('802.1x', '802.1X'),
    'lacp-kept': masked('lacp', 'LACP'),
    'pause-dropped': {
      ...masked('pause', 'PAUSE'),
      title: 'PAUSE frame, which is never forwarded',
      where: 'br_handle_frame() drops what is for 01:80:c2:00:00:01 (IEEE pause), whatever the masks are',
    },
    'stp-taken': {
      title: 'BPDU that the bridge takes for itself',
      where: 'br_handle_frame() forwards 01:80:c2:00:00:00 only while stp_enabled is BR_NO_STP',
      document: SAYS,
      at: 'host:vnet0',
      proofs: [...notForwarded('stp'), linkOption('host:br0', 'stp_state', '1')],
    },
    'mask-refused': {
      title: 'mask that the kernel does not take',
      where: 'br_changelink(): BR_GROUPFWD_RESTRICTED has the bits 0 to 2, -EINVAL',
      document: SAYS,
      at: 'host:br0',
      proofs: [failedWith('host', 'RTM_NEWLINK', 'EINVAL'), without('lacp')],
    },
  },

  audit: {
    node: 'host',
    shape: [
      { fact: 'link {br0} kind', is: 'bridge', as: 'a bridge' },
      { fact: 'link {br0} addressed', is: 'no', as: 'a bridge without an address' },
      {
        fact: 'link {br0} ports',
        is: '2',
        as: 'a bridge that is a cable: without an address, and with two ports',
      },
      { fact: 'link {vnet0} master', is: '{br0}', as: 'a port of the bridge' },
    ],
    if: ['those at its two ports speak LLDP, 802.1X or LACP with each other'],
    probes: ['lldp', '802.1x', 'lacp'],
  },

  expect: {
    broadcast: [{ works: 'Everything else is flooded.' }],
    lldp: [
      { when: { group_fwd_mask: ['0x4000', '0x4008'] }, works: OF_BRIDGE },
      { fails: 'lldp-kept', why: NOT_IN_MASK },
    ],
    '802.1x': [
      { when: { group_fwd_mask: ['0x8', '0x4008'] }, works: OF_BRIDGE },
      { fails: '802.1x-kept', why: NOT_IN_MASK },
    ],
    lacp: [
      {
        when: { 'port-group_fwd_mask': '0x4' },
        works: 'A port’s mask may have this bit, and counts for what comes in by it.',
      },
      { fails: 'lacp-kept', why: NOT_IN_MASK },
    ],
    pause: [{ fails: 'pause-dropped', why: 'PAUSE is between two ends of a cable, and no bit forwards it.' }],
    stp: [
      {
        when: { stp_state: 'on' },
        fails: 'stp-taken',
        why: 'A bridge that runs the protocol itself takes its frames for its own.',
      },
      { works: 'A bridge without STP forwards BPDUs, so that loops through it are found.' },
    ],
    'bridge-mask-with-lacp': [
      { fails: 'mask-refused', why: 'A bridge takes no mask with one of the bits 0 to 2: STP, PAUSE, LACP.' },
    ],
  },

  experiments: [
    {
      title: 'masks of the bridge',
      probes: ['lldp', '802.1x', 'lacp', 'pause', 'stp'],
      fixes: [{ group_fwd_mask: '0x4000' }, { group_fwd_mask: '0x8' }, { group_fwd_mask: '0x4008' }],
      guards: ['broadcast'],
    },
    {
      title: 'the mask of a port',
      probes: ['lldp', '802.1x', 'lacp', 'pause', 'stp'],
      fixes: [{ 'port-group_fwd_mask': '0x4' }],
      guards: ['broadcast'],
    },
    {
      title: 'a bridge that runs STP itself',
      given: { stp_state: 'on' },
      probes: ['stp', 'lldp', '802.1x', 'lacp', 'pause', 'bridge-mask-with-lacp'],
      fixes: [{ stp_state: 'off' }],
      guards: ['broadcast'],
    },
  ],
})
