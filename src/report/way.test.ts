import t from 'tap'
import { stories } from './stories.fixture.js'
import { wayOf } from './way.js'

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
