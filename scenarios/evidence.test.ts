/** Evidence on the real kernel: what a run keeps in its folder, who it belongs to, and what is no evidence. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { dirSync } from 'tmp-promise'
import { missingTool } from '../src/base/tools.js'
import { type Report, reportSchema, type TrialReport } from '../src/model/report.js'
import type { CommandRecord } from '../src/world/command.js'
import { wayDeviations, wayProblems } from './ways.fixture.js'

const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const BOTH_WAYS = fileURLToPath(new URL('build-both-ways.js', import.meta.url))
const WRONG_CAUSE = fileURLToPath(new URL('wrong-cause.js', import.meta.url))
const needsRoot = process.getuid?.() === 0 ? {} : { skip: 'it takes root' }
const noTshark = missingTool('tshark')
const needsTshark = noTshark === undefined ? needsRoot : { skip: noTshark }
const folder = dirSync({ unsafeCleanup: true })
t.teardown(() => folder.removeCallback())
t.setTimeout(600_000)

interface Kept {
  readonly folder: string
  readonly status: number | null
  readonly err: string
  readonly report: Report
}

/** Runs the program and resolves with its exit status and what it wrote. */
async function execute(
  argv: readonly string[],
): Promise<{ status: number | null; out: string; err: string }> {
  const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  await ended
  return { status: child.exitCode, out, err }
}

async function keep(name: string, args: readonly string[]): Promise<Kept> {
  const out = join(folder.name, name)
  const { status, err } = await execute([process.execPath, MAIN, 'run', ...args, '--out', out])
  const report = reportSchema.parse(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')))
  return { folder: out, status, err, report }
}

const failing = ({ report }: Kept, scenario: string) =>
  report.scenarios
    .filter(({ id }) => id === scenario)
    .flatMap(({ trials }) => trials.filter(({ outcome }) => outcome === 'fails'))

/** What a source says in a trial, where it was seen. */
const seen = ({ evidence }: TrialReport, source: string) =>
  evidence.find(found => found.source === source && found.state === 'seen')?.says ?? ''

let full: Kept

t.test('a full run of every scenario keeps its evidence', needsRoot, async test => {
  full = await keep('full', ['--evidence', 'full'])
  const bad = full.report.scenarios.filter(({ verdict }) => verdict === 'error')
  test.equal(full.status, 0, `${full.err} ${bad.map(({ id, reason }) => `${id}: ${reason}`).join('; ')}`)
  const missing = full.report.unavailable.filter(({ what }) => what !== 'conntrack-helper-sysctl')
  test.same(missing, [], 'this machine has every source, and all but what Linux 6.0 took away')
  for (const file of ['report.json', 'events.ndjson', 'capture.pcapng', 'kernel.log', 'trials'])
    test.ok(existsSync(join(full.folder, file)), file)
  for (const { id, trials } of full.report.scenarios)
    for (const trial of trials.filter(({ outcome, phase }) => outcome === 'fails' && phase === 'broken')) {
      const sources = new Set(
        trial.evidence.flatMap(({ source, state }) => (state === 'seen' ? [source] : [])),
      )
      test.ok(sources.size >= 2, `${id} ${trial.probe} is shown by ${[...sources].join(', ')}`)
    }
})

t.test('the kernel names why and where it dropped the packet of each story', needsRoot, async test => {
  const said = (scenario: string, mechanism: string) =>
    failing(full, scenario)
      .filter(trial => trial.mechanism === mechanism)
      .map(trial => seen(trial, 'drop'))
  for (const [scenario, mechanism, pattern] of [
    [
      'neutron-floating-ip-self',
      'martian-source',
      /on eth0, 172.16.0.148 -> 172.16.0.148: location=ip_rcv_finish/,
    ],
    ['nova-float-hairpin', 'martian-source', /on eth0, 10.0.0.3 -> 10.0.0.3: location=ip_rcv_finish/],
    ['nova-float-hairpin', 'same-port-drop', /on br100, 10.0.0.3 -> 10.0.0.3: location=_*br_/],
    ['bridge-dnat-bounce', 'same-port-drop', /on br-lxc, 10.0.3.80 -> 10.0.3.80: location=_*br_/],
    [
      'rp-filter-loopback-redirect',
      'strict-reverse-path',
      /on eth2, 198.51.100.2 -> 198.51.100.1: location=ip_rcv_finish/,
    ],
  ] as const)
    test.ok(
      said(scenario, mechanism).some(text => pattern.test(text)),
      `${scenario} ${mechanism}: ${said(scenario, mechanism)[0]}`,
    )
})

t.test(
  'the way of every probe was captured, link by link, to where its packet was lost',
  needsRoot,
  async test => {
    test.same(wayProblems(full.report), [])
  },
)

t.test('what the kernel says of a packet’s way by lookups is what was captured', needsRoot, async test => {
  const basic = await keep('basic', [])
  test.equal(basic.status, 0, basic.err)
  test.same(wayDeviations(full.report, basic.report), [])
  const ways = (report: Report) =>
    report.scenarios.flatMap(({ trials }) => trials.flatMap(({ way }) => way?.measured ?? []))
  test.same(new Set(ways(basic.report)), new Set(['lookups']))
  test.ok(ways(basic.report).length > ways(full.report).length / 2, 'most ways can be looked up')
})

t.test('the route lookups that the Mesos story found are there, with the way back', needsRoot, async test => {
  const mesos = failing(full, 'rp-filter-loopback-redirect').map(trial => seen(trial, 'fib'))
  test.ok(
    mesos.some(text =>
      /198.51.100.2 -> 198.51.100.1 .*\| .* iif 1 198.51.100.1 -> 198.51.100.2 ==> dev eth1/.test(text),
    ),
    mesos[0] ?? 'no lookup',
  )
  const neutron = failing(full, 'neutron-floating-ip-self')
    .filter(({ toggles }) => toggles.rp_filter === '1')
    .map(trial => seen(trial, 'fib'))
  test.ok(
    neutron.some(text => /\| .* iif 1 172.16.0.148 -> 172.16.0.148 ==> dev eth0/.test(text)),
    neutron[0] ?? 'no lookup',
  )
})

t.test('the Neutron story’s conntrack event is the document’s, word for word', needsRoot, async test => {
  const lines = failing(full, 'neutron-floating-ip-self').map(trial => seen(trial, 'conntrack-event'))
  const wanted =
    /^\[NEW\] icmp {5}1 30 src=172.16.0.148 dst=185.15.56.55 type=8 code=0 id=\d+ \[UNREPLIED\] src=172.16.0.148 dst=172.16.0.148 type=0 code=0 id=\d+$/
  test.ok(
    lines.some(text => wanted.test(text)),
    lines[0] ?? 'no event',
  )
})

/** Fields of the frames that a display filter leaves, by tshark. */
async function frames(filter: string, fields: readonly string[]): Promise<string[][]> {
  const { status, out, err } = await execute([
    'tshark',
    '-r',
    join(full.folder, 'capture.pcapng'),
    '-Y',
    filter,
    '-T',
    'fields',
    ...fields.flatMap(field => ['-e', field]),
  ])
  if (status !== 0) throw new Error(`tshark ended with ${status}: ${err}`)
  return out
    .trim()
    .split('\n')
    .map(line => line.split('\t'))
}

t.test(
  'tshark reads the Neutron packet twice on the router, before and after NAT',
  needsTshark,
  async test => {
    const broken =
      'frame.comment contains "neutron" && frame.comment contains "broken float-ping" && icmp.type == 8'
    const found = await frames(`${broken} && frame.interface_name contains "qr-defc9d1d-40"`, [
      'ip.src',
      'ip.dst',
      'ip.ttl',
      'frame.time_epoch',
    ])
    test.match(found.slice(0, 2), [
      ['172.16.0.148', '185.15.56.55', '64'],
      ['172.16.0.148', '172.16.0.148', '63'],
    ])
    const [before = 0, after = 0] = found.map(frame => Number(frame[3]))
    test.ok(after > before && after - before < 0.1, `${Math.round((after - before) * 1e6)} µs lie between`)
    test.match(found[0]?.[3], /\.\d{9}$/, 'time stamps are in nanoseconds')
  },
)

t.test('tshark reads the VM’s own neighbour solicitation come back to it', needsTshark, async test => {
  const trial = failing(full, 'hairpin-ipv6-dad').find(({ probe }) => probe === 'link-local-address')
  const mac = /with its own address (\S+)/.exec(trial ? seen(trial, 'capture') : '')?.[1]
  const broken = 'frame.comment contains "broken link-local-address" && icmpv6.type == 135 && ipv6.src == ::'
  const directions = await frames(
    `${broken} && eth.src == ${mac} && frame.interface_name matches "^vm.*eth0"`,
    ['frame.packet_flags_direction', 'icmpv6.nd.ns.target_address'],
  )
  // 2: out; 1: in.
  test.match(
    directions.slice(0, 2).map(([direction]) => Number(direction)),
    [2, 1],
  )
  test.equal(directions[0]?.[1], directions[1]?.[1])
})

t.test(
  'the state of each trial is kept: settings in force, addresses, bridge tables, rule counters',
  needsRoot,
  async test => {
    const trials = join(full.folder, 'trials')
    const first = (scenario: string) => {
      const name = readdirSync(trials).find(entry => entry.startsWith(scenario)) ?? ''
      const file = readdirSync(join(trials, name)).find(entry => entry.includes('broken')) ?? ''
      return readFileSync(join(trials, name, file), 'utf8')
    }
    test.match(first('neutron-floating-ip-self'), /net\/ipv4\/conf\/eth0\/accept_local = 0/)
    test.match(first('neutron-floating-ip-self'), /\[\d+:\d+\] -A PREROUTING -d 185.15.56.55\/32 -j DNAT/)
    test.match(first('hairpin-ipv6-dad'), /inet6 fe80::f816:3eff:\S+\/64 .*dadfailed/)
    test.match(first('bridge-dnat-bounce'), /dev veth-web master br-lxc/)
  },
)

/** MAC addresses and device indexes that each experiment gave to its devices, from the commands that built it. */
function identities(file: string): Map<string, { macs: Set<string>; indexes: Set<string> }> {
  const found = new Map<string, { macs: Set<string>; indexes: Set<string> }>()
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const event = JSON.parse(line) as {
      type: string
      scenario: string
      experiment: string
      command: CommandRecord
    }
    if (event.type !== 'command' || !event.command.stdin?.includes('link add')) continue
    const key = `${event.scenario} ${event.experiment}`
    const own = found.get(key) ?? { macs: new Set(), indexes: new Set() }
    for (const [, mac = ''] of event.command.stdin.matchAll(/address ([\da-f:]{17})/g)) own.macs.add(mac)
    for (const [, index = ''] of event.command.stdin.matchAll(/index (\d+)/g)) own.indexes.add(index)
    found.set(key, own)
  }
  return found
}

t.test('two scenarios that log martians side by side never exchange evidence', needsRoot, async test => {
  const ids = ['neutron-floating-ip-self', 'rp-filter-loopback-redirect']
  const args = ['--toggle', 'accept_local', '--repeat', '3', '--evidence', 'full', '--keep-going']
  const kept = await keep('side-by-side', [...ids, ...args])
  test.equal(kept.status, 0, kept.err)
  const file = join(kept.folder, 'events.ndjson')
  const own = identities(file)
  const indexes = [...own.values()].flatMap(identity => [...identity.indexes])
  test.equal(new Set(indexes).size, indexes.length, 'no two devices have the same index')
  let checked = 0
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const event = JSON.parse(line) as {
      type: string
      scenario: string
      experiment: string
      trial: TrialReport
    }
    if (event.type !== 'trial') continue
    const identity = own.get(`${event.scenario} ${event.experiment}`)
    for (const { source, state, says } of event.trial.evidence.filter(({ state }) => state === 'seen')) {
      const mac = /ll header: 00000000: ((?:[\da-f]{2} ){6})/.exec(says)?.[1]?.trim().replaceAll(' ', ':')
      const index = source === 'fib' ? /iif (\d+)/.exec(says)?.[1] : undefined
      if (mac !== undefined && !identity?.macs.has(mac)) test.fail(`${event.scenario}: ${state} ${says}`)
      if (index !== undefined && index !== '1' && !identity?.indexes.has(index))
        test.fail(`${event.scenario}: ${says}`)
      const foreign = event.scenario === ids[0] ? /10\.53\.|198\.51\./ : /172\.16\./
      if (foreign.test(says)) test.fail(`${event.scenario}: ${says}`)
      checked++
    }
  }
  test.ok(checked > 100, `${checked} findings`)
})

t.test('what the lab builds by itself is what ip(8) and sysctl(8) build', needsRoot, async test => {
  const { status, out, err } = await execute([process.execPath, BOTH_WAYS])
  test.equal(status, 0, err)
  const lines = out.trim().split('\n')
  test.same(
    lines.filter(line => !line.endsWith('answers compared')),
    [],
    'devices, addresses, routes and sysctls',
  )
  test.equal(lines.length, new Set(full.report.scenarios.map(({ id }) => id)).size)
})

t.test(
  'another cause than the documented one is an error that says what was seen instead',
  needsRoot,
  async test => {
    for (const [mistake, reason] of [
      ['no-default-route', /control outside-ping .*no reply/],
      ['no-route-to-the-float', /broken float-ping .*it fails .*ENETUNREACH.*, but not by martian source/],
      ['no-listener', /nothing listens on port 80\d\d of node vm/],
    ] as const)
      await test.test(mistake, async t2 => {
        const { status, out, err } = await execute([process.execPath, WRONG_CAUSE, mistake])
        t2.equal(status, 0, err)
        const [scenario] = reportSchema.parse(JSON.parse(out)).scenarios
        t2.equal(scenario?.verdict, 'error')
        t2.match(scenario?.reason, reason)
      })
  },
)

t.test(
  'sources that a user namespace has not are named once, and the verdicts stand',
  needsRoot,
  async test => {
    const kept = await keep('rootless', [
      'lan-dnat-without-snat',
      'neutron-floating-ip-self',
      '--rootless',
      '--evidence',
      'full',
    ])
    test.equal(kept.status, 0, kept.err)
    test.same(kept.report.unavailable.map(({ what }) => what).sort(), [
      'drop reasons and route lookups',
      'kernel log',
    ])
    test.same(
      kept.report.scenarios.map(({ verdict }) => verdict),
      ['confirmed', 'confirmed'],
    )
  },
)

t.test('without evidence the outcomes alone are judged', needsRoot, async test => {
  const kept = await keep('none', ['lan-dnat-without-snat', '--evidence', 'none'])
  test.equal(kept.status, 0, kept.err)
  test.ok(kept.report.scenarios.every(({ trials }) => trials.every(({ evidence }) => evidence.length === 0)))
})

t.test(
  'the tracer is gone after a run, after a signal, and with the next run after kill -9',
  needsRoot,
  async test => {
    const tracing = join(folder.name, 'tracing')
    mkdirSync(tracing)
    const mounted = await execute(['mount', '-t', 'tracefs', 'tracefs', tracing])
    test.equal(mounted.status, 0, mounted.err)
    t.teardown(async () => {
      await execute(['umount', tracing])
      rmdirSync(tracing)
    })
    const instances = () =>
      readdirSync(join(tracing, 'instances')).filter(name => name.startsWith('netns-lab-'))
    const before = new Set(instances())
    const own = () => instances().filter(name => !before.has(name))
    const appeared = async () => {
      for (let attempt = 0; attempt < 200 && own().length === 0; attempt++) await delay(50)
      return own()
    }
    const args = [MAIN, 'run', 'neutron-floating-ip-self', '--evidence', 'full']
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const child = spawn(process.execPath, args, { stdio: 'ignore' })
      const ended = once(child, 'exit')
      const [name = ''] = await appeared()
      await delay(300)
      child.kill(signal)
      await ended
      if (signal === 'SIGTERM') {
        // Of another lab on this machine there may be one, too, for as long as that runs.
        for (let attempt = 0; attempt < 100 && own().length > 0; attempt++) await delay(100)
        test.same(own(), [], 'a signal removes it')
        continue
      }
      const on = () => readFileSync(join(tracing, 'instances', name, 'tracing_on'), 'utf8').trim()
      for (let attempt = 0; attempt < 50 && on() !== '0'; attempt++) await delay(100)
      test.equal(on(), '0', 'after kill -9 it has stopped')
      const { status } = await execute([
        process.execPath,
        MAIN,
        'run',
        'lan-dnat-without-snat',
        '--evidence',
        'full',
      ])
      test.equal(status, 0)
      test.same(own(), [], 'the next run removed it, and its own')
    }
  },
)
