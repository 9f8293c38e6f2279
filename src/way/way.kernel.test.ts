/** Two uplinks, the probe's address behind the second, and the answer over the first: the way that a drawing of fewest links gets wrong. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t from 'tap'
import { dirSync } from 'tmp-promise'
import { type Report, reportSchema, type Stop } from '../model/report.js'
import { wayOf } from '../report/way.js'

const folder = dirSync({ unsafeCleanup: true })
t.teardown(() => folder.removeCallback())
const main = fileURLToPath(new URL('../cli/main.js', import.meta.url))

const SERVICE = '203.0.113.1'
const router = (uplink: number, routes: readonly string[]) => ({
  is: `the router of uplink ${uplink}`,
  addresses: { eth0: `10.${uplink}.0.1/24`, eth1: `10.1${uplink}.0.1/24` },
  sysctls: { 'net.ipv4.ip_forward': 1 },
  routes,
})
const scenario = {
  id: 'two-uplinks',
  title: 'A host with two uplinks',
  source: { title: 'none', url: 'https://example.org', says: 'none' },
  drawing: 'host = gw1, gw2 = server',
  needs: ['veth'],
  topology: {
    nodes: {
      host: {
        is: 'the host',
        addresses: { eth0: '10.1.0.2/24', eth1: '10.2.0.2/24' },
        routes: ['default via 10.1.0.1', '203.0.113.0/24 via 10.2.0.1'],
      },
      gw1: router(1, ['10.2.0.0/24 via 10.1.0.2']),
      gw2: router(2, ['203.0.113.0/24 via 10.12.0.2']),
      server: {
        is: 'the server',
        addresses: { eth0: '10.11.0.2/24', eth1: '10.12.0.2/24', lo: `${SERVICE}/32` },
        routes: ['10.2.0.0/24 via 10.11.0.1'],
        services: [{ protocol: 'udp', port: 53 }],
      },
    },
    links: [
      ['host:eth0', 'gw1:eth0'],
      ['host:eth1', 'gw2:eth0'],
      ['gw1:eth1', 'server:eth0'],
      ['gw2:eth1', 'server:eth1'],
    ],
  },
  toggles: {},
  probes: { reached: { kind: 'ping', from: 'host', to: SERVICE, server: 'server' } },
  controls: ['reached'],
  mechanisms: {},
  expect: { reached: [{ works: 'Both ways are there.', answeredBy: SERVICE }] },
  experiments: [{ title: 'as it is', fixes: [] }],
}
const file = join(folder.name, 'two-uplinks.mjs')
writeFileSync(file, `export default ${JSON.stringify(scenario)}\n`)

/** The report of a run with so much evidence; or why there is none. */
function reportOf(evidence: string): Report | string {
  const args = [main, 'run', pathToFileURL(file).href, '--evidence', evidence, '--json', '-']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 120_000,
    killSignal: 'SIGKILL',
  })
  if (status === 69) return `no world can be made: ${stderr.trim().slice(0, 300)}`
  if (!stdout.startsWith('{')) throw new Error(`status ${status}: ${stderr.slice(0, 2000)}`)
  return reportSchema.parse(JSON.parse(stdout))
}

const words = (stops: readonly Stop[] = []) => stops.map(({ node, device }) => `${node}:${device}`).join(' ')

for (const [evidence, measured] of [
  ['full', 'captures'],
  ['basic', 'lookups'],
] as const)
  t.test(
    `with ${evidence} evidence, the way goes out by one uplink and comes back by the other`,
    async test => {
      const report = reportOf(evidence)
      if (typeof report === 'string') return void test.pass('a way', { skip: report })
      const [{ trials = [], story, reason } = {}] = report.scenarios
      const [trial] = trials
      test.equal(trial?.outcome, 'works', reason ?? 'no scenario')
      test.equal(trial?.way?.measured, measured)
      test.equal(words(trial?.way?.stops), 'host:eth1 gw2:eth0 gw2:eth1 server:eth1')
      test.equal(words(trial?.way?.answer), 'server:eth0 gw1:eth1 gw1:eth0 host:eth0')
      const told = story?.probes.reached
      const assumed = told && wayOf(story.topology, told, undefined).stops.map(({ node }) => node)
      test.ok(
        assumed?.includes('gw1') && !assumed.includes('gw2'),
        'the model alone takes the first for both',
      )
    },
  )

t.test('without evidence there is no way', async test => {
  const report = reportOf('none')
  if (typeof report === 'string') return void test.pass('no way', { skip: report })
  test.same(
    report.scenarios.flatMap(({ trials }) => trials.map(({ way }) => way)),
    [undefined],
  )
})
