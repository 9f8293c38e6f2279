/** `lab run`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { EXIT, LabError } from '../base/errors.js'
import { takeFolder } from '../base/files.js'
import { anySeed } from '../base/random.js'
import { lastLines } from '../base/text.js'
import type { TopologyInstance } from '../engine/topology-instance.js'
import { loadModules, modulesToLoad } from '../kernel/capabilities.js'
import { defaultBackend, iptablesCommands } from '../kernel/iptables.js'
import type { Defaults } from '../model/defaults.js'
import { EVIDENCE_LEVELS } from '../model/evidence.js'
import { PERSISTENCE } from '../model/persistence.js'
import { defaultSchema, type TrialReport } from '../model/report.js'
import type { Scenario } from '../model/scenario.js'
import { nameTrial } from '../model/trial.js'
import { CONVENTIONS, exitStatus, statusFor } from '../model/verdict.js'
import { checkIds, checkToggles, chooseShard } from '../plan/catalogue.js'
import { mayNeed } from '../plan/needs.js'
import { folderReporter } from '../report/folder.js'
import { profileReporter } from '../report/profile.js'
import { combine, createReporters } from '../report/registry.js'
import { insideWorld, waitOutside } from '../world/enter.js'
import type { OtherRoot } from '../world/root.js'
import { isAlone } from './run-ahead.js'
import { withoutScenarios } from './words.js'
import { type Inside, inWorld } from './world.js'

const optionsSchema = z.object({
  toggle: z.array(z.string()).default([]),
  json: z.string().optional(),
  jobs: z.number().optional(),
  repeat: z.number().default(1),
  shard: z.string().optional(),
  shuffle: z.boolean().default(false),
  seed: z.number().optional(),
  rootless: z.boolean().default(false),
  iptables: z.enum(['nft', 'legacy', 'both']).optional(),
  keepGoing: z.boolean().default(false),
  loadModules: z.boolean().default(false),
  onFailure: z.literal('shell').optional(),
  evidence: z.enum(EVIDENCE_LEVELS).default('basic'),
  out: z.string().optional(),
  reporter: z.array(z.string()).default([]),
  profile: z.boolean().default(false),
  distro: z.string().optional(),
  rootfs: z.string().optional(),
  defaults: z.boolean().default(false),
  sysctl: z.array(z.string()).default([]),
  verbose: z.boolean().default(false),
  origin: z.string().optional(),
  buildId: z.string().optional(),
  exitStatus: z.enum(CONVENTIONS).default('lab'),
  quiet: z.boolean().default(false),
  defaultsFrom: z.string().optional(),
  persist: z.enum([...PERSISTENCE, 'both']).optional(),
})

/** Runs `lab run`; resolves with the exit status. Throws LabError for unknown ids, toggles and unwritable files. */
export async function runCommandLine(given: readonly string[], rawOptions: object): Promise<number> {
  const parsed = optionsSchema.parse(rawOptions)
  const { words: toggle, ids } = await withoutScenarios(parsed.toggle, given)
  const options = { ...parsed, toggle }
  const choose = async () => {
    const chosen = await chooseShard(ids, options.shard)
    checkToggles(chosen.scenarios, options.toggle)
    return chosen
  }
  // To load a catalogue twice would take longer than all else that is done outside: there, it is for what only outside can be done.
  const alone = isAlone(options)
  if (alone && !insideWorld()) await checkIds(ids)
  // Nothing is written and nothing is said inside before what is outside, if anything, has looked at the rest of the words.
  const chosen = alone && !insideWorld() ? undefined : await choose().finally(waitOutside)
  const requests = [...options.reporter, ...(options.json === undefined ? [] : [`json=${options.json}`])]
  const named = createReporters(requests, {
    runs: 1,
    env: process.env,
    submission: options,
    detail: options.quiet ? 'quiet' : options.verbose ? 'verbose' : 'normal',
  })
  if (options.out !== undefined && !insideWorld()) takeFolder(options.out)
  const folder =
    options.out === undefined || !insideWorld()
      ? []
      : [{ name: 'folder', reporter: folderReporter(options.out) }]
  const profile = options.profile
    ? [{ name: 'profile', reporter: profileReporter(text => process.stderr.write(`\n${text}`)) }]
    : []
  const reporters = combine([...named, ...folder, ...profile], text => process.stderr.write(`lab: ${text}\n`))
  if (chosen && alone === insideWorld()) await seeToModules(chosen.scenarios, options)
  const work = async ({ rootless, signal }: Inside) => {
    const { scenarios, broken } = chosen ?? (await choose())
    const { run } = await import('../engine/run.js')
    const plain = await defaultBackend()
    const backends =
      options.iptables === 'both'
        ? ([plain, plain === 'nft' ? 'legacy' : 'nft'] as const)
        : [options.iptables ?? plain]
    const defaults =
      options.defaultsFrom === undefined
        ? options.defaults
          ? await checkedDefaults()
          : undefined
        : readDefaults(options.defaultsFrom)
    const seed = options.seed ?? (options.shuffle ? anySeed() : undefined)
    if (seed !== undefined) process.stderr.write(`lab: shuffled; the same order again: --seed ${seed}\n`)
    const report = await run({
      scenarios,
      broken,
      backends: backends.map(backend => ({ backend, commands: iptablesCommands(backend, plain) })),
      toggles: options.toggle,
      ...(defaults ? { defaults } : {}),
      ...(options.persist ? { persist: options.persist === 'both' ? PERSISTENCE : [options.persist] } : {}),
      ...(options.onFailure
        ? { jobs: 1, onSurprise: openShell }
        : options.jobs
          ? { jobs: options.jobs }
          : {}),
      repeat: options.repeat,
      ...(seed === undefined ? {} : { seed }),
      ...(options.shard === undefined ? {} : { shard: options.shard }),
      keepGoing: options.keepGoing,
      rootless,
      evidence: options.evidence,
      ...(options.out === undefined ? {} : { out: options.out }),
      signal,
      emit: event => reporters.event({ ...event, at: Date.now() }),
    })
    await reporters.close()
    if (
      options.toggle.length > 0 &&
      broken.length === 0 &&
      report.scenarios.every(({ trials }) => trials.length === 0)
    )
      throw new LabError(
        'no fix of these scenarios sets those toggles',
        'lab list shows which scenario has which toggle',
        2,
      )
    return statusFor(options.exitStatus, exitStatus(report.scenarios.map(({ verdict }) => verdict)))
  }
  const root = alone || insideWorld() ? undefined : await otherRootOf(options)
  const status = inWorld(options.rootless, work, { shell: options.onFailure === 'shell', root })
  // Where no world can be made, what is wrong with the words would be told last.
  return status.catch(async (error: unknown) => {
    if (!chosen) await choose()
    throw error
  })
}

/** The root that a run asks for, with the files of the machine that it takes along into it. Throws what `chooseRoot` throws. */
async function otherRootOf(options: z.infer<typeof optionsSchema>): Promise<OtherRoot | undefined> {
  const { chooseRoot } = await import('./other-root.js')
  // One's own files are put into a root: this machine's, where no other was asked for.
  const choice = options.sysctl.length > 0 ? { rootfs: '/', ...options } : options
  return chooseRoot(choice, outputsOf(options), options.sysctl)
}

/** What the root that this process is in sets by itself. Throws LabError where its own systemd-sysctl says otherwise. */
async function checkedDefaults(): Promise<Defaults> {
  const { releaseDefaults } = await import('../distro/defaults.js')
  const { settings, differs } = await releaseDefaults()
  const [first] = differs
  if (first === undefined) return settings
  throw new LabError(
    `this release's own systemd-sysctl makes ${first.sysctl} ${first.actual}, and not ${first.computed}, as its files say`,
    'the lab reads its files wrong: report it; without --defaults, the lab sets every sysctl itself',
  )
}

/** Somebody else's defaults, as `lab distro defaults --json` prints them. Throws LabError (exit 2). */
function readDefaults(file: string): Defaults {
  const refuse = (why: string) =>
    new LabError(`${file} has no defaults: ${why}`, 'lab distro defaults NAME --json prints some', EXIT.usage)
  try {
    return z.object({ settings: z.array(defaultSchema) }).parse(JSON.parse(readFileSync(file, 'utf8')))
      .settings
  } catch (error) {
    throw refuse((error as NodeJS.ErrnoException).code ?? lastLines((error as Error).message))
  }
}

/** Files and folders of the machine that a run takes along into another root: what it writes, and whose defaults it takes. */
function outputsOf({ reporter, json, out, defaultsFrom }: z.infer<typeof optionsSchema>): string[] {
  const files = [...reporter.map(request => request.replace(/^[^=]*=?/, '')), json ?? '']
  return [
    ...files.filter(file => file !== '' && file !== '-'),
    ...(out === undefined ? [] : [join(out, 'report')]),
    ...(defaultsFrom === undefined ? [] : [defaultsFrom]),
  ]
}

/** With --load-modules, loads what the scenarios may need: outside, as nothing inside the world may. Else says once what only root can load. */
async function seeToModules(
  scenarios: readonly Scenario[],
  { loadModules: load, iptables }: Pick<z.infer<typeof optionsSchema>, 'loadModules' | 'iptables'>,
): Promise<void> {
  if (load) return loadModules(scenarios.flatMap(scenario => mayNeed(scenario, iptables)))
  const backend = iptables ?? (await defaultBackend())
  const missing = modulesToLoad(scenarios.flatMap(scenario => mayNeed(scenario, backend)))
  if (missing.length === 0) return
  const brings = [...new Set(missing.flatMap(module => module.brings))]
  const names = missing.map(({ module }) => module).join(' ')
  process.stderr.write(
    `lab: not loaded, and only root can: ${names}; what needs ${brings.join(' and ')} is skipped\n  → sudo modprobe -a ${names}\n`,
  )
}

/** Stops in the topology of a surprise: the trial in words, then a shell in the node that the probe was seen from. */
async function openShell(topology: TopologyInstance, trial: TrialReport, node: string): Promise<void> {
  const { shellIn } = await import('./shell-in.js')
  process.stderr.write(
    `\n${nameTrial(trial)}: ${trial.verdict}: ${trial.why}\nYou are in ${node}; 'exit' goes on with the run.\n`,
  )
  await shellIn(topology, node)
}
