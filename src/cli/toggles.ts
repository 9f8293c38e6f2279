/** `lab toggles`. */
import { z } from 'zod'
import { EXIT, LabError } from '../base/errors.js'
import { run } from '../engine/run.js'
import { loadModules } from '../kernel/capabilities.js'
import { defaultBackend, iptablesCommands } from '../kernel/iptables.js'
import { runningVersion } from '../kernel/running.js'
import type { Report, TrialReport } from '../model/report.js'
import type { Scenario, Settings } from '../model/scenario.js'
import { chooseScenarios } from '../plan/catalogue.js'
import { fixIn, settingsFor } from '../plan/find-settings.js'
import { mayNeed } from '../plan/needs.js'
import { ordinaryProbes } from '../plan/plan.js'
import { renderInteractions } from '../report/html/interactions.js'
import { interactionsOf, isGood, type SettingRow } from '../report/interactions.js'
import { interactionsMarkdown, interactionsText } from '../report/interactions-text.js'
import { readReport } from '../report/read.js'
import { insideWorld } from '../world/enter.js'
import { type Inside, inWorld } from './world.js'

const optionsSchema = z.object({
  find: z.boolean().default(false),
  report: z.string().optional(),
  format: z.enum(['text', 'markdown', 'html', 'json']).default('text'),
  iptables: z.enum(['nft', 'legacy']).optional(),
  rootless: z.boolean().default(false),
  loadModules: z.boolean().default(false),
})
type Options = z.infer<typeof optionsSchema>

const FORMATS: Readonly<Record<Options['format'], (rows: SettingRow[], kernel: string) => string>> = {
  text: interactionsText,
  markdown: interactionsMarkdown,
  html: renderInteractions,
  json: (rows, kernel) => `${JSON.stringify({ kernel, settings: rows }, null, 2)}\n`,
}

/**
 * Runs `lab toggles`: what each setting of a toggle does in each of these scenarios, by a run of them or by a report; with `--find`,
 * the settings under which all of them work. Resolves with the exit status: 1 where there are none. Throws LabError (exit 2) for
 * an unknown id and for a file that is no report.
 */
export async function toggles(ids: readonly string[], given: object): Promise<number> {
  const options = optionsSchema.parse(given)
  const { scenarios, broken } = await chooseScenarios(ids)
  const [unusable] = ids.length > 0 ? broken : []
  if (unusable) throw unusable.problem
  if (options.find) return findTogether(scenarios, ids, options)
  if (options.report !== undefined) return tell(readReport(options.report), ids, options)
  return inRunningKernel(scenarios, options, async inside =>
    tell(await runAll(scenarios, options, inside), ids, options),
  )
}

function tell({ kernel, scenarios }: Report, ids: readonly string[], { format }: Options): number {
  const chosen = scenarios.filter(({ id }) => ids.length === 0 || ids.includes(id))
  process.stdout.write(FORMATS[format](interactionsOf({ scenarios: chosen }), kernel.version))
  return chosen.some(({ verdict }) => verdict === 'error') ? EXIT.error : EXIT.ok
}

/** What one scenario comes to under some settings. */
interface Tried {
  readonly scenario: string
  /** Probes that did not come out well, with what they saw. */
  readonly bad: readonly Pick<TrialReport, 'probe' | 'says'>[]
  /** What came of its guards: `neighbour-reaches-vm fails`. */
  readonly guards: readonly string[]
}

async function findTogether(
  scenarios: readonly Scenario[],
  ids: readonly string[],
  options: Options,
): Promise<number> {
  if (ids.length === 0)
    throw new LabError(
      'no scenario is named that the settings are to be found for',
      'lab toggles --find hairpin-ipv6-dad nova-float-hairpin',
      EXIT.usage,
    )
  if (options.format === 'html' || options.format === 'markdown' || options.report !== undefined)
    throw new LabError(
      `--find takes neither a report nor the format ${options.format}`,
      'it runs what it finds; leave --report out, and print text or json',
      EXIT.usage,
    )
  return inRunningKernel(scenarios, options, async inside => {
    const kernel = runningVersion()
    let expected = 0
    for (const level of settingsFor(scenarios, kernel)) {
      expected += level.length
      const came = await tryOut(scenarios, level, options, inside)
      for (const answer of came) process.stderr.write(surprise(answer))
      const works = came.filter(({ tried }) => tried.every(({ bad }) => bad.length === 0))
      if (works.length === 0) continue
      process.stdout.write(options.format === 'json' ? asJson(works) : asText(ids, works))
      return EXIT.ok
    }
    process.stdout.write(
      options.format === 'json'
        ? asJson([])
        : `no settings found under which ${ids.join(', ')} work at once: ${expected === 0 ? 'none is expected to' : `${expected} were expected to, and did not`}\n`,
    )
    return EXIT.failed
  })
}

interface Answer {
  readonly settings: Settings
  readonly tried: readonly Tried[]
}

/** Runs every scenario under each of these settings; those that are the same in a scenario, once. */
async function tryOut(
  scenarios: readonly Scenario[],
  level: readonly Settings[],
  options: Options,
  inside: Inside,
): Promise<Answer[]> {
  const derived = scenarios.map((scenario): Scenario => {
    const fixes = new Map(
      level.map(settings => [titleOf(fixIn(scenario, settings)), fixIn(scenario, settings)]),
    )
    const fresh = scenario.experiments.some(experiment => experiment.fresh)
    return {
      ...scenario,
      experiments: [...fixes].map(([title, fix]) => ({
        title,
        fixes: Object.keys(fix).length > 0 ? [fix] : [],
        probes: ordinaryProbes(scenario),
        guards: guardsOf(scenario),
        ...(fresh ? { fresh: true as const } : {}),
      })),
    }
  })
  const report = await runAll(derived, options, inside)
  return level.map(settings => ({
    settings,
    tried: scenarios.map(scenario => {
      const fix = fixIn(scenario, settings)
      const phase = Object.keys(fix).length > 0 ? 'fixed' : 'broken'
      const trials = (report.scenarios.find(({ id }) => id === scenario.id)?.trials ?? []).filter(
        trial => trial.experiment === titleOf(fix) && trial.phase === phase,
      )
      const none = { probe: scenario.id, says: 'nothing could be tried' }
      const guards = guardsOf(scenario)
      const bad = trials.filter(trial => !guards.includes(trial.probe) && isGood(trial) !== true)
      return {
        scenario: scenario.id,
        bad: trials.length === 0 ? [none] : bad,
        guards: trials.flatMap(({ probe, outcome }) =>
          guards.includes(probe) ? [`${probe} ${outcome}`] : [],
        ),
      }
    }),
  }))
}

/** Settings that were expected to do and did not, in a line; nothing of others. */
function surprise({ settings, tried }: Answer): string {
  const bad = tried.flatMap(({ scenario, bad }) =>
    bad.map(({ probe, says }) => `${scenario}: ${probe}: ${says}`),
  )
  return bad.length === 0
    ? ''
    : `expected to do, and did not: ${words(settings).join(', ')} (${bad.join('; ')})\n`
}

function titleOf(fix: Settings): string {
  return words(fix).join(' ') || 'nothing set'
}

function words(settings: Settings): string[] {
  return Object.entries(settings).map(entry => entry.join('='))
}

/** Guards that come out otherwise than under most of the answers: what these settings cost, or cannot do. */
function unlikeMost({ tried }: Answer, all: readonly Answer[]): string[] {
  const guards = all.flatMap(answer => answer.tried.flatMap(one => one.guards))
  return tried
    .flatMap(one => one.guards)
    .filter(guard => 2 * guards.filter(other => other === guard).length < all.length)
}

/** The guards of a scenario's experiments, each once. */
function guardsOf({ experiments }: Scenario): string[] {
  return [...new Set(experiments.flatMap(({ guards = [] }) => guards))]
}

function asText(ids: readonly string[], works: readonly Answer[]): string {
  const lines = works.map(answer => {
    const price = unlikeMost(answer, works)
    return `    ✓ ${words(answer.settings).join(', ')}${price.length > 0 ? ` (unlike with most others, ${price.join(', ')})` : ''}\n`
  })
  return `${ids.join(', ')} ${ids.length === 1 ? 'works' : 'work at once'} under these settings, tried on this kernel, and under none of fewer toggles:\n${lines.join('')}`
}

function asJson(works: readonly Answer[]): string {
  return `${JSON.stringify(
    works.map(({ settings }) => settings),
    null,
    2,
  )}\n`
}

async function inRunningKernel(
  scenarios: readonly Scenario[],
  options: Options,
  work: (inside: Inside) => Promise<number>,
): Promise<number> {
  if (options.loadModules && !insideWorld())
    await loadModules(scenarios.flatMap(scenario => mayNeed(scenario, options.iptables)))
  return inWorld(options.rootless, work)
}

/** Runs scenarios; each is told on standard error when it is over. */
async function runAll(
  scenarios: readonly Scenario[],
  options: Options,
  { rootless, signal }: Inside,
): Promise<Report> {
  const plain = await defaultBackend()
  const backend = options.iptables ?? plain
  return run({
    scenarios,
    backends: [{ backend, commands: iptablesCommands(backend, plain) }],
    toggles: [],
    repeat: 1,
    keepGoing: true,
    rootless,
    signal,
    emit: event => {
      if (event.type === 'scenario-end') process.stderr.write(`${event.scenario}: ${event.verdict}\n`)
    },
  })
}
