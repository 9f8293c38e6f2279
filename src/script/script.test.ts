import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { command, functionName, quote } from '../base/shell-words.js'
import { wrap } from '../base/text.js'
import { missingTool } from '../base/tools.js'
import { combinations, effects, failuresOf } from '../explain/effects.js'
import { explainScenario } from '../explain/page.js'
import type { Scenario } from '../model/scenario.js'
import { parseKernelVersion, runningKernel } from '../model/version.js'
import { loadScenarios } from '../plan/catalogue.js'
import { defaultSettings } from '../plan/plan.js'
import { parseSettings, planChosen, type ScriptPhase } from './choose.js'
import { scriptOf } from './script.js'

const MACHINE = parseKernelVersion(runningKernel().version) ?? { major: 0, minor: 0, patch: 0 }
const COMMANDS = { iptables: 'iptables', restore: 'iptables-restore', save: 'iptables-save' }
const SCRIPT_TIMEOUT_MS = 90_000
/** Scripts at once; most of their time is waiting. */
const JOBS = 2 * availableParallelism()

t.setTimeout(600_000)

const scenarios = await loadScenarios()
const folder = mkdtempSync(join(tmpdir(), 'netns-lab-script-'))
t.teardown(() => rmSync(folder, { recursive: true }))

function find(id: string): Scenario {
  const found = scenarios.find(scenario => scenario.id === id)
  if (!found) throw new Error(`no scenario ${id}`)
  return found
}

function make(scenario: Scenario, words: readonly string[], phase?: ScriptPhase, kernel = MACHINE): string {
  const plan = planChosen(scenario, {
    settings: parseSettings(scenario, words),
    phase,
    kernel,
    iptables: 'nft',
    commands: COMMANDS,
  })
  return scriptOf(scenario, plan, { commandLine: `lab script ${scenario.id}`, kernel: 'this one' })
}

interface Made {
  readonly title: string
  readonly file: string
  readonly script: string
}

/** A script for the failure of every scenario, and for every setting of its toggles. */
const made: Made[] = scenarios.flatMap(scenario => {
  const settings = Object.entries(scenario.toggles).flatMap(([name, toggle]) =>
    toggle.settings.slice(1).map(setting => [`${name}=${setting}`]),
  )
  return [[], ...settings].map((words, index) => {
    const file = join(folder, `${scenario.id}-${index}.sh`)
    const script = make(scenario, words)
    writeFileSync(file, script)
    return { title: [scenario.id, ...words].join(' '), file, script }
  })
})

interface Ended {
  readonly status: number | null
  readonly output: string
}

async function runScript(file: string, wrapper: readonly string[]): Promise<Ended> {
  const [program = '', ...args] = [...wrapper, 'sh', file]
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: SCRIPT_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    // The machine is busy with the scripts themselves.
    env: { ...process.env, WAIT: '2' },
  })
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>(resolve => child.once('close', resolve)),
  ])
  return { status, output: stdout + stderr }
}

/** Runs every script, some side by side. */
async function runAll(wrapper: readonly string[]): Promise<Map<string, Ended>> {
  const waiting = [...made]
  const ended = new Map<string, Ended>()
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      ended.set(next.title, await runScript(next.file, wrapper))
  }
  await Promise.all(Array.from({ length: JOBS }, work))
  return ended
}

t.test('words are quoted so that a shell reads them back', async t => {
  for (const word of ['plain', 'two words', "it's", '$(reboot)', '', 'a\nb', '*', '~', 'ü', '!'])
    t.equal(spawnSync('sh', ['-c', `printf %s ${quote(word)}`]).stdout.toString(), word, JSON.stringify(word))
  t.equal(quote('net.ipv4.ip_forward=1'), 'net.ipv4.ip_forward=1', 'what needs no quotes has none')
})

t.test('a here-document ends at a line that is not in its text', async t => {
  const input = 'first $HOME\nEND\nlast\n'
  const { stdout } = spawnSync('sh', ['-c', command(['cat'], input)])
  t.equal(stdout.toString(), input)
})

t.test('long commands are broken into lines that are one command', async t => {
  const words = Array.from({ length: 60 }, (_, index) => `word${index}`)
  const lines = command(['printf', '%s\n', ...words])
  t.ok(lines.split('\n').length > 3)
  t.same(spawnSync('sh', ['-c', lines]).stdout.toString().trim().split('\n'), words)
})

t.test('ids become names of shell functions', async t => {
  t.equal(functionName('same-port-drop'), 'same_port_drop')
  t.equal(functionName('6to4'), '_6to4')
})

t.test('a setting may hold = itself, and what is unknown is named', async t => {
  const scenario = find('neutron-floating-ip-self')
  t.same(parseSettings(scenario, ['accept_local=all=1']), { accept_local: 'all=1' })
  t.throws(() => parseSettings(scenario, ['accept_locl=1']), { message: /accept_locl/, exitCode: 2 })
  t.throws(() => parseSettings(scenario, ['rp_filter=3']), {
    message: /setting of rp_filter '3'/,
    exitCode: 2,
  })
  t.throws(() => parseSettings(scenario, ['rp_filter']), { message: /has no setting/, exitCode: 2 })
})

t.test(
  'what experiments only have as given holds from the beginning, what they try as a remedy comes last',
  async t => {
    const scenario = find('neutron-floating-ip-self')
    const plan = (words: readonly string[], phase?: ScriptPhase) =>
      planChosen(scenario, {
        settings: parseSettings(scenario, words),
        phase,
        kernel: MACHINE,
        iptables: 'nft',
        commands: COMMANDS,
      }).phases.map(({ phase: name, settings }) => `${name} ${settings.rp_filter} ${settings.accept_local}`)
    t.same(plan(['rp_filter=1', 'accept_local=all=1']).slice(0, 3), [
      'control 1 0',
      'broken 1 0',
      'fixed 1 all=1',
    ])
    t.same(plan(['accept_local=all=1'], 'broken'), ['control 0 all=1', 'broken 0 all=1'])
    t.throws(() => plan([], 'fixed'), { message: /takes a toggle/, exitCode: 2 })
  },
)

t.test('the same words make the same script', async t => {
  for (const scenario of scenarios) t.equal(make(scenario, []), make(scenario, []), scenario.id)
})

t.test('a script expects what the kernel that it was made for must do', async t => {
  const old = make(find('bridge-dnat-bounce'), ['promisc=on'], 'fixed', { major: 5, minor: 10, patch: 0 })
  t.match(old, "begin 'fixed own-address-tcp (promisc on) works'")
  const now = make(find('bridge-dnat-bounce'), ['promisc=on'], 'fixed', { major: 6, minor: 12, patch: 0 })
  t.match(now, "begin 'fixed own-address-tcp (promisc on) fails: promiscuous-copy-untracked'")
})

const noShellcheck = missingTool('shellcheck')
t.test('every script passes shellcheck', { skip: noShellcheck ?? false }, async t => {
  const { status, stdout } = spawnSync(
    'shellcheck',
    made.map(({ file }) => file),
  )
  t.equal(status, 0, stdout.toString().slice(0, 2000))
})

t.test('a script says which program is missing, with KSFT_SKIP', async t => {
  const script = (made[0]?.script ?? '').replace(/^programs=.*/m, 'programs=no-such-program')
  const file = join(folder, 'missing.sh')
  writeFileSync(file, script)
  const { status, output } = await runScript(file, [])
  t.equal(status, 4)
  t.match(output, "1..0 # SKIP 'no-such-program' is not installed")
})

for (const [who, wrapper, flags] of [
  ['root', [], ['--mount', '--net', '--pid', '--fork']],
  ['unshare -Urnm', ['unshare', '-Urnm'], ['-Urnm']],
] as const) {
  const can = spawnSync('unshare', [...flags, 'true']).status === 0
  const skip = can ? false : `no namespaces can be made here as ${who}`
  t.test(`every script comes out as documented as ${who}`, { skip }, async t => {
    const ended = await runAll(wrapper)
    for (const { title } of made) {
      const { status, output } = ended.get(title) ?? { status: null, output: 'did not run' }
      const skipped = /^(?:1\.\.0 # SKIP|Bail out!) (.*)/m.exec(output)?.[1]
      t.test(title, { skip: status === 4 ? (skipped ?? 'skipped') : false }, async t => {
        t.equal(status, 0, output)
        t.match(output, /^1\.\.[1-9]/m, 'it says how many trials there were')
        t.notMatch(output, /^not ok/m)
        t.notMatch(
          output,
          /not found|syntax error|parameter not set/,
          'the shell has nothing to complain about',
        )
      })
    }
  })
}

const rootless = spawnSync('unshare', ['-Urnm', 'true']).status === 0
const noUsers = rootless ? false : 'no user namespaces can be made here'
t.test('a trial that does not come out as it must ends a script with 1', { skip: noUsers }, async t => {
  // The remedy of the document is expected to do nothing: a script that could not tell would pass.
  const script = make(find('lan-dnat-without-snat'), ['bounce-snat=on'], 'broken')
  const wrong = script.replace(/^must work - .*$/m, 'must fail')
  t.not(script, wrong)
  const file = join(folder, 'wrong.sh')
  writeFileSync(file, wrong)
  const { status, output } = await runScript(file, ['unshare', '-Urnm'])
  t.equal(status, 1, output)
  t.match(output, /^not ok \d+ - broken neighbour-tcp/m)
})

t.test('text is wrapped at spaces, and a long word keeps a line to itself', async t => {
  t.equal(wrap('one two three four', 9, '> '), 'one two\n> three\n> four')
  t.equal(wrap('incomprehensibilities yes', 5), 'incomprehensibilities\nyes')
})

t.test('what settings do is read off the expectations, by kernel', async t => {
  const scenario = find('bridge-dnat-bounce')
  const base = defaultSettings(scenario)
  const of = (name: string, setting: string) =>
    effects(scenario, base, { ...base, [name]: setting }).filter(({ kind }) => kind !== 'keeps')
  t.match(of('hairpin_mode', 'on'), [{ kind: 'repairs', probes: ['own-address-tcp'], kernels: '' }])
  t.match(of('promisc', 'on'), [
    { kind: 'repairs', kernels: 'kernels without 751de2012eaf' },
    { kind: 'leaves', kernels: 'kernels with 751de2012eaf' },
  ])
  t.ok(combinations(scenario).length > 0, 'nf_call_iptables matters together with the sysctl only')
})

t.test('a remedy is known to be the failure of another scenario', async t => {
  const others = failuresOf(scenarios, find('bridge-dnat-bounce'), 'hairpin_mode', 'on')
  t.same(
    others.map(({ id }) => id),
    ['hairpin-ipv6-dad'],
  )
})

t.test('every scenario is explained with its source, mechanisms and the lines for a real system', async t => {
  for (const scenario of scenarios) {
    const page = explainScenario(scenario, scenarios, MACHINE, text => text)
    t.match(page, scenario.source.url)
    for (const { title } of Object.values(scenario.mechanisms)) t.match(page, title)
    for (const toggle of Object.values(scenario.toggles))
      for (const line of toggle.settings.slice(1).flatMap(setting => toggle.onRealSystem(setting)))
        t.match(page, line, line)
  }
})
