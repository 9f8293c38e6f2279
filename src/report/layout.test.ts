import t from 'tap'
import { drawTopology } from './drawing.js'
import { layOut } from './layout.js'
import { stories } from './stories.fixture.js'

t.test('every scenario is drawn with its labels inside their boxes', async test => {
  for (const { id, story } of stories) {
    const { topology } = story
    for (const node of layOut(topology).nodes.values()) {
      const outside = node.labels.filter(
        ({ x, y }) => x < node.x || x > node.x + node.width || y > node.y + node.height,
      )
      test.strictSame(outside, [], `${id} ${node.name}`)
    }
    const svg = drawTopology(topology, { title: id, standalone: true })
    for (const name of Object.keys(topology.nodes)) test.match(svg, `>${name}</text>`)
  }
})
