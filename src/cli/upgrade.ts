/** `lab upgrade`: what going from one release to another does, and whether its kernel, its tools or its defaults do it. */
import { existsSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { EXIT, LabError } from '../base/errors.js'
import { takeFolder, writeWhole } from '../base/files.js'
import { seconds } from '../base/text.js'
import { requireTool } from '../base/tools.js'
import { changedDefaults, type NamedDefaults, reversePathFilter } from '../distro/defaults-diff.js'
import { findRelease } from '../distro/releases.js'
import type { FetchedRoot } from '../distro/store.js'
import type { Kernel } from '../kernels/kernel.js'
import { resolveKernel } from '../kernels/resolve.js'
import { fileName } from '../matrix/matrix.js'
import type { Scenario } from '../model/scenario.js'
import { chooseScenarios } from '../plan/catalogue.js'
import { machineDiff } from '../report/machine-diff.js'
import {
  type CellReports,
  compareEnds,
  movedByDefaults,
  movedScenarios,
  type SysctlCell,
  undecidedScenarios,
} from '../upgrade/assemble.js'
import { type CellOptions, type DoneCell, type GuestCell, runHere, runInGuests } from '../upgrade/cells.js'
import { upgradeHtml } from '../upgrade/html.js'
import { ruleLosses } from '../upgrade/own-rules.js'
import {
  type CellRun,
  lackingRuns,
  stopsSomething,
  UPGRADE_SCHEMA,
  type UpgradeReport,
} from '../upgrade/report.js'
import { runSettled } from '../upgrade/settle.js'
import { upgradeMarkdown, upgradeText } from '../upgrade/text.js'
import { askForDefaults } from './distro-defaults.js'
import { askForRules } from './distro-rules.js'
import { fetchShown } from './fetch-shown.js'
import { releaseRoot } from './other-root.js'
import { packagesCalled } from './packages-called.js'

const optionsSchema = z.object({
  sysctl: z.array(z.string()).default([]),
  rules: z.string().optional(),
  out: z.string().default('upgrade'),
  jobs: z.number().default(2),
  iptables: z.enum(['nft', 'legacy', 'both']).optional(),
  accel: z.enum(['kvm', 'tcg']).optional(),
  offline: z.boolean().default(false),
  guests: z.boolean().default(true),
  format: z.enum(['text', 'markdown', 'html', 'json']).default('text'),
})

type Options = z.infer<typeof optionsSchema>

/** A release with all that a cell takes of it. */
interface Release {
  readonly name: string
  readonly root: FetchedRoot
  /** Left out where no guest is to run. */
  readonly kernel?: Kernel
  readonly defaults: NamedDefaults
  /** Where these are, for the runs. */
  readonly file: string
}

/**
 * Runs `lab upgrade`; resolves with the exit status: 1 when something that worked stops to, 3 when something could not be run, or broke. The
 * page, the table and the data go into the folder. Throws LabError for a release, a kernel or a scenario that there is not,
 * before anything is run.
 */
export async function upgrade(
  before: string,
  after: string,
  ids: readonly string[],
  given: object,
): Promise<number> {
  const options = optionsSchema.parse(given)
  const { scenarios } = await chooseScenarios(ids)
  const names = [before, after].map(name => findRelease(name).name)
  if (names[0] === names[1])
    throw new LabError(`${names[0]} is both ends`, 'lab upgrade debian:12 debian:13', EXIT.usage)
  if (options.guests) requireTool('qemu-system-x86_64', 'run a release’s own kernel')
  takeFolder(options.out)
  const roots = [await releaseRoot(before), await releaseRoot(after)] as const
  const older = await prepare(roots[0], options)
  const newer = await prepare(roots[1], options)
  const started = new Date()
  const losses =
    options.rules === undefined
      ? undefined
      : ruleLosses(await askForRules(before, options.rules), await askForRules(after, options.rules))
  const report = {
    ...(await judge(older, newer, ids, scenarios, options)),
    ...(losses ? { rules: losses } : {}),
    started: started.toISOString(),
  }
  const texts = {
    text: upgradeText(report),
    markdown: upgradeMarkdown(report),
    html: upgradeHtml(report),
    json: `${JSON.stringify(report, null, 2)}\n`,
  }
  for (const [format, file] of [
    ['markdown', 'upgrade.md'],
    ['html', 'upgrade.html'],
    ['json', 'upgrade.json'],
  ] as const)
    writeWhole(join(options.out, file), texts[format])
  process.stdout.write(texts[options.format])
  if (stopsSomething(report)) return EXIT.failed
  const broke = lackingRuns(report).length > 0 || report.untold.some(({ why }) => /^error/.test(why))
  return broke ? EXIT.error : EXIT.ok
}

/** Finds a release's kernel, and what it sets at boot with the user's own files. */
async function prepare(root: FetchedRoot, { sysctl, offline, out, guests }: Options): Promise<Release> {
  const { kernel } = findRelease(root.name)
  if (guests && !offline) await fetchShown(kernel)
  const file = resolve(out, `defaults-${fileName(root.name)}.json`)
  const defaults = await askForDefaults(root.name, { sysctl })
  writeWhole(file, `${JSON.stringify(defaults, null, 2)}\n`)
  const own = guests ? { kernel: await resolveKernel(kernel) } : {}
  return { name: root.name, root, ...own, defaults, file }
}

async function judge(
  older: Release,
  newer: Release,
  ids: readonly string[],
  scenarios: readonly Scenario[],
  { out, jobs, iptables, accel }: Options,
): Promise<Omit<UpgradeReport, 'started'>> {
  const begun = performance.now()
  const folder = resolve(out)
  const runs: CellRun[] = []
  const options: CellOptions = {
    folder,
    jobs,
    ...(iptables ? { iptables } : {}),
    ...(accel ? { accel } : {}),
    onDone: run => {
      runs.push({
        name: run.name,
        ...(run.again === undefined ? {} : { again: run.again }),
        ...(run.file === undefined ? {} : { file: run.file }),
        ...(run.problem === undefined ? {} : { problem: run.problem }),
        elapsedMs: run.elapsedMs,
      })
      process.stderr.write(
        `${run.name}: ${run.problem === undefined ? 'done' : `no report: ${run.problem}`} in ${seconds(run.elapsedMs)}\n`,
      )
    },
  }
  const here = (name: string, tools: Release, file: string, only: readonly string[]) =>
    runHere(
      { name: `${name} on the running kernel`, tools: tools.root, defaults: file, scenarios: only },
      options,
    )
  const cell = (of: Release, tools: Release, defaults: Release, only: readonly string[]): GuestCell[] => {
    const { kernel } = of
    if (kernel === undefined) return []
    const name = nameOf(of, tools, defaults)
    return [{ name, kernel, tools: tools.root, defaults: defaults.file, scenarios: only }]
  }
  const inGuests = (cells: readonly GuestCell[]) => runSettled(cells, options, runInGuests)
  const runningBefore = await here(`${older.name}’s tools and defaults`, older, older.file, ids)
  const runningAfter = await here(`${newer.name}’s tools and defaults`, newer, newer.file, ids)
  const endCells = [...cell(older, older, older, ids), ...cell(newer, newer, newer, ids)]
  const ends = await inGuests(endCells)
  let reports: CellReports = {
    ends: { before: ends[0]?.report, after: ends[1]?.report },
    kernel: undefined,
    running: { before: runningBefore.report, tools: undefined, after: runningAfter.report },
  }
  const moved = movedScenarios(reports)
  if (moved.length > 0) {
    const tools = await here(`${newer.name}’s tools, ${older.name}’s defaults`, newer, older.file, moved)
    const [kernel] = await inGuests(cell(newer, older, older, moved))
    reports = { ...reports, kernel: kernel?.report, running: { ...reports.running, tools: tools.report } }
  }
  const undecided = undecidedScenarios(reports)
  if (undecided.length > 0) {
    const [tools, defaults] = await inGuests([
      ...cell(older, newer, older, undecided),
      ...cell(older, older, newer, undecided),
    ])
    reports = { ...reports, older: { tools: tools?.report, defaults: defaults?.report } }
  }
  const changes = changedDefaults(older.defaults, newer.defaults)
  const sysctls = await sysctlCells(older, newer, movedByDefaults(reports), (name, file, only) =>
    here(name, newer, file, only),
  )
  const [one, other] = [ends[0]?.report ?? runningBefore.report, ends[1]?.report ?? runningAfter.report]
  const packages = one && other ? machineDiff(one, other).filter(({ kind }) => kind === 'package') : []
  const called = packagesCalled(scenarios)
  return {
    schema: UPGRADE_SCHEMA,
    before: endOf(older, ends[0], runningBefore),
    after: endOf(newer, ends[1], runningAfter),
    elapsedMs: Math.round(performance.now() - begun),
    tools: packages,
    defaults: {
      changes,
      reversePath: [older, newer].flatMap(({ name, defaults }) =>
        defaults.fromElsewhere === undefined
          ? []
          : [
              {
                name,
                mode: reversePathFilter(defaults).mode,
                dropped: defaults.fromElsewhere === 'dropped',
              },
            ],
      ),
    },
    ...compareEnds(reports, [older.name, newer.name], {
      packages,
      packagesOf: scenario => called.get(scenario) ?? [],
      defaults: changes,
      sysctls,
    }),
    cells: runs,
  }
}

function nameOf(kernel: Release, tools: Release, defaults: Release): string {
  if (tools === kernel && defaults === kernel) return kernel.name
  const what =
    tools === defaults
      ? `${tools.name}’s tools and defaults`
      : `${tools.name}’s tools, ${defaults.name}’s defaults`
  return `${what} on ${kernel.name}’s kernel`
}

function endOf({ name }: Release, own: DoneCell | undefined, running: DoneCell): UpgradeReport['before'] {
  const { report } = own ?? {}
  const version = (report ?? running.report)?.machine.userland?.version
  return {
    name,
    ...(report ? { kernel: report.kernel } : {}),
    ...(version === undefined ? {} : { version }),
  }
}

/** Each group of changed sysctls alone, under the newer tools and else the older defaults. */
async function sysctlCells(
  older: Release,
  newer: Release,
  scenarios: readonly string[],
  here: (name: string, file: string, only: readonly string[]) => Promise<DoneCell>,
): Promise<SysctlCell[]> {
  if (scenarios.length === 0) return []
  const changes = changedDefaults(older.defaults, newer.defaults)
  const groups = [...new Set(changes.map(({ sysctl }) => lastPart(sysctl)))]
  const cells: SysctlCell[] = []
  for (const group of groups) {
    const own = ({ sysctl }: { sysctl: string }) => lastPart(sysctl) === group
    const settings = [
      ...older.defaults.settings.filter(setting => !own(setting)),
      ...newer.defaults.settings.filter(own),
    ]
    const file = join(newer.file, '..', `defaults-${fileName(newer.name)}-${group}.json`)
    if (existsSync(file)) rmSync(file)
    writeWhole(file, `${JSON.stringify({ settings }, null, 2)}\n`)
    const { report } = await here(`${newer.name}’s tools and ${group} alone`, file, scenarios)
    cells.push({ changes: changes.filter(own), report })
  }
  return cells
}

function lastPart(sysctl: string): string {
  return sysctl.slice(sysctl.lastIndexOf('.') + 1)
}
