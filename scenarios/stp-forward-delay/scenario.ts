import {
  bridgeSetting,
  defineScenario,
  failedWith,
  frameOn,
  linkFrame,
  linkOption,
  newPort,
  startingWith,
  stp,
} from '../../src/index.js'

const BROADCAST = 'ff:ff:ff:ff:ff:ff'
const guest = {
  from: 'vm',
  device: 'eth0',
  port: { node: 'host', device: 'vnet0' },
  at: { node: 'host', device: 'br0' },
} as const
const spanningTree = stp({ node: 'host', bridge: 'br0', first: 'on', delays: ['0', '2', '15'] })

export default defineScenario({
  id: 'stp-forward-delay',
  title: 'DHCP and PXE give up while their new bridge port listens and learns',
  source: {
    title: 'PXE boot (or DHCP) on guest failed, Red Hat Enterprise Linux 6 virtualization guide',
    url: 'https://docs.redhat.com/en/documentation/red_hat_enterprise_linux/6/html/virtualization_host_configuration_and_guest_installation_guide/app_pxe_guest_boot_fail',
    says: 'change the forward delay on the bridge to 0, or disable STP on the bridge',
  },
  drawing: `
                              192.168.122.1
  [vm] eth0 ───────── vnet0 ─ br0 [host]`,
  needs: ['veth', 'bridge'],

  topology: {
    nodes: {
      vm: { is: 'a virtual machine that boots by PXE', addresses: { eth0: '192.168.122.50/24' } },
      host: {
        is: 'the host, with the DHCP server',
        bridges: { br0: { ports: ['vnet0'] } },
        addresses: { br0: '192.168.122.1/24' },
      },
    },
    links: [['vm:eth0', 'host:vnet0']],
  },

  toggles: {
    stp_state: spanningTree.stp_state,
    forward_delay: startingWith('15', spanningTree.forward_delay),
  },

  probes: {
    'old-port': linkFrame({ from: 'vm', device: 'eth0', frame: 'broadcast', at: guest.at }),
    'first-second': newPort({ ...guest, withinMs: 1000 }),
    'patient-client': newPort({ ...guest, withinMs: 10_000 }),
    'no-delay': bridgeSetting({ from: 'host', bridge: 'br0', option: 'forward_delay', value: 0 }),
  },
  controls: ['old-port'],

  mechanisms: {
    'port-not-forwarding': {
      title: 'port that listens or learns',
      where:
        'br_make_forwarding() has a port of a bridge with STP listen, and learn, forward_delay each; br_handle_frame() passes nothing on until then',
      document: 'change the forward delay on the bridge to 0, or disable STP on the bridge',
      proofs: [
        linkOption('host:vnet0', 'state', 'listening', 'learning'),
        frameOn('host:vnet0', { direction: 'in', from: 'vm:eth0', to: BROADCAST }).andStays(),
        frameOn('host:br0', { direction: 'in', from: 'vm:eth0', to: BROADCAST }).missing(),
      ],
    },
    'delay-refused': {
      title: 'delay that the kernel does not take',
      where: 'br_set_forward_delay(): less than BR_MIN_FORWARD_DELAY while STP runs, -ERANGE',
      document: 'change the forward delay on the bridge to 0, or disable STP on the bridge',
      at: 'host:br0',
      proofs: [
        failedWith('host', 'RTM_NEWLINK', 'ERANGE'),
        linkOption('host:br0', 'forward_delay', '200', '1500').andStays(),
      ],
    },
  },

  audit: {
    node: 'host',
    shape: [
      { fact: 'link {br0} kind', is: 'bridge', as: 'a bridge' },
      { fact: 'link {br0} stp_state', is: '[12]', as: 'a bridge with STP' },
    ],
    reads: {
      stp_state: {},
      forward_delay: { '2': [{ fact: 'link {br0} forward_delay', is: { below: 400 } }] },
    },
    if: ['something there asks as soon as its port is up, and soon gives up'],
    probes: ['first-second', 'patient-client'],
  },

  expect: {
    'old-port': [{ works: 'A port that forwards already goes on to when STP begins.' }],
    'first-second': [
      { when: { stp_state: 'off' }, works: 'Without STP a port forwards at once, whatever the delay is.' },
      {
        when: { forward_delay: '0' },
        fails: 'port-not-forwarding',
        why: 'STP lifts the delay to two seconds when it begins: 0 is 4 seconds, not none.',
      },
      {
        fails: 'port-not-forwarding',
        why: 'The port listens for forward_delay, and learns for as long again.',
      },
    ],
    'patient-client': [
      { when: { stp_state: 'off' }, works: 'Without STP a port forwards at once.' },
      {
        when: { forward_delay: ['0', '2'] },
        works:
          'Twice two seconds after it came up the port forwards: a client that goes on asking is answered.',
      },
      {
        fails: 'port-not-forwarding',
        why: 'Twice fifteen seconds are longer than this client has patience.',
      },
    ],
    'no-delay': [
      { when: { stp_state: 'off' }, works: 'Without STP the kernel takes any delay.' },
      { fails: 'delay-refused', why: 'While STP runs, the kernel takes no delay below two seconds.' },
    ],
  },

  experiments: [
    {
      title: 'the first second',
      probes: ['first-second', 'no-delay'],
      fixes: [
        { stp_state: 'off' },
        { stp_state: 'off', forward_delay: '0' },
        { forward_delay: '2' },
        { forward_delay: '0' },
      ],
    },
    { title: 'twice two seconds', given: { forward_delay: '2' }, probes: ['patient-client'], fixes: [] },
    {
      title: 'no delay, which is twice two seconds',
      given: { forward_delay: '0' },
      probes: ['patient-client'],
      fixes: [],
    },
  ],
})
