import t from 'tap'
import { lookedUpWay, type Walk } from './looked-up.js'
import type { Ends } from './packet.js'
import { translate, translationsOf } from './translations.js'
import type { Hop, LinkStop, Says } from './walk.js'

/** A client and a server, and between them a router that forwards a port, and says where everything goes. */
const VIP = '192.0.2.1'
const CLIENT = '10.0.0.2'
const SERVER = '10.1.0.2'
const ROUTES: Readonly<Record<string, Readonly<Record<string, Hop>>>> = {
  client: { [VIP]: { local: false, device: 'eth0', via: '10.0.0.1' }, [CLIENT]: { local: true } },
  router: {
    [SERVER]: { local: false, device: 'eth1', via: SERVER },
    [CLIENT]: { local: false, device: 'eth0', via: CLIENT },
    [VIP]: { local: true },
  },
  server: { [CLIENT]: { local: false, device: 'eth0', via: '10.1.0.1' }, [SERVER]: { local: true } },
}
const stop = (place: string, direction: LinkStop['direction']): LinkStop => {
  const [node = '', device = ''] = place.split(':')
  return { node, device, direction }
}
const LINKS: Readonly<Record<string, string>> = {
  'client:eth0': 'router:eth0',
  'router:eth0': 'client:eth0',
  'router:eth1': 'server:eth0',
  'server:eth0': 'router:eth1',
}
const [ENTRY] = translationsOf([
  `[NEW] tcp      6 120 SYN_SENT src=${CLIENT} dst=${VIP} sport=4000 dport=80 [UNREPLIED] src=${SERVER} dst=${CLIENT} sport=8080 dport=4000`,
])
if (!ENTRY) throw new Error('no entry was read')

const says = (more: Partial<Says> = {}): Says => ({
  route: (node, { to }) => ROUTES[node]?.[to.address],
  translated: (node, packet) => (node === 'router' ? translate(packet, ENTRY) : undefined),
  bridged: () => undefined,
  bridge: () => undefined,
  link(node, device) {
    const other = LINKS[`${node}:${device}`]
    return other === undefined ? undefined : [stop(`${node}:${device}`, 'out'), stop(other, 'in')]
  },
  ...more,
})

const asked: Walk = {
  ...{ from: 'client', packet: ENTRY.before, protocol: 'tcp', server: 'server', lost: false, at: undefined },
  ...{ arrived: true, oneWay: false, bridge: () => undefined },
}
const words = (stops: readonly LinkStop[] = []) =>
  stops.map(one => `${one.direction === 'in' ? '>' : ''}${one.node}:${one.device}`).join(' ')
const FORTH = 'client:eth0 >router:eth0 router:eth1 >server:eth0'
const BACK = 'server:eth0 >router:eth1 router:eth0 >client:eth0'

t.test('a walk goes where the lookups say, through what connection tracking says, and back', async test => {
  const way = lookedUpWay(asked, says())
  test.equal(words(way?.stops), FORTH)
  test.equal(words(way?.answer), BACK)
  test.match(way?.stops[2], { destination: { from: `${VIP}:80`, to: `${SERVER}:8080` } })
  test.match(way?.answer?.[2], { source: { from: `${SERVER}:8080`, to: `${VIP}:80` } })
  test.equal(way?.measured, 'lookups')
  test.notOk(
    lookedUpWay({ ...asked, oneWay: true }, says())?.answer,
    'to whom nothing is sent, nothing comes',
  )
})

t.test('a packet that is lost gets no further than where that is proved, there or back', async test => {
  const lost = { ...asked, lost: true, arrived: false }
  const questions: string[] = []
  const route = (node: string, packet: Ends) => {
    questions.push(node)
    return ROUTES[node]?.[packet.to.address]
  }
  const forth = lookedUpWay({ ...lost, at: { node: 'router', device: 'eth0' } }, says({ route }))
  test.equal(words(forth?.stops), 'client:eth0 >router:eth0')
  test.same(forth?.lost, { node: 'router', device: 'eth0' })
  test.same(
    questions,
    ['client'],
    'where it was lost nobody is asked: the kernel would log a martian once more',
  )
  const back = lookedUpWay({ ...lost, at: { node: 'router', device: 'eth1' } }, says())
  test.equal(words(back?.answer), 'server:eth0 >router:eth1')
  const leaving = lookedUpWay({ ...lost, oneWay: true, at: { node: 'router', device: 'eth1' } }, says())
  test.equal(
    words(leaving?.stops),
    'client:eth0 >router:eth0',
    'what never left by a device was lost before it',
  )
  const home = lookedUpWay({ ...lost, at: { node: 'client' } }, says())
  test.equal(words(home?.answer), BACK)
  test.same(home?.lost, { node: 'client', device: 'eth0' })
})

t.test('what is known to have arrived was lost on the way back, where both lead by', async test => {
  const at = { node: 'router', device: 'eth0' }
  const way = lookedUpWay({ ...asked, lost: true, at }, says())
  test.equal(words(way?.stops), FORTH)
  test.equal(words(way?.answer), 'server:eth0 >router:eth1', 'it never left by eth0')
})

t.test('a walk that does not fit what came of the probe is none', async test => {
  test.notOk(lookedUpWay({ ...asked, server: 'other' }, says()), 'another server')
  test.notOk(lookedUpWay({ ...asked, lost: true, arrived: false }, says()), 'lost, and nobody knows where')
  const nowhere = { node: 'other', device: 'eth0' }
  test.notOk(lookedUpWay({ ...asked, lost: true, arrived: false, at: nowhere }, says()), 'not on the way')
  test.notOk(
    lookedUpWay(asked, says({ translated: () => undefined })),
    'it ends at the router, which has no server',
  )
  const nobody = (node: string, { to }: Ends) => (node === 'server' ? undefined : ROUTES[node]?.[to.address])
  test.notOk(lookedUpWay(asked, says({ route: nobody })), 'no route')
  const circle: Says['route'] = () => ({ local: false, device: 'eth0', via: CLIENT })
  test.notOk(lookedUpWay(asked, says({ route: circle })), 'a circle')
})

t.test('an entry translates its own packets alone, in both directions', async test => {
  const end = (address: string, port?: number) => ({ address, ...(port === undefined ? {} : { port }) })
  test.same(translate({ from: end(CLIENT, 4000), to: end(VIP, 80) }, ENTRY), ENTRY.after)
  test.same(translate({ from: end(SERVER, 8080), to: end(CLIENT, 4000) }, ENTRY), {
    from: end(VIP, 80),
    to: end(CLIENT, 4000),
  })
  test.equal(translate({ from: end(CLIENT, 4001), to: end(VIP, 80) }, ENTRY), undefined)
  test.equal(ENTRY.protocol, 'tcp')
})
