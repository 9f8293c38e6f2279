import t from 'tap'
import type { MeasuredWay } from '../model/report.js'
import { stories } from './stories.fixture.js'
import { describeWay, drawnWay, wayOf } from './way.js'

t.test('a packet’s way begins where its probe is and ends where its mechanism loses it', async test => {
  for (const { id, scenario, story } of stories)
    for (const [probe, expectations] of Object.entries(scenario.expect))
      for (const { mechanism = '' } of expectations) {
        const [told, place] = [story.probes[probe], story.mechanisms[mechanism]?.at]
        if (!told || !place) continue
        const { stops, lost } = wayOf(story.topology, told, place)
        // What never leaves its node has no way to speak of.
        test.ok(lost && (stops.length > 1 || place.node === told.from), `${id} ${probe} ${mechanism}`)
        test.equal(stops[0]?.node, told.from)
        test.equal(stops.at(-1)?.node, place.node)
      }
})

const BRIDGED = {
  nodes: {
    host: { is: 'a host', bridges: { br0: { ports: ['veth0', 'veth1'] } } },
    web: { is: 'a container' },
    db: { is: 'another one' },
  },
  links: [],
}
const WAY: MeasuredWay = {
  measured: 'captures',
  protocol: 'tcp',
  stops: [
    { node: 'web', device: 'eth0', direction: 'out' },
    { node: 'host', device: 'veth0', direction: 'in' },
    {
      ...{ node: 'host', device: 'veth1', direction: 'out' },
      destination: { from: '192.0.2.1:80', to: '10.0.0.3:8080' },
    },
    { node: 'db', device: 'eth0', direction: 'in' },
  ],
  answer: [
    { node: 'db', device: 'eth0', direction: 'out' },
    { node: 'host', device: 'veth1', direction: 'in' },
  ],
  lost: { node: 'host', device: 'br0', says: 'br_handle_frame_finish' },
}

t.test(
  'a way that was measured is drawn through bridges and nodes, and ends where the packet was lost',
  async test => {
    const { stops, lost, measured } = drawnWay(BRIDGED, WAY)
    test.same(
      stops.map(({ node, device = '' }) => `${node} ${device}`.trim()),
      [
        'web eth0',
        'host veth0',
        'host br0',
        'host veth1',
        'db eth0',
        'db',
        'db eth0',
        'host veth1',
        'host br0',
      ],
    )
    test.equal(lost, true)
    test.equal(measured, 'captures')
  },
)

t.test('a way that was measured is told with its translations, its answer and its end', async test => {
  test.equal(
    describeWay(WAY),
    'the way (tcp, captured on every device): web eth0 → host veth0 → host veth1, to 192.0.2.1:80 now 10.0.0.3:8080 → db eth0 → ' +
      'answer: db eth0 → host veth1 → lost: host br0 (br_handle_frame_finish)',
  )
})
