/** The lab as a user runs it, on the real kernel: every scenario, with broken tools, bad input, signals and `kill -9`. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { dirSync } from 'tmp-promise'
import { hostState, leftProcesses, worldProcesses } from '../bench/snapshot.js'
import { type Report, reportSchema } from '../src/model/report.js'

const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const root = process.getuid?.() === 0
const needsRoot = root ? {} : { skip: 'it takes root' }
const folder = dirSync({ unsafeCleanup: true })
t.teardown(() => folder.removeCallback())
t.setTimeout(900_000)

interface Outcome {
  readonly status: number | null
  readonly out: string
  readonly err: string
  readonly report: Report | undefined
}

/** Runs the command line with `--json`, with these folders in front of PATH and this wrapper in front of the command. */
async function lab(
  args: readonly string[],
  options: { path?: string; wrapper?: readonly string[] } = {},
): Promise<Outcome> {
  const argv = [...(options.wrapper ?? []), process.execPath, MAIN, ...args]
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${options.path ? `${options.path}:` : ''}${process.env.PATH}` },
  })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  const report = args.includes('-') && out.startsWith('{') ? reportSchema.parse(JSON.parse(out)) : undefined
  return { status: child.exitCode, out, err, report }
}

/** A folder with one program that stands before the real one of that name. */
function fake(tool: string, script: string): string {
  const path = join(folder.name, `${tool}-${Math.random().toString(36).slice(2)}`)
  mkdirSync(path)
  writeFileSync(join(path, tool), `#!/bin/sh\n${script}\n`)
  chmodSync(join(path, tool), 0o755)
  return path
}

const verdicts = (report: Report | undefined) =>
  Object.fromEntries((report?.scenarios ?? []).map(({ id, verdict }) => [id, verdict]))

const EXPECTED = {
  'bind-then-connect-ports': 'changed',
  'bridge-dnat-bounce': 'changed',
  'docker-ra-forwarding': 'confirmed',
  'ecmp-frag-needed': 'confirmed',
  'ecmp-source-address': 'changed',
  'hairpin-ipv6-dad': 'confirmed',
  'ip6-rule-tos-ecn': 'changed',
  'lan-dnat-without-snat': 'confirmed',
  'neutron-floating-ip-self': 'confirmed',
  'nova-float-hairpin': 'confirmed',
  'pmtu-black-hole': 'confirmed',
  'ra-prefix-static-address': 'changed',
  'rp-filter-loopback-redirect': 'changed',
  'snat-port-race': 'confirmed',
  'tentative-without-carrier': 'confirmed',
  'wg-fwmark-rp-filter': 'confirmed',
  'eks-nodeport-secondary-eni': 'confirmed',
  'ts-offset-snat-time-wait': 'confirmed',
  'udp-gso-without-checksum-offload': 'changed',
  'vpn-address-from-lan': 'confirmed',
  'localhost-from-neighbour': 'confirmed',
  'strict-arp-vip': 'confirmed',
  'link-local-frames': 'confirmed',
  'stp-forward-delay': 'confirmed',
  'bridged-forward-drop': 'confirmed',
  'promisc-bridge-duplicates': 'confirmed',
  'dhcp-checksum': 'confirmed',
  'accept-does-not-override': 'confirmed',
  'loopback-published-port': 'confirmed',
  'bridge-mac-follows-port': 'confirmed',
  'conntrack-helper-off': 'confirmed',
  'mld-second-querier': 'confirmed',
  'ip6tables-mark-refused': 'changed',
  'conntrack-invalid-rst': 'changed',
  'nat-idle-timeout': 'confirmed',
  'snat-port-closing': 'confirmed',
  'snat-stale-after-failover': 'confirmed',
  'stale-udp-conntrack': 'confirmed',
}

/** A run of the catalogue as root, for the tests that look at one. */
let catalogue: Promise<Outcome> | undefined
function runCatalogue(): Promise<Outcome> {
  catalogue ??= lab(['run', '--json', '-'])
  return catalogue
}

function checkCatalogue(test: Pick<typeof t, 'equal' | 'comment'>, { status, err, report }: Outcome): void {
  test.equal(status, 0, err)
  const missing = report?.unavailable.map(({ what }) => what) ?? []
  for (const [id, verdict] of Object.entries(EXPECTED)) {
    const scenario = report?.scenarios.find(candidate => candidate.id === id)
    if (scenario?.verdict === 'skipped')
      test.comment(`${id} skipped: ${scenario.reason} (missing: ${missing.join(', ')})`)
    else test.equal(scenario?.verdict, verdict, `${id}: ${scenario?.reason}`)
  }
}

t.test('every scenario comes out as expected on this kernel, as root', needsRoot, async test => {
  const outcome = await runCatalogue()
  checkCatalogue(test, outcome)
  const trials = outcome.report?.scenarios.flatMap(scenario => scenario.trials) ?? []
  for (const phase of ['control', 'broken', 'fixed', 'reverted'])
    test.ok(
      trials.some(trial => trial.phase === phase),
      `there are trials of phase ${phase}`,
    )
  test.ok(
    trials
      .filter(({ outcome: came }) => came === 'fails')
      .every(({ evidence }) => evidence.some(({ state }) => state === 'seen')),
    'every failure has evidence that was seen',
  )
})

t.test('each fix changes what it claims and nothing else, and is taken back without a trace', async test => {
  const { report } = await runCatalogue()
  for (const { id, trials, phases = [] } of report?.scenarios ?? []) {
    const ran = trials.filter(({ outcome }) => outcome !== 'skipped')
    const experiments = (of: readonly { experiment: string; iptables: string }[]) =>
      [...new Set(of.map(({ experiment, iptables }) => `${experiment} ${iptables}`))].sort()
    test.same(experiments(phases), experiments(ran), `${id}: the phases of every experiment are told`)
    for (const { experiment, phase, fix, changes } of phases) {
      const what = `${id}, ${experiment}, ${phase} ${JSON.stringify(fix ?? {})}`
      // What connection tracking is told to forget is no configuration.
      const forgets = Object.keys(fix ?? {}).join() === 'conntrack'
      if (phase === 'fixed' && !forgets) test.not(changes.length, 0, what)
      else test.same(changes, [], what)
    }
  }
})

const reachable = !root || readableByAll(MAIN)
const ordinary = reachable ? {} : { skip: `an ordinary user cannot read ${MAIN}` }

t.test(
  'every scenario comes out as expected in a user namespace of an ordinary user',
  ordinary,
  async test => {
    const wrapper = root ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] : []
    const outcome = await lab(['run', '--json', '-'], { wrapper })
    checkCatalogue(test, outcome)
    test.equal(outcome.report?.machine.privilege, 'rootless')
    test.ok(
      outcome.report?.unavailable.some(({ what }) => what === 'kernel log'),
      'the kernel log is named as unavailable, once',
    )
  },
)

t.test('every scenario comes out as expected with --rootless as root', needsRoot, async test => {
  checkCatalogue(test, await lab(['run', '--rootless', '--json', '-']))
})

t.test('the failures are those of both iptables backends', needsRoot, async test => {
  const { status, report, err } = await lab([
    'run',
    'nova-float-hairpin',
    'lan-dnat-without-snat',
    '--iptables',
    'both',
    '--json',
    '-',
  ])
  test.equal(status, 0, err)
  const backends = new Set(report?.scenarios.flatMap(({ trials }) => trials.map(({ iptables }) => iptables)))
  test.same([...backends].sort(), ['legacy', 'nft'])
})

t.test('a lab whose tools are broken says so, and never confirms', needsRoot, async test => {
  test.test('an iptables that drops --random-fully makes an error that names it and the rule', async t2 => {
    const path = fake(
      'iptables',
      'for word; do shift; [ "$word" = --random-fully ] || set -- "$@" "$word"; done\nexec /usr/sbin/iptables "$@"',
    )
    const { status, report } = await lab(['run', 'snat-port-race', '--json', '-'], { path })
    t2.same(verdicts(report), { 'snat-port-race': 'error' })
    t2.match(
      report?.scenarios[0]?.reason,
      /random-fully is not random-fully: .* rule 1 of nat POSTROUTING is /,
    )
    t2.match(report?.scenarios[0]?.reason, /→ iptables did something else than it was told/)
    t2.equal(status, 3)
  })
  test.test('a tc that does nothing makes rp-filter-loopback-redirect an error', async t2 => {
    const { status, report } = await lab(['run', 'rp-filter-loopback-redirect', '--json', '-'], {
      path: fake('tc', 'cat >/dev/null'),
    })
    t2.same(verdicts(report), { 'rp-filter-loopback-redirect': 'error' })
    t2.equal(status, 3)
  })
  test.test('a sysctl that does nothing makes an error', async t2 => {
    const { status, report } = await lab(['run', 'neutron-floating-ip-self', '--json', '-'], {
      path: fake('sysctl', 'exit 0'),
    })
    t2.same(verdicts(report), { 'neutron-floating-ip-self': 'error' })
    t2.equal(status, 3)
  })
  test.test('a write to accept_local that is lost makes an error that names the key', async t2 => {
    const path = fake(
      'sysctl',
      'for word; do shift; case $word in *accept_local=1) ;; *) set -- "$@" "$word" ;; esac; done\nexec /usr/sbin/sysctl "$@"',
    )
    const { report } = await lab(['run', 'neutron-floating-ip-self', '--json', '-'], { path })
    t2.same(verdicts(report), { 'neutron-floating-ip-self': 'error' })
    t2.match(report?.scenarios[0]?.reason, /accept_local .* reads 0 after 1 was written/)
  })
  test.test('a bridge that loses hairpin makes an error that names it and the port', async t2 => {
    const path = fake('bridge', 'case "$*" in *"hairpin on"*) exit 0 ;; esac\nexec /usr/sbin/bridge "$@"')
    const { report } = await lab(['run', 'bridge-dnat-bounce', '--json', '-'], { path })
    t2.same(verdicts(report), { 'bridge-dnat-bounce': 'error' })
    t2.match(report?.scenarios[0]?.reason, /the kernel says link veth-web hairpin_mode off, not on/)
    t2.match(report?.scenarios[0]?.reason, /→ bridge did something else than it was told/)
  })
  test.test(
    'a rule that is lost while a probe runs is an error of its scenario, and the others go on',
    async t2 => {
      const path = fake(
        'iptables-restore',
        '/usr/sbin/iptables-restore "$@" || exit\ncase $(ip netns identify) in compute*)\n{ sleep 0.3; iptables -w -t nat -D PREROUTING 1; } > /dev/null 2>&1 < /dev/null & ;;\nesac',
      )
      const args = ['run', 'nova-float-hairpin', 'lan-dnat-without-snat', '--json', '-']
      const { status, report } = await lab(args, { path })
      t2.same(verdicts(report), { 'nova-float-hairpin': 'error', 'lan-dnat-without-snat': 'confirmed' })
      t2.equal(status, 3)
    },
  )
  test.test('a tool that hangs or fails is named with its node and what it said', async t2 => {
    const { status, report } = await lab(['run', 'lan-dnat-without-snat', '--json', '-'], {
      path: fake('iptables-restore', 'echo "no such table" >&2; exit 7'),
    })
    t2.equal(status, 3)
    t2.match(
      report?.scenarios[0]?.reason,
      /iptables-restore -w' in node host exited with status 7 .*no such table/,
    )
  })
})

t.test('what is left of a scenario that is gone costs nobody else anything', async test => {
  const left = fileURLToPath(new URL('left-over', import.meta.url))
  const remove = () => rmSync(left, { recursive: true, force: true })
  test.teardown(remove)
  remove()
  mkdirSync(left)
  writeFileSync(join(left, 'scenario.js'), "throw new Error('nobody should load this')\n")
  const says = /left-over is left of a scenario that is gone/
  test.test('lab list names it, and lists the others', async t2 => {
    const { status, out, err } = await lab(['list'])
    t2.equal(status, 0)
    t2.match(err, says)
    t2.match(err, /remove that folder/)
    for (const id of Object.keys(EXPECTED)) t2.match(out, new RegExp(`^${id}$`, 'm'))
    t2.notMatch(out, 'left-over')
  })
  test.test('a run of another scenario does not notice it', needsRoot, async t2 => {
    const { status, report, err } = await lab(['run', 'lan-dnat-without-snat', '--json', '-'])
    t2.equal(status, 0, err)
    t2.notMatch(err, 'left-over')
    t2.same(verdicts(report), { 'lan-dnat-without-snat': 'confirmed' })
  })
  test.test('a run of it says what it is', needsRoot, async t2 => {
    const { status, report } = await lab(['run', 'left-over', '--json', '-'])
    t2.equal(status, 3)
    t2.same(verdicts(report), { 'left-over': 'error' })
    t2.match(report?.scenarios[0]?.reason, says)
  })
  test.test('a run of all has it as an error, and all others as they are', needsRoot, async t2 => {
    const { status, report, err } = await lab(['run', '--toggle', 'bounce-snat', '--json', '-'])
    t2.equal(status, 3, err)
    const { 'left-over': own, 'lan-dnat-without-snat': lan, ...others } = verdicts(report)
    t2.same([own, lan], ['error', 'confirmed'])
    t2.same(
      Object.keys(others).sort(),
      Object.keys(EXPECTED)
        .filter(id => id !== 'lan-dnat-without-snat')
        .sort(),
    )
    t2.ok(
      Object.values(others).every(verdict => verdict === 'skipped'),
      'none of them has that toggle',
    )
    const scenario = report?.scenarios.find(({ id }) => id === 'left-over')
    t2.match(scenario, { reason: says, trials: [] })
  })
})

t.test('bad input is refused with the nearest match, and leaves nothing behind', async test => {
  for (const [args, complaint] of [
    [
      ['run', 'bridge-dnat-bonce'],
      /unknown scenario 'bridge-dnat-bonce'[\s\S]*did you mean 'bridge-dnat-bounce'/,
    ],
    [['run', '--toggle', 'hairpin'], /unknown toggle 'hairpin'[\s\S]*did you mean 'hairpin_mode'/],
    [['run', '--iptable', 'nft'], /unknown option '--iptable'[\s\S]*did you mean '--iptables'/],
    [['run', '--iptables', 'nf'], /nft, legacy, both/],
    [['rnu'], /unknown command 'rnu'[\s\S]*did you mean 'run'/],
    [['run', '--jobs', '0'], /whole number/],
  ] as const) {
    const { status, err } = await lab(args)
    test.equal(status, 2, args.join(' '))
    test.match(err, complaint)
  }
})

/** A command in front of another one, for which this program is not there, on whatever PATH. */
const without = (tool: string) => {
  const hide = `mount --bind /dev/null "$(readlink -f "$(command -v ${tool})")"`
  return ['unshare', '--mount', 'sh', '-c', `${hide} && exec "$@"`, 'sh']
}

t.test('a machine without ip or without namespaces exits 69 and says what to do', needsRoot, async test => {
  const bare = await lab(['run'], { wrapper: without('ip') })
  test.match(bare.err, /'ip' is not installed: apt-get install iproute2/)
  test.equal(bare.status, 69)
  const script = 'echo 0 > /proc/sys/user/max_net_namespaces; exec "$@"'
  const { status, err } = await lab(['run'], {
    wrapper: ['unshare', '--user', '--map-root-user', 'sh', '-c', script, 'sh'],
  })
  test.equal(status, 69)
  test.match(err, /no private namespaces can be made/)
})

t.test('a missing tool of one scenario skips that one by name', needsRoot, async test => {
  const { report, status } = await lab(['run', 'hairpin-ipv6-dad', '--json', '-'], {
    wrapper: without('radvd'),
  })
  test.same(verdicts(report), { 'hairpin-ipv6-dad': 'skipped' })
  test.match(report?.scenarios[0]?.reason, /'radvd' is not installed.*apt-get install radvd/)
  test.equal(status, 4, 'everything was skipped')
})

t.test('the PATH of an ordinary Debian user is enough', async test => {
  const [whole, users] = await Promise.all([
    lab(['doctor', '--rootless']),
    lab(['doctor', '--rootless'], { wrapper: ['env', 'PATH=/usr/local/bin:/usr/bin:/bin:/usr/games'] }),
  ])
  test.equal(users.status, 0, users.err)
  test.equal(users.out, whole.out)
})

t.test('a run whose output nobody reads any more goes on to its report', needsRoot, async test => {
  const file = join(folder.name, 'unread.json')
  const argv = [MAIN, 'run', 'rp-filter-loopback-redirect', '--json', file]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'ignore'] })
  child.stdout.destroy()
  await once(child, 'exit')
  test.equal(child.exitCode, 0)
  const report = reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  test.equal(report.scenarios[0]?.verdict, 'changed')
})

t.test('a full disk leaves the old report and says so', needsRoot, async test => {
  const disk = join(folder.name, 'disk')
  mkdirSync(disk)
  const script =
    'mount -t tmpfs -o size=8k tmpfs "$1"; echo old > "$1/report.json"; shift; "$@"; echo "status $?"; cat "$DISK/report.json"'
  const argv = [MAIN, 'run', 'lan-dnat-without-snat', '--json', join(disk, 'report.json')]
  const child = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', disk, process.execPath, ...argv],
    {
      env: { ...process.env, DISK: disk },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  test.match(err, /report.json could not be written: ENOSPC/)
  test.match(out, /status 3\nold\n/)
})

t.test('Ctrl-C and SIGTERM end a run that would go on, with status 130', needsRoot, async test => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const child = spawn(process.execPath, [MAIN, 'run'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    })
    // Its first line is the machine's: the world is there, and experiments begin.
    await once(child.stdout, 'data')
    const rest = text(child.stdout)
    await delay(500)
    // A terminal sends to the whole group; kill(1) to the one process.
    if (signal === 'SIGINT') process.kill(-(child.pid ?? 0), signal)
    else child.kill(signal)
    const [status] = (await once(child, 'exit')) as [number | null]
    test.equal(status, 130, signal)
    test.notMatch(await rest, /\d scenarios in /, 'it does not come to its last line')
  }
  test.same(await leftProcesses(worldProcesses), [])
})

t.test('after kill -9 at random moments nothing is left on the host', needsRoot, async test => {
  const before = await hostState()
  for (let round = 0; round < 20; round++) {
    const child = spawn(process.execPath, [MAIN, 'run'], { stdio: 'ignore' })
    await delay(20 + Math.random() * 1200)
    await kill(child)
  }
  test.same(await leftProcesses(worldProcesses), [], 'no process is left')
  test.same(await hostState(), before, 'links, namespaces, mounts, rules and sysctls are as before')
})

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Whether an ordinary user could run the project from where it is. */
function readableByAll(file: string): boolean {
  const read = "require('fs').readFileSync(process.argv[1])"
  const user = ['--reuid', '65534', '--regid', '65534', '--clear-groups']
  return spawnSync('setpriv', [...user, process.execPath, '-e', read, file]).status === 0
}
