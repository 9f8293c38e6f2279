/** What is tried in a machine, and what must come out. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { projectRoot, repositoryFile } from '../../src/base/root.js'
import { seconds } from '../../src/base/text.js'
import type { Report } from '../../src/model/report.js'
import { diffReports } from '../../src/report/diff.js'
import { diffText } from '../../src/report/diff-text.js'
import { readReport } from '../../src/report/read.js'
import { judgeReport, networkChanges } from './judge.js'
import type { GuestCommand, Machine } from './machine.js'

/** What the Vagrantfile's synced folder leaves out, and git's own. */
const EXCLUDED = ['node_modules/', 'dist/', '.tap/', 'reports/', '.git/', '.vagrant/']

/** Tests of the real kernel that an emulated machine can take; all of them need hours there. */
const KERNEL_TESTS = ['src/engine/topology-instance.kernel.test.ts', 'src/probes/http.kernel.test.ts']

/** One run of the catalogue. */
interface Run {
  readonly name: string
  readonly command: string
  /** Parts of the reasons for which scenarios may be skipped. */
  readonly lacking: readonly string[]
}

const REPORT = '/tmp/report.json'
const BRIDGED = ['br_netfilter']

/** In this order: the first leaves the machine prepared for the next, and br_netfilter stays once it is loaded. */
const RUNS: readonly Run[] = [
  { name: 'user', command: `npm start -- run --json ${REPORT}`, lacking: BRIDGED },
  { name: 'root', command: `sudo npm start -- run --json ${REPORT}`, lacking: BRIDGED },
  {
    name: 'root-load-modules',
    command: `sudo npm start -- run --load-modules --json ${REPORT}`,
    lacking: [],
  },
  { name: 'user-loaded', command: `npm start -- run --rootless --json ${REPORT}`, lacking: [] },
]

/** What came out of one step, for the table. */
export interface Step {
  readonly name: string
  readonly elapsedMs: number
  readonly status: number
  /** What it says for itself: verdicts, numbers of tests. */
  readonly says: string
  readonly problems: readonly string[]
}

/**
 * Takes the project into a machine and goes through every step; `here` is a report of this machine, `out` the folder for reports,
 * `onStep` gets each step as it ends. Throws LabError where a machine does not answer.
 */
export async function testMachine(
  machine: Machine,
  { here, out, name, onStep }: { here: Report; out: string; name: string; onStep: (step: Step) => void },
): Promise<void> {
  const step = (
    title: string,
    command: Omit<GuestCommand, 'stdout' | 'stderr'>,
    says: string,
    problems: readonly string[],
  ) => onStep({ name: title, elapsedMs: command.elapsedMs, status: command.status, says, problems })
  await machine.copyIn(projectRoot(), '/vagrant', EXCLUDED)
  await machine.copyIn(repositoryFile('lab/virtual'), '/tmp/virtual', [])

  const busy = await machine.run('sudo sh /tmp/virtual/busy-network.sh')
  step('network', busy, 'libvirt, Docker’s rules, nftables.service', failed(busy))
  const state = async () => (await machine.run('sudo sh /tmp/virtual/network-state.sh')).stdout
  const before = await state()

  for (const run of RUNS) {
    await machine.run(`sudo rm -f ${REPORT}`)
    const done = await machine.run(`cd /vagrant && ${run.command}`)
    await writeFile(join(out, `${name}-${run.name}.log`), `${done.stdout}\n${done.stderr}\n`)
    const file = join(out, `${name}-${run.name}.json`)
    await writeFile(file, await machine.read(REPORT))
    const report = readReport(file)
    await writeFile(join(out, `${name}-${run.name}.diff`), diffText(diffReports(here, report)))
    step(run.name, done, verdictsOf(report, done), [
      ...(done.status === 0 ? [] : [`exit status ${done.status}`]),
      ...judgeReport(here, report, run.lacking),
      ...networkChanges(before, await state()),
    ])
  }

  const doctor = await machine.run('cd /vagrant && npm run -s lab -- doctor')
  await writeFile(join(out, `${name}-doctor.txt`), doctor.stdout)
  const missing = doctor.stdout
    .split('\n')
    .filter(line => line.startsWith('  missing') && !/legacy|kernel-log/.test(line))
  step('doctor', doctor, `${doctor.stdout.match(/^ {2}ok /gm)?.length ?? 0} capabilities`, [
    ...failed(doctor),
    ...missing,
  ])

  const tests = await machine.run(
    `cd /vagrant && for test in ${KERNEL_TESTS.map(compiled).join(' ')}; do sudo node $test || exit; done`,
  )
  await writeFile(join(out, `${name}-tests.tap`), tests.stdout)
  const passed = tests.stdout.match(/^ok /gm)?.length ?? 0
  step('tests', tests, `${passed} real-kernel tests passed`, failed(tests))
  const log = await machine.run('sudo dmesg | grep "apparmor=.DENIED" || true')
  step('AppArmor', log, 'denials', log.stdout === '' ? [] : log.stdout.split('\n'))
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
  const hint = /^ +→ (sudo modprobe .*)$/m.exec(stderr)?.[1]
  return [verdicts, ...(took ? [`scenarios ${took}`] : []), ...(hint ? [`said: ${hint}`] : [])].join('; ')
}

/** A table row of a step. */
export function row({ name, elapsedMs, status, says }: Step): string {
  return `| ${name} | ${seconds(elapsedMs)} | ${status} | ${says} |`
}
