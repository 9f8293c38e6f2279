/** What is tried in a machine, and what must come out. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { projectRoot, repositoryFile } from '../../src/base/root.js'
import { seconds } from '../../src/base/text.js'
import type { Report } from '../../src/model/report.js'
import { diffReports } from '../../src/report/diff.js'
import { diffText } from '../../src/report/diff-text.js'
import { readReport } from '../../src/report/read.js'
import { hintIn, judgeReport, missingIn, modulesIn, networkChanges } from './judge.js'
import type { GuestCommand, Machine } from './machine.js'

/** What the Vagrantfile's synced folder leaves out, and git's own. */
const EXCLUDED = ['node_modules/', 'dist/', '.tap/', 'reports/', '.git/', '.vagrant/']

/** Tests of the real kernel that an emulated machine can take; all of them need hours there. */
const KERNEL_TESTS = ['src/engine/topology-instance.kernel.test.ts', 'src/probes/http.kernel.test.ts']

const REPORT = '/tmp/report.json'

/** One run of the catalogue. */
interface Run {
  readonly name: string
  readonly command: string
  /** Whether the modules are there that only root can load, or the run loads them. */
  readonly modules: boolean
  /** What comes before it: the line that the ordinary user was shown, or its opposite. */
  readonly before?: 'load' | 'unload'
  /** The run whose skipped scenarios it is about: in software, where all of them take long, it takes only these. */
  readonly of?: string
}

/** In this order: the first leaves the machine prepared for the others, and says what the third takes. */
const RUNS: readonly Run[] = [
  { name: 'user', command: `npm start -- run --json ${REPORT}`, modules: false },
  {
    name: 'root',
    command: `sudo npm start -- run --json ${REPORT}`,
    modules: false,
    of: 'user',
  },
  {
    name: 'user-prepared',
    command: `npm start -- run --json ${REPORT}`,
    modules: true,
    before: 'load',
    of: 'user',
  },
  {
    name: 'root-load-modules',
    command: `sudo npm start -- run --load-modules --json ${REPORT}`,
    modules: true,
    before: 'unload',
    of: 'root',
  },
]

/** What a test of a machine consists of, by the names that `--only` takes. */
export const STEPS: readonly string[] = ['audit', ...RUNS.map(({ name }) => name), 'doctor', 'tests']

/** For one file of tests, in seconds; tap's own limit is for a machine that is not emulated. */
const TEST_SECONDS = 1800

/** The scenario that starts a libvirtd, which as root meets the machine's own, and AppArmor's profile of it. */
const LIBVIRT = 'hairpin-ipv6-dad'

/** What came out of one step, for the table. */
export interface Step {
  readonly name: string
  readonly elapsedMs: number
  readonly status: number
  /** What it says for itself: verdicts, numbers of tests. */
  readonly says: string
  readonly problems: readonly string[]
}

/** What to try in a machine, and what to compare it with. */
interface MachineTest {
  /** A report of this machine. */
  readonly here: Report
  /** Ids of scenarios; all when empty. */
  readonly scenarios: readonly string[]
  /** Names of STEPS; all when empty. */
  readonly only: readonly string[]
  /** The folder for reports and logs, and what their names begin with. */
  readonly out: string
  readonly name: string
  /** Gets each step as it ends. */
  readonly onStep: (step: Step) => void
}

/** Takes the project into a machine and goes through every step. Throws LabError where a machine does not answer. */
export async function testMachine(machine: Machine, test: MachineTest): Promise<void> {
  const { here, scenarios, only, out, name, onStep } = test
  const step = (
    title: string,
    command: Omit<GuestCommand, 'stdout' | 'stderr'>,
    says: string,
    problems: readonly string[],
  ) => onStep({ name: title, elapsedMs: command.elapsedMs, status: command.status, says, problems })
  const wanted = (title: string) => only.length === 0 || only.includes(title)
  await machine.copyIn(projectRoot(), '/vagrant', EXCLUDED)
  // The build of now, where the image has an older one: a compiler in an emulated machine takes many minutes.
  await machine.copyIn(repositoryFile('dist'), '/vagrant/dist', [])
  await machine.copyIn(repositoryFile('lab/virtual'), '/tmp/virtual', [])

  const busy = await machine.run('sudo sh /tmp/virtual/busy-network.sh')
  step('network', busy, 'libvirt, Docker’s rules, nftables.service', failed(busy))
  const state = async () => (await machine.run('sudo sh /tmp/virtual/network-state.sh')).stdout
  const before = await state()

  if (wanted('audit')) {
    const modules = async () => (await machine.run("cut -d ' ' -f 1 /proc/modules | sort")).stdout
    const loaded = await modules()
    const audit = await machine.run('cd /vagrant && sudo npm run -s lab -- audit')
    await writeFile(join(out, `${name}-audit.txt`), `${audit.stdout}\n${audit.stderr}\n`)
    step('audit', audit, `${audit.stdout.match(/^exposed /gm)?.length ?? 0} exposed`, [
      // 1 where something is exposed.
      ...(audit.status === 1 ? [] : failed(audit)),
      ...networkChanges(before, await state()),
      ...(loaded === (await modules()) ? [] : ['it has loaded modules']),
    ])
  }

  // What the first run says that root has to do, and what each run skipped.
  let hint = ''
  const skipped = new Map<string, string[]>()
  for (const run of RUNS.filter(({ name }) => wanted(name))) {
    const prepared = run.before && (await machine.run(preparation(run.before, hint)))
    if (prepared && prepared.status !== 0) step(`before ${run.name}`, prepared, hint, failed(prepared))
    await machine.run(`sudo rm -f ${REPORT}`)
    const part = machine.accel === 'tcg' ? skipped.get(run.of ?? '') : undefined
    const ids = part && !run.modules ? [...part, LIBVIRT] : (part ?? scenarios)
    const done = await machine.run(`cd /vagrant && ${[run.command, ...ids].join(' ')}`)
    await writeFile(join(out, `${name}-${run.name}.log`), `${done.stdout}\n${done.stderr}\n`)
    const file = join(out, `${name}-${run.name}.json`)
    await writeFile(file, await machine.read(REPORT))
    const report = readReport(file)
    const compared = {
      ...here,
      scenarios: here.scenarios.filter(({ id }) => ids.length === 0 || ids.includes(id)),
    }
    await writeFile(join(out, `${name}-${run.name}.diff`), diffText(diffReports(compared, report)))
    skipped.set(
      run.name,
      report.scenarios.flatMap(({ id, verdict }) => (verdict === 'skipped' ? [id] : [])),
    )
    const said = hintIn(done.stderr)
    hint ||= said
    step(run.name, done, verdictsOf(report, done), [
      ...(done.status === 0 ? [] : [`exit status ${done.status}`]),
      ...(run.modules || said !== '' ? [] : ['it does not say which modules root has to load']),
      ...judgeReport(compared, report, run.modules ? [] : modulesIn(hint)),
      ...networkChanges(before, await state()),
    ])
  }

  if (wanted('doctor')) {
    const doctor = await machine.run('cd /vagrant && npm run -s lab -- doctor')
    await writeFile(join(out, `${name}-doctor.txt`), doctor.stdout)
    const missing = missingIn(doctor.stdout)
    step('doctor', doctor, `${doctor.stdout.match(/^ {2}ok /gm)?.length ?? 0} capabilities`, [
      ...failed(doctor),
      ...missing,
    ])
  }

  if (wanted('tests')) {
    const tests = await machine.run(
      `cd /vagrant && for test in ${KERNEL_TESTS.map(compiled).join(' ')}; do sudo env TAP_TIMEOUT=${TEST_SECONDS} node $test || exit; done`,
    )
    await writeFile(join(out, `${name}-tests.tap`), tests.stdout)
    const passed = tests.stdout.match(/^ok /gm)?.length ?? 0
    step('tests', tests, `${passed} real-kernel tests passed`, failed(tests))
  }
  const log = await machine.run('sudo dmesg | grep "apparmor=.DENIED" || true')
  step(
    'AppArmor',
    log,
    log.stdout === '' ? 'no denials' : 'denials',
    log.stdout === '' ? [] : log.stdout.split('\n'),
  )
}

/** What makes a machine ready, or unready, for a run: `hint` is the line that an earlier run printed for root. */
function preparation(kind: 'load' | 'unload', hint: string): string {
  if (kind === 'load' && hint !== '') return hint
  // Where nothing was said, which has been told as a problem: the one that the lab cannot do without. Those that others use come first.
  const names = hint === '' ? ['br_netfilter'] : modulesIn(hint)
  return kind === 'load'
    ? `sudo modprobe -a ${names.join(' ')}`
    : `sudo modprobe -r ${names.reverse().join(' ')}`
}

const compiled = (file: string) => `dist/${file.replace(/\.ts$/, '.js')}`

function failed({ status, stderr }: GuestCommand): string[] {
  return status === 0 ? [] : [`exit status ${status}: ${stderr.trim().split('\n').slice(-3).join(' ')}`]
}

/** Verdicts by their number, the run's own time, and the modules that root has to load. */
function verdictsOf({ scenarios }: Report, { stdout, stderr }: GuestCommand): string {
  const count = new Map<string, number>()
  for (const { verdict } of scenarios) count.set(verdict, (count.get(verdict) ?? 0) + 1)
  const verdicts = [...count].map(([verdict, number]) => `${number} ${verdict}`).join(', ')
  const took = /^\d+ scenarios? in ([0-9.]+ s)/m.exec(stdout)?.[1]
  const hint = hintIn(stderr)
  return [verdicts, ...(took ? [`scenarios ${took}`] : []), ...(hint ? [`said: ${hint}`] : [])].join('; ')
}

/** A table row of a step. */
export function row({ name, elapsedMs, status, says }: Step): string {
  return `| ${name} | ${seconds(elapsedMs)} | ${status} | ${says} |`
}
