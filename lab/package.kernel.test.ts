/** The packed tarball as its users have it: installed, on every Node.js that the lab supports, with scenarios of their own in TypeScript. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { dirSync } from 'tmp-promise'
import { LabError } from '../src/base/errors.js'
import { projectRoot } from '../src/base/root.js'
import { NODE_VERSIONS, nodeRelease } from './workflow/nodes.js'

t.setTimeout(600_000)

const { name: folder, removeCallback } = dirSync({ unsafeCleanup: true })
t.teardown(removeCallback)
const modules = join(folder, 'node_modules')
const installed = join(modules, 'netns-lab')
mkdirSync(join(modules, '@types'), { recursive: true })
mkdirSync(join(modules, '.bin'))
mkdirSync(installed)
const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
  cwd: projectRoot(),
  encoding: 'utf8',
}).trim()
execFileSync('tar', [
  '-xzf',
  join(folder, packed.split('\n').at(-1) ?? ''),
  '-C',
  installed,
  '--strip-components',
  '1',
])
// Its dependencies are those of this clone: the registry is not what is tested.
const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>
}
for (const name of [...Object.keys(dependencies), 'undici-types'])
  symlinkSync(join(projectRoot(), 'node_modules', name), join(modules, name))
symlinkSync('../netns-lab/dist/src/cli/main.js', join(modules, '.bin/netns-lab'))
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')

/** The program by the name that the package gives it, with this Node.js. */
const run = (node: string, ...args: string[]) =>
  execa(node, [join(modules, '.bin/netns-lab'), ...args], { cwd: folder, reject: false, stdin: 'ignore' })

/** A toggle, a probe and an expectation of one's own, as nothing of the lab's has them. */
const CUSTOM = `
import { spawnSync } from 'node:child_process'
import { defineScenario, type KernelChange, mib, node, ipv4, probeKind, type Toggle, writeSysctls } from 'netns-lab'

const ALWAYS: KernelChange = { commit: '1da177e4c3f4', title: 'Linux-2.6.12-rc2', since: '2.6.12', url: 'https://git.kernel.org/linus/1da177e4c3f4' }
const KEY = 'net.ipv4.icmp_echo_ignore_all'
const ignoring: Toggle<'on' | 'off', 'host'> = {
  summary: 'ignore pings',
  settings: ['on', 'off'],
  nodes: ['host'],
  needs: [],
  change: to => [writeSysctls('host', { [KEY]: to === 'on' ? 1 : 0 }, 'set icmp_echo_ignore_all')],
  claims: to => [{ node: 'host', what: \`sysctl \${KEY}\`, value: to === 'on' ? '1' : '0' }],
  onRealSystem: to => [\`sysctl -w \${KEY}=\${to === 'on' ? 1 : 0}\`],
}
const pingProgram = probeKind('ping-program', { from: node(), to: ipv4() }, {
  describe: ({ to }) => \`ping -c 1 -W 1 \${to}\`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  typicalMs: () => 1000,
  async run({ from, to }, { netns }) {
    const { status } = netns(from).inside(() => spawnSync('ping', ['-c', '1', '-W', '1', to]))
    return { outcome: status === 0 ? 'works' : 'fails', says: \`ping ended with \${status}\` }
  },
})
export default defineScenario({
  id: 'custom',
  title: 'A host that ignores pings seems not to be there',
  source: { title: 'a test', url: 'https://example.org', says: 'nothing' },
  drawing: '[client] --- [host]',
  needs: ['veth'],
  topology: {
    nodes: {
      client: { is: 'a client', addresses: { eth0: '192.0.2.2/24' } },
      host: { is: 'a host', addresses: { eth0: '192.0.2.1/24' } },
    },
    links: [['client:eth0', 'host:eth0']],
  },
  toggles: { ignoring },
  probes: {
    itself: pingProgram({ from: 'client', to: '192.0.2.2' }),
    host: pingProgram({ from: 'client', to: '192.0.2.1' }),
  },
  controls: ['itself'],
  mechanisms: {
    ignored: {
      title: 'ignored ping',
      where: 'icmp_echo()',
      document: 'nothing',
      proofs: [mib('host', 'IcmpInEchos').andStays(), mib('host', 'IcmpOutEchoReps').still()],
    },
  },
  expect: {
    itself: [{ works: 'It is its own address.' }],
    host: [
      { when: { ignoring: 'off' }, since: ALWAYS, works: 'The host replies.' },
      { when: { ignoring: 'off' }, before: ALWAYS, works: 'There is no such kernel.' },
      { fails: 'ignored', why: 'The host says nothing.' },
    ],
  },
  experiments: [{ title: 'pings', fixes: [{ ignoring: 'off' }] }],
})
`

/** The program of a Node.js of this major version; why there is none. */
async function nodeOf(version: string): Promise<string | LabError> {
  if (process.version.startsWith(`v${version}.`)) return process.execPath
  try {
    return join(await nodeRelease(version), 'bin/node')
  } catch (error) {
    if (error instanceof LabError) return error
    throw error
  }
}

for (const version of NODE_VERSIONS)
  t.test(
    `on Node.js ${version}: doctor, a new scenario in TypeScript, and one with a probe of its own`,
    async test => {
      const node = await nodeOf(version)
      if (node instanceof LabError) {
        test.pass(`Node.js ${version}`, { skip: node.message })
        return
      }
      test.equal((await execa(node, ['--version'])).stdout.split('.')[0], `v${version}`)
      const doctor = await run(node, 'doctor')
      test.equal(doctor.exitCode, 0, doctor.stderr)
      const name = `bug-on-${version}`
      const made = await run(node, 'new', name)
      test.equal(made.exitCode, 0, made.stderr)
      test.match(made.stdout, `netns-lab run ./${name}`, 'it calls itself as its user does')
      writeFileSync(join(folder, `custom-${version}.ts`), CUSTOM)
      const ran = await run(node, 'run', name, `./custom-${version}.ts`)
      test.equal(ran.exitCode, 0, ran.stderr)
      for (const id of [name, 'custom']) test.match(ran.stdout, new RegExp(`^confirmed +${id}$`, 'm'))
    },
  )

t.test('a scenario of the lab’s own is copied under another id, and comes out as it did', async test => {
  const made = await run(process.execPath, 'new', 'my-lan', '--from', 'lan-dnat-without-snat')
  test.equal(made.exitCode, 0, made.stderr)
  const ran = await run(process.execPath, 'run', 'my-lan', '-q')
  test.match(ran.stdout, /^1 scenario in [\d.]+ s: 1 confirmed$/)
  const again = await run(process.execPath, 'new', 'my-lan')
  test.equal(again.exitCode, 2)
  test.match(again.stderr, /scenario\.ts is there already/)
})

t.test('its types compile in a project that knows nothing of Node.js', async test => {
  const compilerOptions = {
    ...{ module: 'NodeNext', target: 'ES2022', strict: true, noEmit: true, exactOptionalPropertyTypes: true },
    ...{ types: [], preserveSymlinks: true },
  }
  writeFileSync(join(folder, 'custom.ts'), CUSTOM)
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['custom.ts', 'my-lan/scenario.ts'] }),
  )
  const tsc = join(projectRoot(), 'node_modules/.bin/tsc')
  const { exitCode, stdout } = await execa(tsc, ['-p', folder], { reject: false })
  test.equal(exitCode, 0, stdout)
})

t.test('run() tells of events, takes toggles, and ends with its signal', async test => {
  const program = `
    import { run } from 'netns-lab'
    const kinds = new Set()
    const report = await run(['my-lan'], { toggles: ['bounce-snat=on'], evidence: 'none', onEvent: ({ type }) => kinds.add(type) })
    const fixes = new Set(report.scenarios[0].trials.flatMap(({ fix }) => (fix ? [JSON.stringify(fix)] : [])))
    const controller = new AbortController()
    const ended = await run(['my-lan'], { signal: controller.signal, onEvent: ({ type }) => type === 'scenario-start' && controller.abort() }).catch(error => error.exitCode)
    console.log(JSON.stringify({ kinds: [...kinds], fixes: [...fixes], ended }))`
  const { stdout, stderr } = await execa(process.execPath, ['--input-type=module', '-e', program], {
    cwd: folder,
    reject: false,
  })
  test.equal(stderr, '')
  const { kinds, fixes, ended } = JSON.parse(stdout) as { kinds: string[]; fixes: string[]; ended: number }
  for (const kind of ['run-start', 'trial', 'command', 'run-end']) test.ok(kinds.includes(kind), kind)
  test.strictSame(fixes.sort(), [
    '{"bounce-snat":"on","bridge-nf-call-iptables":"1"}',
    '{"bounce-snat":"on"}',
  ])
  test.equal(ended, 130)
})
