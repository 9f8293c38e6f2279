/**
 * `npm run workflow [-- --job ID…]`: runs the jobs of .github/workflows/ci.yml to their ends on this machine, as root. What each
 * step printed is in `reports/workflow/`.
 */
import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { withDir } from 'tmp-promise'
import { echo } from 'zx'
import { describeError, EXIT, LabError } from '../../src/base/errors.js'
import { repositoryFile } from '../../src/base/root.js'
import { projectRun } from './project.js'
import { type JobRecord, runWorkflow } from './workflow.js'

const USAGE = `Usage: npm run workflow [-- [--job ID]... [--jobs N] [--scenarios IDS] [--kernels NAMES]]

Runs the jobs of .github/workflows/ci.yml on this machine, each on a machine of its own as far as one
kernel gives it. Takes root. What steps print and the artifacts go to reports/workflow/.

  --job ID           only this job, with those that it needs; may be given again
  --jobs N           jobs at once; as many as there are processors when left out
  --scenarios IDS    as somebody would who starts the workflow by hand
  --kernels NAMES    the same, for the kernels that get a job each
`

/** Longer than a step's name is, mostly. */
const TITLE = 60

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`workflow: ${describeError(error)}\n`)
  // At once: other jobs may be running, and their machines end with this process.
  process.exit(error instanceof LabError ? error.exitCode : EXIT.error)
}

async function main(): Promise<number> {
  const { job: only = [], jobs, help, ...inputs } = options()
  if (help) {
    process.stdout.write(USAGE)
    return EXIT.ok
  }
  const out = repositoryFile('reports/workflow')
  await rm(out, { recursive: true, force: true })
  const started = performance.now()
  const records = await withDir(
    ({ path }) =>
      runWorkflow({
        ...projectRun(path, out),
        only,
        jobs: jobs === undefined ? availableParallelism() : Number(jobs),
        ...(Object.keys(inputs).length > 0 ? { inputs } : {}),
        onStep: (title, step, seconds, ok) =>
          echo(`${title}: ${`${step} `.padEnd(TITLE, '.')} ${ok ? 'ok' : 'FAILED'} ${seconds.toFixed(0)} s`),
        onJob: ({ title, state, seconds }) => echo(`${title}: ${state} after ${seconds.toFixed(0)} s`),
      }),
    { unsafeCleanup: true },
  )
  const seconds = (performance.now() - started) / 1000
  echo(`\n${table(records)}`)
  const bad = records.filter(({ ok }) => !ok)
  echo(
    `${records.length} jobs in ${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s, ${bad.length} failed`,
  )
  for (const { title, log } of bad) echo(`${title}: see ${relative(process.cwd(), log)}`)
  return bad.length > 0 ? EXIT.failed : EXIT.ok
}

function options() {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      options: {
        job: { ...text, multiple: true },
        jobs: text,
        scenarios: text,
        kernels: text,
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new LabError((error as Error).message, USAGE, EXIT.usage)
  }
}

function table(records: readonly JobRecord[]): string {
  const width = Math.max(...records.map(({ title }) => title.length))
  return records
    .map(
      ({ title, state, seconds }) =>
        `${title.padEnd(width)}  ${state.padEnd(7)}  ${seconds.toFixed(0).padStart(5)} s\n`,
    )
    .join('')
}
