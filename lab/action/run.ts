/**
 * The action's second step: runs the lab as its inputs say, reports it as GitHub shows it, and leaves the runner's kernel as it
 * was. In: what lab/action/inputs.ts reads, and the runner's variables. Out, in $GITHUB_OUTPUT: `verdict`, `report`,
 * `html`, and for the artifact its `folder` and name.
 */
import { existsSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import { glob } from 'zx'
import { describeError, EXIT, LabError } from '../../src/base/errors.js'
import { projectRoot } from '../../src/base/root.js'
import { lastLines } from '../../src/base/text.js'
import { findTool } from '../../src/base/tools.js'
import { worstVerdict } from '../../src/model/verdict.js'
import { readReport } from '../../src/report/read.js'
import { commandLines, type Inputs, readInputs, reportCount } from './inputs.js'
import { loadedModules, unloadNew } from './modules.js'

const MAIN = join(projectRoot(), 'dist/src/cli/main.js')
const USERNS = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns'

// Cancelled: the lab is told by the runner, too, and what is left to do here is to put back.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})

try {
  process.exitCode = await main()
} catch (error) {
  process.stdout.write(`::error title=netns-lab::${describeError(error).replaceAll('\n', '%0A')}\n`)
  await append('GITHUB_OUTPUT', 'verdict=error\n')
  process.exitCode = error instanceof LabError ? error.exitCode : EXIT.error
}

async function main(): Promise<number> {
  const inputs = readInputs(process.env)
  // Of this use alone: nothing in it is from an earlier one.
  const folder = await mkdtemp(join(required('RUNNER_TEMP'), 'netns-lab-'))
  const { status, said, reports } = await runLab(inputs, folder)
  if (reports.length === 0)
    throw new LabError(
      `there is no report: ${said}`,
      'the output of this step has more',
      status || EXIT.error,
    )
  const html = join(folder, 'page.html')
  // For the annotations and the summary; the run itself was told above.
  const reporters = ['--reporter', 'github', '--reporter', `html=${html}`]
  await execa(process.execPath, [MAIN, 'merge', ...reports, ...reporters], {
    stdout: 'inherit',
    reject: false,
    stdin: 'ignore',
  })
  const verdicts = reports.flatMap(file => readReport(file).scenarios.map(({ verdict }) => verdict))
  const [report = ''] = reports
  const outputs = {
    verdict: worstVerdict(verdicts) ?? 'error',
    report: reports.length === 1 ? report : folder,
    html,
    folder,
    // Artifacts of a run have one name each, also where this is one of several jobs, or the action is used twice.
    artifact: `${process.env.GITHUB_JOB ?? 'job'}-${basename(folder)}`,
  }
  await append(
    'GITHUB_OUTPUT',
    Object.entries(outputs)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  const failing = verdicts.filter(verdict => inputs.failOn.includes(verdict))
  if (failing.includes('error') || reports.length < reportCount(inputs)) return EXIT.error
  if (failing.length > 0) return EXIT.failed
  return inputs.baseline === undefined ? EXIT.ok : compare(inputs.baseline, report, inputs.scenarios)
}

/** What a run of the lab came to: its exit status, what it said last, and its reports. */
interface LabRun {
  readonly status: number
  readonly said: string
  readonly reports: readonly string[]
}

/** Runs the lab with its reports into a folder; what it changes of the runner's kernel for that, it puts back. */
async function runLab(inputs: Inputs, folder: string): Promise<LabRun> {
  const root = asRoot()
  const modules = await loadedModules()
  const restricted = inputs.rootless && (await readFile(USERNS, 'utf8').catch(() => '0')).trim() === '1'
  if (restricted) await writeAsRoot(USERNS, '0', root)
  try {
    const { PATH = '', XDG_CACHE_HOME: cache = '' } = process.env
    const environment = ['env', `PATH=${PATH}`, ...(cache === '' ? [] : [`XDG_CACHE_HOME=${cache}`])]
    const how = inputs.rootless || root.length === 0 ? [] : [...root, ...environment]
    const roots = join(cache, 'netns-lab/roots.tar')
    if (inputs.distributions.length > 0 && existsSync(roots)) await archive(['--extract', roots], root)
    let last = { status: 0, said: '' }
    for (const words of commandLines(inputs, folder)) {
      const [command = '', ...args] = [...how, process.execPath, MAIN, ...words]
      const { exitCode = EXIT.error, stderr } = await execa(command, args, {
        stdin: 'ignore',
        stdout: 'inherit',
        stderr: ['inherit', 'pipe'],
        reject: false,
      })
      last = { status: exitCode, said: lastLines(stderr, 2) }
      // What cannot be fetched, no later command can run with.
      if (words[1] === 'fetch' && exitCode !== 0) break
      if (words[1] === 'fetch' && !existsSync(roots)) await archive(['--create', roots, 'distros'], root)
    }
    // Not the roots of distributions: who owns what in them is theirs.
    await giveBack([folder, join(cache, 'netns-lab/kernels'), roots], root)
    const found = await glob('*.json', { cwd: folder, absolute: true })
    return { ...last, reports: found.sort() }
  } finally {
    if (restricted) await writeAsRoot(USERNS, '1', root)
    if (!inputs.loadModules) {
      const left = await unloadNew(modules, root)
      if (left.length > 0)
        process.stdout.write(
          `::notice title=netns-lab::the kernel has loaded modules by itself, which are in use: ${left.join(' ')}\n`,
        )
    }
  }
}

/** The words that make a command root's. */
function asRoot(): readonly string[] {
  if (process.getuid?.() === 0) return []
  if (findTool('sudo')) return ['sudo']
  throw new LabError(
    'this is not root, and there is no sudo',
    'run the job as root, or install sudo',
    EXIT.unavailable,
  )
}

async function writeAsRoot(file: string, text: string, root: readonly string[]): Promise<void> {
  if (root.length === 0) await writeFile(file, text)
  else await execa('sudo', ['tee', file], { input: text, stdout: 'ignore' })
}

/** Packs or unpacks the roots of distributions beside them: one file that the job's user can keep, with who owns what in them. */
async function archive(
  [mode = '', file = '', ...what]: readonly string[],
  root: readonly string[],
): Promise<void> {
  const tar = [
    'tar',
    '--numeric-owner',
    '--xattrs',
    '--directory',
    dirname(file),
    mode,
    '--file',
    file,
    ...what,
  ]
  const [command = '', ...args] = [...root, ...tar]
  await execa(command, args, { stdin: 'ignore' })
}

/** What root has made in folders of the job's user becomes that user's: later steps read it, and actions/cache. */
async function giveBack(folders: readonly string[], root: readonly string[]): Promise<void> {
  const owner = `${process.getuid?.()}:${process.getgid?.()}`
  if (root.length > 0) await execa('sudo', ['chown', '-Rh', owner, ...folders.filter(existsSync)])
}

/** Tells what is otherwise than in an earlier report; of that, a scenario that nobody asked for this time is not missing. */
async function compare(baseline: string, report: string, asked: readonly string[]): Promise<number> {
  const before = readReport(baseline)
  const ran = new Set([...asked, ...readReport(report).scenarios.map(({ id }) => id)])
  const scenarios = before.scenarios.filter(({ id }) => asked.length === 0 || ran.has(id))
  const file = join(dirname(report), 'compared-with.json')
  await writeFile(file, JSON.stringify({ ...before, scenarios }))
  const diff = await execa(process.execPath, [MAIN, 'diff', file, report, '--format', 'markdown'], {
    stderr: 'inherit',
    reject: false,
    stdin: 'ignore',
  })
  process.stdout.write(`${diff.stdout}\n`)
  await append('GITHUB_STEP_SUMMARY', `\n${diff.stdout}\n`)
  return diff.exitCode ?? EXIT.error
}

/** Appends to the file that a variable of the runner's names. */
async function append(variable: string, text: string): Promise<void> {
  await appendFile(required(variable), text)
}

function required(variable: string): string {
  const value = process.env[variable]
  if (value) return value
  throw new LabError(
    `${variable} is not set`,
    'this is the end of the action: the runner sets it',
    EXIT.usage,
  )
}
