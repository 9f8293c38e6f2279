import {
  defineScenario,
  failedWith,
  mib,
  passed,
  txChecksum,
  UDP_GSO_WITHOUT_CHECKSUM,
  udpSegments,
} from '../../src/index.js'

const SERVER = '192.0.2.1'
const CLIENT = '192.0.2.2'
const SERVER6 = '2001:db8::1'
const CLIENT6 = '2001:db8::2'
const QUIC = { from: 'client', port: 443, server: 'server', segmentBytes: 1200 } as const

const WITH_OFFLOAD =
  'The device, or the kernel in its place, computes the checksum of each segment as it cuts them.'
const SINCE = {
  since: UDP_GSO_WITHOUT_CHECKSUM,
  works: 'Since 10154dbded6d (6.11) the kernel computes the checksums itself where the device does not.',
  differs: 'sendmsg gives no “input/output error” any more.',
} as const
const BEFORE =
  'udp_send_skb() takes a buffer with a segment size only where the device is to compute the checksums.'

export default defineScenario({
  id: 'udp-gso-without-checksum-offload',
  title: 'A QUIC program cannot send several packets at once where the device computes no checksum',
  source: {
    title: 'quic-go issue 3911: failure when sending with GSO',
    url: 'https://github.com/quic-go/quic-go/issues/3911',
    says: 'I was able to reproduce the failure by manually disabling GSO and checksum offload on eth0',
  },
  drawing: `
  192.0.2.2, 2001:db8::2                192.0.2.1, 2001:db8::1
  [client] eth0 ───────────────────────── eth0 [server]
           tx-checksumming: off           UDP 443

  One sendmsg() with UDP_SEGMENT 1200 and 9,600 bytes is eight packets on the wire.`,
  needs: ['veth', 'ipv6', 'ethtool'],

  topology: {
    nodes: {
      client: {
        is: 'the host with the QUIC program',
        ipv6: true,
        addresses: { eth0: [`${CLIENT}/24`, `${CLIENT6}/64 nodad`] },
      },
      server: {
        is: 'the other end',
        ipv6: true,
        addresses: { eth0: [`${SERVER}/24`, `${SERVER6}/64 nodad`] },
      },
    },
    // As most network cards are: what UDP has in one buffer is cut before the device gets it, and can be counted.
    links: [[{ end: 'client:eth0', features: { 'tx-udp-segmentation': 'off' } }, 'server:eth0']],
  },

  toggles: { 'tx-checksum': txChecksum({ node: 'client', device: 'eth0', first: 'off' }) },

  probes: {
    'one-segment': udpSegments({ ...QUIC, to: SERVER, segments: 1, by: 'UDP_SEGMENT' }),
    'eight-datagrams': udpSegments({ ...QUIC, to: SERVER, segments: 8, by: 'datagrams' }),
    'eight-segments': udpSegments({ ...QUIC, to: SERVER, segments: 8, by: 'UDP_SEGMENT' }),
    'eight-segments-ipv6': udpSegments({ ...QUIC, to: SERVER6, segments: 8, by: 'UDP_SEGMENT' }),
  },
  controls: ['eight-datagrams'],

  mechanisms: {
    'segments-without-checksum': {
      title: 'segments for a device without checksums',
      where: 'udp_send_skb(): gso_size and not CHECKSUM_PARTIAL, -EIO',
      document: 'sendmsg: input/output error',
      at: 'client:eth0',
      proofs: [
        failedWith('client', 'sendto', 'EIO'),
        mib('server', 'UdpInDatagrams').still(),
        mib('client', 'UdpOutDatagrams').still(),
        passed('client:eth0', { direction: 'out', from: CLIENT, to: SERVER }).missing(),
      ],
    },
    'segments-without-checksum-ipv6': {
      title: 'segments for a device without checksums, IPv6',
      where: 'udp_v6_send_skb(): gso_size and not CHECKSUM_PARTIAL, -EIO',
      document: 'sendmsg: input/output error',
      at: 'client:eth0',
      proofs: [
        failedWith('client', 'sendto', 'EIO'),
        mib('server', 'Udp6InDatagrams').still(),
        mib('client', 'Udp6OutDatagrams').still(),
      ],
    },
  },

  audit: {
    node: 'client',
    shape: [
      {
        fact: 'link {eth0} feature tx-checksum-ip-generic',
        is: 'off',
        as: 'a device that computes no checksums',
      },
      {
        fact: 'link {eth0} addressed',
        is: 'ipv.*',
        as: 'a device with an address that computes no checksums',
      },
    ],
    if: ['a program sends several packets of UDP at once (UDP_SEGMENT)'],
    probes: ['eight-segments'],
  },

  expect: {
    'one-segment': [
      { when: { 'tx-checksum': 'on' }, works: WITH_OFFLOAD, serverSaw: CLIENT },
      { ...SINCE, serverSaw: CLIENT },
      {
        fails: 'segments-without-checksum',
        why: `That one packet is all that there is to send is looked at only later. ${BEFORE}`,
      },
    ],
    'eight-datagrams': [
      { works: 'A program that sends each packet by itself needs no segmentation.', serverSaw: CLIENT },
    ],
    'eight-segments': [
      { when: { 'tx-checksum': 'on' }, works: WITH_OFFLOAD, serverSaw: CLIENT },
      { ...SINCE, serverSaw: CLIENT },
      { fails: 'segments-without-checksum', why: BEFORE },
    ],
    'eight-segments-ipv6': [
      { when: { 'tx-checksum': 'on' }, works: WITH_OFFLOAD, serverSaw: CLIENT6 },
      { ...SINCE, serverSaw: CLIENT6 },
      { fails: 'segments-without-checksum-ipv6', why: `The same in udp_v6_send_skb(). ${BEFORE}` },
    ],
  },

  experiments: [
    {
      title: 'checksum offload',
      fixes: [{ 'tx-checksum': 'on' }],
    },
  ],
})
