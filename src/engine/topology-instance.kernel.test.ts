import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { dirSync } from 'tmp-promise'
import { samples } from '../base/property.fixture.js'
import { type Report, reportSchema } from '../model/report.js'
import { built as anyTopology } from '../topology/topology.fixture.js'

const folder = dirSync({ unsafeCleanup: true })
t.teardown(() => folder.removeCallback())
t.setTimeout(900_000)

t.test('topologies that are accepted are really built, carry packets, and are taken down', async test => {
  const buildable = anyTopology.filter(
    ({ topology, reach }) =>
      reach !== undefined &&
      Object.values(topology.nodes).every(node => !node.packetHold && !node.routerAdvertisements),
  )
  const built = fc.sample(buildable, samples(8, 60))
  const files = built.map(({ topology, reach }, index) => {
    const scenario = {
      id: `property-${index}`,
      title: 'A random topology',
      source: { title: '', url: 'https://example.org', says: '' },
      drawing: '',
      needs: ['veth', 'bridge'],
      topology: {
        ...topology,
        links: topology.links.map(ends =>
          ends.map(({ node, device, ...more }) => ({ end: `${node}:${device}`, ...more })),
        ),
      },
      toggles: {},
      probes: { near: { kind: 'ping', from: reach?.node, to: reach?.to } },
      controls: ['near'],
      mechanisms: {},
      expect: { near: [{ works: 'It is on the same link.' }] },
      experiments: [{ title: '', fixes: [] }],
    }
    const file = join(folder.name, `${index}.mjs`)
    writeFileSync(file, `export default ${JSON.stringify(scenario)}\n`)
    return pathToFileURL(file).href
  })
  const main = fileURLToPath(new URL('../cli/main.js', import.meta.url))
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, 'run', ...files, '--keep-going', '--json', '-'],
    {
      encoding: 'utf8',
      timeout: 300_000,
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 28,
    },
  )
  if (status === 69) {
    test.pass('topologies are built', { skip: `no world can be made: ${stderr.trim().slice(0, 300)}` })
    return
  }
  if (!stdout.startsWith('{')) throw new Error(`status ${status}: ${stderr.slice(0, 2000)}`)
  const report: Report = reportSchema.parse(JSON.parse(stdout))
  test.equal(report.scenarios.length, built.length)
  for (const [index, { verdict, reason }] of report.scenarios.entries())
    if (verdict === 'skipped') test.pass(`property-${index}`, { skip: reason })
    else test.equal(verdict, 'confirmed', `${reason}: ${JSON.stringify(built[index])}`)
  test.same(
    report.unavailable.filter(({ what }) => what.startsWith('taking down')),
    [],
  )
})
