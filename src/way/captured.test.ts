import t from 'tap'
import type { CapturedFrame } from '../evidence/capture.js'
import { capturedWay, type Sought } from './captured.js'
import type { Wiring } from './journeys.js'

/** Who is on the wire: a client and a server, each at a link of its own, and a router between them that has a bridge to the server. */
const LINKS: readonly (readonly [string, string])[] = [
  ['client:eth0', 'router:eth0'],
  ['router:veth0', 'server:eth0'],
  ['router:veth1', 'other:eth0'],
]
const ADDRESSES: Readonly<Record<string, string>> = {
  client: '10.0.0.2',
  router: '10.0.0.1',
  server: '10.1.0.2',
  other: '10.1.0.3',
}
const MACS: Readonly<Record<string, string>> = {
  'server:eth0': '02:00:00:00:00:01',
  'other:eth0': '02:00:00:00:00:02',
}
const VIP = '192.0.2.1'

const wiring: Wiring = {
  peer(node, device) {
    const place = `${node}:${device}`
    const other = LINKS.flatMap(([a, b]) => (a === place ? [b] : b === place ? [a] : []))[0]?.split(':')
    return other && { node: other[0] ?? '', device: other[1] ?? '' }
  },
  bridge: (node, device) => (node === 'router' && device.startsWith('veth') ? 'br0' : undefined),
  mac: (node, device) => MACS[`${node}:${device}`] ?? '',
  owns: (node, address) => ADDRESSES[node] === address,
}

/** A datagram as a device has it. */
function datagram(
  from: string,
  to: string,
  { word = 'word', ttl = 64, id = 7, mac = '02:00:00:00:00:01' } = {},
): Buffer {
  const [source = '', sport] = from.split(':')
  const [destination = '', dport] = to.split(':')
  const frame = Buffer.alloc(14 + 20 + 8 + word.length)
  frame.set(mac.split(':').map(byte => Number.parseInt(byte, 16)))
  frame.writeUInt16BE(0x0800, 12)
  const packet = frame.subarray(14)
  packet.set([0x45, 0, 0, packet.length, 0, id, 0, 0, ttl, 17])
  packet.set(source.split('.').map(Number), 12)
  packet.set(destination.split('.').map(Number), 16)
  packet.writeUInt16BE(Number(sport), 20)
  packet.writeUInt16BE(Number(dport), 22)
  packet.write(word, 28)
  return frame
}

/** Frames in the order of time, each with where it was: `client:eth0>` left by that device, `>client:eth0` came in on it. */
function seen(...frames: readonly (readonly [string, Buffer])[]): CapturedFrame[] {
  return frames.map(([where, data], at) => {
    const [node = '', device = ''] = where.replaceAll('>', '').split(':')
    const direction = where.startsWith('>') ? 'in' : 'out'
    const nothing = { sourceMac: '', destinationMac: '', protocol: 'udp', from: '', to: '' } as const
    return { ...nothing, node, device, direction, data, timeNs: BigInt(at) }
  })
}

const sought = (lost: boolean, at?: Sought['at']): Sought => ({
  oneWay: false,
  from: 'client',
  to: VIP,
  translations: [],
  lost,
  at,
})
const words = (stops: readonly { node: string; device: string; direction: string }[] = []) =>
  stops
    .map(({ node, device, direction }) => (direction === 'in' ? `>${node}:${device}` : `${node}:${device}>`))
    .join(' ')

const asked = datagram('10.0.0.2:4000', `${VIP}:53`)
const translated = datagram('10.0.0.2:4000', '10.1.0.2:5353', { ttl: 63 })
const back = { word: 'answer', id: 0 }
const answered = datagram('10.1.0.2:5353', '10.0.0.2:4000', back)
const forth = [
  ['client:eth0>', asked],
  ['>router:eth0', asked],
  ['router:br0>', translated],
  ['router:veth0>', translated],
  ['>server:eth0', translated],
] as const
const home = [
  ['server:eth0>', answered],
  ['>router:veth0', answered],
  ['>router:br0', answered],
  ['router:eth0>', datagram(`${VIP}:53`, '10.0.0.2:4000', { ...back, ttl: 63 })],
  ['>client:eth0', datagram(`${VIP}:53`, '10.0.0.2:4000', { ...back, ttl: 63 })],
] as const

t.test('a way is followed through a translation, and the answer through its own', async test => {
  const way = capturedWay(seen(...forth, ...home), sought(false), wiring, [])
  test.equal(words(way?.stops), forth.map(([where]) => where).join(' '))
  test.equal(words(way?.answer), home.map(([where]) => where).join(' '))
  test.match(way?.stops[2], { destination: { from: `${VIP}:53`, to: '10.1.0.2:5353' } })
  test.match(way?.answer?.[3], { source: { from: '10.1.0.2:5353', to: `${VIP}:53` } })
  test.equal(way?.stops.filter(({ source, destination }) => source ?? destination).length, 1, 'nowhere else')
  test.notOk(way?.lost)
})

t.test(
  'what belongs to others is left out: other addresses, other words, other times of the same flow',
  async test => {
    const others = seen(
      ['other:eth0>', datagram('10.1.0.3:4000', `${VIP}:53`, { word: 'theirs' })],
      ['client:eth0>', datagram('10.0.0.2:4000', '10.1.0.3:53', { word: 'elsewhere' })],
      ['>router:eth0', datagram('10.0.0.2:4000', '10.1.0.3:53', { word: 'elsewhere' })],
      ...forth,
      ['client:eth0>', datagram('10.0.0.2:4000', `${VIP}:53`, { id: 8 })],
      ...home,
    )
    const way = capturedWay(others, sought(false), wiring, [])
    test.equal(words(way?.stops), forth.map(([where]) => where).join(' '))
    test.equal(words(way?.answer), home.map(([where]) => where).join(' '))
  },
)

t.test('of the copies that a bridge floods, the way is that of the one whom the frame is for', async test => {
  const flooded = [...forth, ['router:veth1>', translated], ['>other:eth0', translated]] as const
  const way = capturedWay(seen(...flooded), sought(false), wiring, [])
  test.equal(words(way?.stops), forth.map(([where]) => where).join(' '))
})

t.test('it ends where nothing more was seen of the packet, with what the kernel said there', async test => {
  const some = seen(...forth.slice(0, 2))
  test.same(capturedWay(some, sought(true), wiring, [])?.lost, { node: 'router', device: 'eth0' })
  const drops = [
    { node: 'server', device: 'eth0', from: '10.0.0.2', says: 'elsewhere' },
    { node: 'router', device: 'eth0', from: '10.9.9.9', says: 'another packet' },
    { node: 'router', device: 'eth0', from: '10.0.0.2', says: 'nft_do_chain NETFILTER_DROP' },
  ]
  test.same(capturedWay(some, sought(true), wiring, drops)?.lost, {
    node: 'router',
    device: 'eth0',
    says: 'nft_do_chain NETFILTER_DROP',
  })
})

t.test('an answer that its asker cannot know as one is lost there, though it came', async test => {
  const direct = datagram('10.1.0.2:5353', '10.0.0.2:4000', { ...back, ttl: 63 })
  const bypassed = [...home.slice(0, 3), ['router:eth0>', direct], ['>client:eth0', direct]] as const
  const way = capturedWay(seen(...forth, ...bypassed), sought(true, { node: 'client' }), wiring, [])
  test.equal(words(way?.answer), bypassed.map(([where]) => where).join(' '))
  test.same(way?.lost, { node: 'client', device: 'eth0' })
})

t.test('what got where it was for, and is not known to be lost there, is not said to be', async test => {
  test.notOk(capturedWay(seen(...forth), sought(true, { node: 'router' }), wiring, [])?.lost)
  test.same(capturedWay(seen(...forth), sought(true, { node: 'server' }), wiring, [])?.lost?.node, 'server')
})

t.test('what a node translates as it sends is known from its connection tracking', async test => {
  const ends = (from: string, to: string) => ({
    from: { address: from, port: 1 },
    to: { address: to, port: 2 },
  })
  const translations = [
    { protocol: 'udp' as const, before: ends('127.0.0.1', VIP), after: ends('10.0.0.2', '10.1.0.2') },
  ]
  const sent = datagram('10.0.0.2:1', '10.1.0.2:2')
  const frames = seen(['client:eth0>', sent], ['>router:eth0', sent])
  const way = capturedWay(frames, { ...sought(false), translations }, wiring, [])
  test.match(way?.stops[0], {
    source: { from: '127.0.0.1:1', to: '10.0.0.2:1' },
    destination: { from: `${VIP}:2`, to: '10.1.0.2:2' },
  })
})

t.test('where nothing was sent there is no way', async test => {
  test.equal(capturedWay([], sought(true), wiring, []), undefined)
  const foreign = seen(['other:eth0>', datagram('10.1.0.3:1', '10.0.0.1:1')])
  test.equal(capturedWay(foreign, sought(true), wiring, []), undefined)
})

t.test('what worked, and came in nowhere, was left out of the capture: there is no way', async test => {
  const [left] = forth
  test.equal(capturedWay(seen(left), sought(false), wiring, []), undefined)
  test.same(words(capturedWay(seen(left), sought(true), wiring, [])?.stops), left[0])
})
