/** netns-lab in somebody else's project: the packed tarball, installed, with a scenario of their own. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { dirSync } from 'tmp-promise'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
t.setTimeout(300_000)

const SCENARIO = `
import { defineScenario, mib, ping, sysctlToggle } from 'netns-lab'

export default defineScenario({
  id: 'no-forwarding',
  title: 'A router does not forward',
  source: { title: 'a test', url: 'https://example.org', says: 'nothing' },
  drawing: '[a] --- [r] --- [b]',
  needs: ['veth'],
  topology: {
    nodes: {
      a: { is: 'a host', addresses: { eth0: '192.0.2.2/24' }, gateway: '192.0.2.1' },
      r: { is: 'a router', addresses: { eth0: '192.0.2.1/24', eth1: ['198.51.100.1/24'] } },
      b: { is: 'another host', addresses: { eth0: '198.51.100.2/24' }, routes: ['default via 198.51.100.1'] },
    },
    links: [['a:eth0', 'r:eth0'], ['r:eth1', { end: 'b:eth0' }]],
  },
  toggles: {
    ip_forward: sysctlToggle({
      summary: 'forward packets',
      nodes: ['r'],
      values: { '0': { 'net.ipv4.ip_forward': 0 }, '1': { 'net.ipv4.ip_forward': 1 } },
    }),
  },
  probes: { near: ping({ from: 'a', to: '192.0.2.1' }), far: ping({ from: 'a', to: '198.51.100.2' }) },
  controls: ['near'],
  mechanisms: {
    'not-forwarded': {
      title: 'packet that is not forwarded',
      where: 'ip_error()',
      document: 'nothing',
      proofs: [mib('r', 'IpForwDatagrams').still(), mib('r', 'IpInAddrErrors')],
    },
  },
  expect: {
    near: [{ works: 'It is on the same link.' }],
    far: [
      { when: { ip_forward: '1' }, works: 'The router forwards.' },
      { fails: 'not-forwarded', why: 'The router does not forward.' },
    ],
  },
  experiments: [{ title: 'forwarding', fixes: [{ ip_forward: '1' }] }],
})
`

t.test('the packed tarball in an empty project', async test => {
  const { name: folder, removeCallback } = dirSync({ unsafeCleanup: true })
  test.teardown(removeCallback)
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: ROOT,
    encoding: 'utf8',
  }).trim()
  const installed = join(folder, 'node_modules', 'netns-lab')
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', [
    '-xzf',
    join(folder, packed.split('\n').at(-1) ?? ''),
    '-C',
    installed,
    '--strip-components',
    '1',
  ])
  // Its dependencies are those of this clone: the registry is not what is tested.
  for (const name of ['commander', 'execa', 'ipaddr.js', 'jiti', 'koffi', 'tap', 'tmp-promise', 'zod', 'zx'])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'scenario.js'), SCENARIO)
  const node = (code: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: folder, encoding: 'utf8' })

  test.test('what tests the lab is not packed with it', async t2 => {
    const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
    t2.ok(files.includes('src/index.js'))
    t2.same(
      files.filter(name => /\.(test|fixture)\./.test(name)),
      [],
    )
  })
  test.test('run() gives the report of a scenario of their own', async t2 => {
    const { stdout, stderr } = node(`
      import { pathToFileURL } from 'node:url'
      import { run } from 'netns-lab'
      const report = await run([pathToFileURL('scenario.js')])
      console.log(report.scenarios.map(({ id, verdict }) => id + ' ' + verdict).join())`)
    t2.equal(stdout.trim(), 'no-forwarding confirmed', stderr)
  })
  test.test('one line makes it a tap test', async t2 => {
    const { stdout, stderr, status } = node(`
      import { pathToFileURL } from 'node:url'
      import { testScenario } from 'netns-lab/tap'
      await testScenario(pathToFileURL('scenario.js'))`)
    t2.equal(status, 0, stderr)
    t2.match(stdout, /ok \d+ - broken far fails \(ip_forward 0\)/)
    t2.match(stdout, /ok \d+ - fixed far works \(ip_forward 1\)/)
  })
  test.test('the command line takes the path of a scenario', async t2 => {
    const { stdout, status } = spawnSync(
      process.execPath,
      [join(installed, dirname('dist/src/cli/main.js'), 'main.js'), 'run', './scenario.js'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    )
    t2.equal(status, 0)
    t2.match(stdout, /confirmed +no-forwarding/)
  })
})
