/** What a run may not do: give a scenario's words to a shell, reach the machine's network, leave files open to others. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { dirSync } from 'tmp-promise'
import { writeWhole } from '../src/base/files.js'
import { mib, ping } from '../src/index.js'
import { iptablesCommands } from '../src/kernel/iptables.js'
import type { DefinedScenario } from '../src/model/scenario.js'
import type { Topology } from '../src/model/topology.js'
import { readScenario } from '../src/plan/read.js'
import { planChosen } from '../src/script/choose.js'
import { scriptOf } from '../src/script/script.js'
import { validateTopology } from '../src/topology/validate.js'

const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const LIBRARY = new URL('../src/index.js', import.meta.url).href
const REACH = fileURLToPath(new URL('./reach-out.js', import.meta.url))
const root = process.getuid?.() === 0
const needsRoot = root ? {} : { skip: 'it takes root' }
const userNamespaces =
  spawnSync('unshare', ['--user', '--map-root-user', '--mount', '--net', 'true']).status === 0
const needsWorld = root || userNamespaces ? {} : { skip: 'an ordinary user cannot make namespaces here' }
const needsUserNamespaces = userNamespaces ? {} : { skip: 'no user namespaces can be made here' }
const folder = dirSync({ unsafeCleanup: true })
const executed = join(folder.name, 'executed')
t.teardown(() => folder.removeCallback())
t.setTimeout(300_000)

interface Outcome {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

async function lab(args: readonly string[], wrapper: readonly string[] = []): Promise<Outcome> {
  const [file = '', ...argv] = [...wrapper, process.execPath, MAIN, ...args]
  const child = spawn(file, argv, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder.name })
  const ended = once(child, 'close')
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  await ended
  return { status: child.exitCode, out, err }
}

/** Words that do something as soon as a shell reads them. */
const HOSTILE = [
  `$(touch ${executed})`,
  `\`touch ${executed}\``,
  `x; touch ${executed};`,
  `x\ntouch ${executed}\n`,
  `' ; touch ${executed} ; '`,
  `" ; touch ${executed} ; "`,
  `x | touch ${executed}`,
]

function notExecuted(test: Pick<typeof t, 'notOk'>, words: string): void {
  test.notOk(existsSync(executed), `${words} is not executed`)
  rmSync(executed, { force: true })
}

const TOPOLOGY: Topology = {
  nodes: {
    a: { is: 'a host', addresses: { eth0: ['203.0.113.1/24'] } },
    b: { is: 'another', addresses: { eth0: ['203.0.113.2/24'] } },
  },
  links: [
    [
      { node: 'a', device: 'eth0' },
      { node: 'b', device: 'eth0' },
    ],
  ],
}

/** A scenario with one toggle, which runs `argv` in `node`, and with `words` wherever a scenario has words of its own. */
function scenarioOf(node: string | null, argv: readonly string[], words: string, id = 'knob') {
  const step = { do: 'run', node, argv, why: words } as const
  return {
    id: 'hostile',
    title: words,
    source: { title: words, url: `https://example.org/${words}`, says: words },
    drawing: words,
    needs: ['veth'],
    topology: {
      links: [['a:eth0', 'b:eth0']],
      nodes: Object.fromEntries(
        Object.entries(TOPOLOGY.nodes).map(([name, plain]) => [name, { ...plain, is: words }]),
      ),
    },
    toggles: {
      [id]: {
        summary: words,
        settings: ['off', words],
        nodes: [],
        needs: [],
        change: () => [step],
        claims: () => [],
        onRealSystem: () => [words],
      },
    },
    probes: {
      control: ping({ from: 'a', to: '203.0.113.2' }),
      [`far-${id}`]: ping({ from: 'a', to: '198.51.100.1' }),
    },
    controls: ['control'],
    mechanisms: {
      [id]: {
        title: words,
        where: words,
        document: words,
        proofs: [mib('a', 'IpOutNoRoutes')],
      },
    },
    expect: { control: [{ works: words }], [`far-${id}`]: [{ fails: id, why: words }] },
    experiments: [{ title: words, fixes: [{ [id]: words }] }],
  }
}

/** Writes such a scenario as a module that `lab run` takes, and gives its path. */
function moduleOf(
  name: string,
  node: string | null,
  argv: readonly string[],
  words = 'on',
  id = 'knob',
): string {
  const file = join(folder.name, `${name}.mjs`)
  const scenario = scenarioOf(node, argv, words, id)
  const functions = `
const step = ${JSON.stringify({ do: 'run', node, argv, why: words })}
for (const toggle of Object.values(scenario.toggles))
  Object.assign(toggle, { change: () => [step], claims: () => [], onRealSystem: () => [${JSON.stringify(words)}] })
export default defineScenario(scenario)
`
  writeFileSync(
    file,
    `import { defineScenario } from ${JSON.stringify(LIBRARY)}\nconst scenario = ${JSON.stringify(scenario)}\n${functions}`,
  )
  return file
}

t.test('the hostile words of these tests would be executed by a shell', async test => {
  for (const words of HOSTILE) {
    spawnSync('sh', ['-c', `echo ${words}`])
    spawnSync('sh', ['-c', `echo '${words}'`])
    spawnSync('sh', ['-c', `echo "${words}"`])
    test.ok(existsSync(executed), words)
    rmSync(executed, { force: true })
  }
})

t.test(
  'no word of a scenario is executed in a run, and arguments come through to the letter',
  needsWorld,
  async test => {
    for (const [index, words] of HOSTILE.entries()) {
      const out = join(folder.name, `out-${index}`)
      const file = moduleOf(`words-${index}`, 'a', ['printf', '%s', words, '--help', '-rf'], words)
      const { err, out: said } = await lab(['run', file, '--keep-going', '--out', out])
      notExecuted(test, words)
      const events = readFileSync(join(out, 'events.ndjson'), 'utf8')
      test.ok(
        events.includes(JSON.stringify(`${words}--help-rf`)),
        `printf printed ${words}: ${err.slice(0, 300)}${said.slice(0, 300)}`,
      )
    }
  },
)

t.test('no name of a toggle, a probe or a mechanism is executed: it is refused', async test => {
  for (const [index, words] of HOSTILE.entries()) {
    const { status, out, err } = await lab(['run', moduleOf(`names-${index}`, 'a', ['true'], 'on', words)])
    test.not(status, 0, words)
    test.match(
      out + err,
      /probes\.far-.*expected letters, digits, dots, dashes and underscores/,
      'it says why',
    )
    notExecuted(test, words)
  }
})

t.test('no word of a topology is executed: it is refused', async test => {
  const a = TOPOLOGY.nodes.a
  if (!a) throw new Error('the topology has no node a')
  for (const words of [...HOSTILE, '-option', '--netns', '../../etc/passwd'])
    for (const [field, topology] of Object.entries<Topology>({
      node: { nodes: { [words]: a }, links: [] },
      device: {
        ...TOPOLOGY,
        links: [
          [
            { node: 'a', device: words },
            { node: 'b', device: 'eth0' },
          ],
        ],
      },
      bridge: { ...TOPOLOGY, nodes: { ...TOPOLOGY.nodes, a: { ...a, bridges: { [words]: { ports: [] } } } } },
      address: { ...TOPOLOGY, nodes: { ...TOPOLOGY.nodes, a: { ...a, addresses: { eth0: [words] } } } },
      route: { ...TOPOLOGY, nodes: { ...TOPOLOGY.nodes, a: { ...a, routes: [words] } } },
      sysctl: { ...TOPOLOGY, nodes: { ...TOPOLOGY.nodes, a: { ...a, sysctls: { [words]: 1 } } } },
      tc: { ...TOPOLOGY, nodes: { ...TOPOLOGY.nodes, a: { ...a, tc: [words] } } },
      rule: { ...TOPOLOGY, nodes: { ...TOPOLOGY.nodes, a: { ...a, iptables: { nat: [words] } } } },
    }))
      test.not(validateTopology(topology).length, 0, `${field} ${JSON.stringify(words)}`)
})

t.test('no word of a scenario is executed by the script that lab script prints', async test => {
  const run = (defined: object, words: string) => {
    const scenario = readScenario(defined as DefinedScenario, 'hostile.js')
    const plan = planChosen(scenario, {
      settings: {},
      phase: undefined,
      kernel: { major: 6, minor: 1, patch: 0 },
      iptables: 'nft',
      commands: iptablesCommands('nft', 'nft'),
    })
    const file = join(folder.name, 'script.sh')
    writeFileSync(file, scriptOf(scenario, plan, { commandLine: words, kernel: words }))
    return spawnSync('timeout', ['-s', 'KILL', '60', 'sh', file], { encoding: 'utf8' })
  }
  for (const words of HOSTILE) {
    const scenario = scenarioOf('a', ['printf', '%s\n', words], words)
    const { stdout, status } = run(scenario, words)
    notExecuted(test, words)
    if (status === 4) test.comment(`the script was skipped: ${stdout}`)
    else test.ok(stdout.includes(words), `printf printed ${words}`)
    const expect = { ...scenario.expect, control: [{ works: words, answeredBy: words, serverSaw: words }] }
    run({ ...scenario, expect }, words)
    notExecuted(test, `as an address, ${words}`)
  }
})

t.test('no argument of the command line is executed', async test => {
  for (const words of HOSTILE.slice(1, 3)) {
    for (const args of [
      ['run', words],
      ['run', '--toggle', words],
      ['run', 'lan-dnat-without-snat', '--reporter', `junit=${join(folder.name, 'no-such', words)}`],
      ['script', 'lan-dnat-without-snat', '--kernel', words],
      ['shell', words],
      ['graph', words],
      ['explain', words],
      ['kernel', 'fetch', words],
      ['matrix', '--kernel', words],
      ['diff', words, words],
    ])
      test.not((await lab(args)).status, 0, args.join(' '))
    notExecuted(test, words)
  }
  const odd = join(folder.name, "$(touch executed) ' ; `reboot`.json")
  const { status } = await lab(['run', 'lan-dnat-without-snat', '--json', odd])
  if (status === 0) test.ok(existsSync(odd), 'a file may be called so')
})

/** What the commands of a scenario found out about the machine, by what they tried. */
type Reached = Readonly<Record<string, string>>

async function listening(
  server: Server,
  where: { path: string } | { host: string; port: number },
): Promise<Server> {
  server.listen(where)
  await once(server, 'listening')
  return server
}

for (const rootless of [false, true]) {
  const title = rootless ? 'a rootless scenario' : 'a scenario of root'
  t.test(
    `${title} cannot reach the machine’s network`,
    rootless ? needsUserNamespaces : needsRoot,
    async test => {
      const name = `netns-lab-test-${process.pid}`
      const addresses = Object.values(networkInterfaces()).flatMap(
        list => list?.map(({ address }) => address) ?? [],
      )
      let callers = 0
      const servers = [
        await listening(
          createServer(socket => {
            callers++
            socket.end()
          }),
          { host: '::', port: 0 },
        ),
      ]
      test.teardown(() => servers.map(server => server.close()))
      const bound = servers[0]?.address()
      const port = typeof bound === 'object' ? bound?.port : undefined
      servers.push(
        await listening(
          createServer(() => callers++),
          { path: `\0${name}` },
        ),
      )
      const sockets = [`\0${name}`]
      if (root) {
        sockets.push(`/run/${name}.sock`)
        servers.push(
          await listening(
            createServer(() => callers++),
            { path: `/run/${name}.sock` },
          ),
        )
        // Another namespace of the machine, by the name that `ip netns` gives it.
        spawnSync('ip', ['netns', 'add', name])
        test.teardown(() => spawnSync('ip', ['netns', 'del', name]))
      }
      const sysctls = [
        'net.ipv4.ip_forward',
        'net.ipv4.conf.all.rp_filter',
        'net.ipv4.conf.default.accept_local',
      ]
      const values = () =>
        sysctls.map(key => readFileSync(`/proc/sys/${key.replaceAll('.', '/')}`, 'utf8').trim())
      const before = values()
      const asked = {
        name,
        addresses: [...new Set(['127.0.0.1', ...addresses])],
        port,
        sockets,
        sysctls,
        devices: readdirSync('/sys/class/net').filter(device => device !== 'lo'),
        namespaces: ['net', 'uts', 'ipc', 'pid', 'mnt'].map(kind => readlinkSync(`/proc/self/ns/${kind}`)),
        other: root ? `net:[${statSync(`/run/netns/${name}`).ino}]` : undefined,
        result: '',
      }
      for (const node of [null, 'a']) {
        const result = join(folder.name, `reached-${rootless}-${node}.json`)
        const argv = [process.execPath, REACH, JSON.stringify({ ...asked, result })]
        const file = moduleOf(`reach-${rootless}-${node}`, node, argv)
        const { err, out } = await lab(['run', file, '--toggle', 'knob', ...(rootless ? ['--rootless'] : [])])
        if (!existsSync(result)) {
          test.fail(`the attempts were not made: ${err.slice(0, 500)}${out.slice(0, 500)}`)
          continue
        }
        const reached = JSON.parse(readFileSync(result, 'utf8')) as Reached
        for (const [attempt, came] of Object.entries(reached))
          test.notMatch(came, /^reached/, `${node ?? 'the world'}: ${attempt}: ${came}`)
        test.ok(Object.keys(reached).length > 12, 'all was tried')
      }
      test.equal(callers, 0, 'nobody called')
      test.same(values(), before, 'the machine’s sysctls are as before')
    },
  )
}

t.test(
  'a command inside has the capabilities that the README names, and cannot get others',
  needsWorld,
  async test => {
    const result = join(folder.name, 'status')
    for (const rootless of [...(root ? [false] : []), ...(userNamespaces ? [true] : [])]) {
      const script = `cat /proc/self/status /proc/1/task/*/status >'${result}'`
      const file = moduleOf(`status-${rootless}`, null, ['sh', '-c', script])
      rmSync(result, { force: true })
      const { err } = await lab(['run', file, ...(rootless ? ['--rootless'] : [])])
      const status = existsSync(result) ? readFileSync(result, 'utf8') : err
      const sets = (name: string) =>
        [...status.matchAll(new RegExp(`^${name}:\\s*(\\S+)`, 'gm'))].map(match => match[1])
      const allowed = (1n << 1n) | (1n << 10n) | (1n << 12n) | (1n << 13n) | (1n << 21n) | (1n << 34n)
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
        const found = sets(set)
        test.ok(found.length > 4, `${set} of every thread`)
        test.same(
          found.filter(hex => (BigInt(`0x${hex}`) & ~allowed) !== 0n),
          [],
          `${set}, rootless ${rootless}`,
        )
      }
      test.same([...new Set(sets('NoNewPrivs'))], ['1'])
    }
  },
)

t.test(
  'files of a run are its owner’s, whatever the umask, and never where a link leads',
  needsWorld,
  async test => {
    const out = join(folder.name, 'kept')
    const victim = join(folder.name, 'victim')
    mkdirSync(out)
    chmodSync(out, 0o777)
    writeFileSync(victim, 'as it was')
    writeFileSync(join(out, 'kernel.log'), 'old')
    chmodSync(join(out, 'kernel.log'), 0o666)
    for (const name of ['capture.pcapng', 'events.ndjson']) symlinkSync(victim, join(out, name))
    const { status, err } = await lab(
      [
        'run',
        'lan-dnat-without-snat',
        '--evidence',
        'full',
        '--out',
        out,
        '--reporter',
        `html=${join(out, 'page.html')}`,
      ],
      ['sh', '-c', 'umask 0; exec "$@"', 'sh'],
    )
    test.ok(status === 0 || status === 4, err)
    test.equal(readFileSync(victim, 'utf8'), 'as it was')
    const mode = (name: string) => (statSync(join(out, name)).mode & 0o777).toString(8)
    for (const name of ['capture.pcapng', 'events.ndjson', 'page.html']) test.equal(mode(name), '600', name)
    if (root) test.equal(mode('kernel.log'), '600', 'kernel.log')
    test.equal(mode('report.json'), '644', 'report.json')
    if (existsSync(join(out, 'trials'))) test.equal(mode('trials'), '700', 'trials')
    test.same(
      readdirSync(out).filter(name => name.endsWith('.tmp')),
      [],
      'nothing is left beside',
    )
  },
)

t.test('a report goes into a pipe or a device, and not in its place', async test => {
  const fifo = join(folder.name, 'fifo')
  spawnSync('mkfifo', [fifo])
  const reader = spawn('cat', [fifo], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(reader, 'spawn')
  writeWhole(fifo, 'the report')
  test.equal(await text(reader.stdout), 'the report')
  test.ok(statSync(fifo).isFIFO())
  test.throws(() => writeWhole(folder.name, 'x'), { message: /EISDIR/ })
})
