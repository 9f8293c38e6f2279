/** The runs that an upgrade is judged by: a release's tools on the running kernel, or on another one in a guest. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { projectRoot } from '../base/root.js'
import { lastLines } from '../base/text.js'
import type { FetchedRoot } from '../distro/store.js'
import type { Kernel } from '../kernels/kernel.js'
import { runIntoFolder } from '../matrix/folder.js'
import { fileName, type MatrixOptions } from '../matrix/matrix.js'
import type { Report } from '../model/report.js'
import { readReport } from '../report/read.js'
import type { CellRun } from './report.js'

/** Tools and defaults on a kernel. */
export interface Cell {
  /** What it is called, which no other cell of the upgrade is. */
  readonly name: string
  readonly tools: FetchedRoot
  /** File with the defaults, as `lab distro defaults --json` prints them. */
  readonly defaults: string
  /** Ids of scenarios; all when empty. */
  readonly scenarios: readonly string[]
  /** The cell of which it does again what broke. */
  readonly again?: string
}

/** A cell in a guest. */
export interface GuestCell extends Cell {
  readonly kernel: Kernel
}

/** What all cells of an upgrade have in common. */
export interface CellOptions {
  /** Where reports and consoles go. */
  readonly folder: string
  readonly jobs: number
  readonly iptables?: MatrixOptions['iptables']
  readonly accel?: MatrixOptions['accel']
  /** Told of each run as it is over. */
  readonly onDone: (run: CellRun) => void
}

/** A cell's run with its report, where there is one. */
export interface DoneCell extends CellRun {
  readonly report: Report | undefined
}

/** Runs a cell on the running kernel, in a process of its own, as each has a world of its own. */
export async function runHere(
  { name, tools, defaults, scenarios }: Cell,
  { folder, iptables, onDone }: CellOptions,
): Promise<DoneCell> {
  const started = performance.now()
  const file = join(folder, `${fileName(name)}.json`)
  const result = await execa(
    process.execPath,
    [
      join(projectRoot(), 'dist/src/cli/main.js'),
      ...['run', ...scenarios, '--distro', tools.name, '--defaults-from', defaults],
      ...['--keep-going', '--persist', 'both', '--json', file],
      ...(iptables ? ['--iptables', iptables] : []),
    ],
    { reject: false, stdin: 'ignore' },
  )
  const report = existsSync(file) ? readReport(file) : undefined
  const run: DoneCell = {
    name,
    report,
    ...(report ? { file } : { problem: lastLines(result.stderr, 2) }),
    elapsedMs: Math.round(performance.now() - started),
  }
  onDone(run)
  return run
}

/** Runs cells in guests, some at once; the results in the order of the cells. Throws LabError, and GuestError `aborted`. */
export async function runInGuests(
  cells: readonly GuestCell[],
  { folder, jobs, iptables, accel, onDone }: CellOptions,
): Promise<DoneCell[]> {
  const [first] = cells
  if (!first) return []
  const againOf = new Map(
    cells.flatMap(({ name, again }) => (again === undefined ? [] : [[name, { again }]])),
  )
  const done = (run: Awaited<ReturnType<typeof runIntoFolder>>[number]): DoneCell => ({
    name: run.kernel,
    ...againOf.get(run.kernel),
    report: run.report,
    ...(run.report ? { file: join(folder, `${fileName(run.kernel)}.json`) } : {}),
    ...(run.problem === undefined ? {} : { problem: run.problem }),
    elapsedMs: run.elapsedMs,
  })
  const runs = await runIntoFolder(
    cells.map(({ name, kernel, tools, defaults }) => ({
      name,
      kernel,
      root: { folder: tools.root, argv: ['--distro', tools.name, '--defaults-from', defaults] },
    })),
    folder,
    {
      scenarios: first.scenarios,
      jobs,
      ...(iptables ? { iptables } : {}),
      ...(accel ? { accel } : {}),
      onDone: run => onDone(done(run)),
    },
  )
  return runs.map(done)
}
