/** Tries liars against the scenarios that they are of, all of them in one run for each level of evidence. */
import { run } from '../../src/engine/run.js'
import { defaultBackend, iptablesCommands } from '../../src/kernel/iptables.js'
import { runningVersion } from '../../src/kernel/running.js'
import type { ScenarioReport } from '../../src/model/report.js'
import type { Experiment, Scenario } from '../../src/model/scenario.js'
import { planScenario } from '../../src/plan/plan.js'
import type { BuildLiar } from './build.js'
import { type EvidenceLiar, restsOn, withLyingSource } from './evidence.js'
import { changeOf, type ToggleLiar } from './generate.js'
import type { Liar } from './liar.js'
import { liesAbout } from './lies.js'
import { type Outcome, outcomeOf } from './outcome.js'
import { Phases } from './phases.js'
import { Stand } from './stand.js'

/** A liar's turn. */
interface Turn {
  /** The liar's scenario, in which it lies. */
  readonly scenario: Scenario
  /** Whether any lie was told while something rested on it; undefined where none was told at all. */
  told(report: ScenarioReport): boolean | undefined
}

interface Trying {
  readonly stand: Stand
  readonly signal: AbortSignal
  readonly jobs?: number
  readonly evidence: 'basic' | 'full'
  /** Whether a liar's first experiment alone is tried, with its first fix, once. */
  readonly brief: boolean
  readonly progress: (text: string) => void
}

/** How many liars have had their turn each time that it is told how far it is. */
const PROGRESS_EVERY = 100

/**
 * Tries liars; `folder` is where the stand is that begins the PATH. Most are caught, and by name, in the first experiment that
 * they lie in: all that they lie in is tried of the others only.
 */
export async function tryLiars(
  liars: readonly Liar[],
  {
    folder,
    ...options
  }: {
    readonly folder: string
    readonly signal: AbortSignal
    /** Experiments at once; as many as the machine's load lets a run of the lab have when left out. */
    readonly jobs?: number
    /** Is told how far it is, now and then. */
    readonly progress: (text: string) => void
  },
): Promise<Outcome[]> {
  const stand = new Stand(folder)
  const found = new Map<Liar, Outcome>()
  for (const brief of [true, false]) {
    const left = liars.filter(liar => !isPlain(found.get(liar)))
    // What toggles and topologies come to is basic evidence; traces and captures cost more, and are lied about by themselves.
    const full = left.filter(liar => liar.of === 'evidence' && liar.level === 'full')
    const others = left.filter(liar => !full.includes(liar))
    for (const [evidence, own] of [['full', full] as const, ['basic', others] as const])
      for (const outcome of await tryAt(own, { ...options, stand, evidence, brief }))
        found.set(outcome.liar, outcome)
  }
  return liars.flatMap(liar => found.get(liar) ?? [])
}

/** Whether an outcome would be no other if more were tried. */
function isPlain(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && ['named', 'regressed', 'unexpected-pass'].includes(outcome.came)
}

async function tryAt(liars: readonly Liar[], trying: Trying): Promise<Outcome[]> {
  if (liars.length === 0) return []
  const { stand, signal, jobs, evidence, brief, progress } = trying
  stand.forget()
  const backend = await defaultBackend()
  const phases = new Phases()
  let over = 0
  const turns = liars.map((liar, at) => ({ liar, ...turnOf(liar, at + 1, trying, phases) }))
  const { scenarios } = await run({
    scenarios: turns.map(({ scenario }) => scenario),
    backends: [{ backend, commands: iptablesCommands(backend, backend) }],
    toggles: [],
    repeat: 1,
    tries: brief ? 1 : 2,
    ...(jobs === undefined ? {} : { jobs }),
    keepGoing: false,
    rootless: false,
    evidence,
    emit(event) {
      phases.add(event, Date.now())
      if (event.type !== 'scenario-end' || ++over % PROGRESS_EVERY !== 0) return
      progress(`${over} of ${liars.length}, ${brief ? 'briefly' : 'as a whole'}, with ${evidence} evidence`)
    },
    signal,
  })
  const reports = new Map(scenarios.map(report => [report.id, report]))
  return turns.map(({ liar, scenario, told }) => {
    const report = reports.get(scenario.id)
    if (!report) throw new Error(`no report of ${scenario.id}`)
    return outcomeOf(liar, report, told(report))
  })
}

/** The first of some experiments, with the first of its fixes. */
function briefly([first]: readonly Experiment[]): Experiment[] {
  return first ? [{ ...first, fixes: first.fixes.slice(0, 1) }] : []
}

/** The scenario with a liar in it, which has a number by which the stand knows it: its place among the run's scenarios. */
function turnOf(liar: Liar, number: number, trying: Trying, phases: Phases): Turn {
  const id = `${liar.scenario.id}.${number}`
  switch (liar.of) {
    case 'toggle':
      return turnOfToggle(liar, id, number, trying, phases)
    case 'build':
      return turnOfBuild(liar, id, number, trying)
    case 'evidence': {
      const lying = withLyingSource(liar)
      return {
        scenario: { ...lying, id, experiments: [experimentOf(liar)] },
        told: ({ trials }) => trials.some(trial => restsOn(trial, liar)),
      }
    }
  }
}

function turnOfToggle(
  liar: ToggleLiar,
  id: string,
  number: number,
  { stand, brief }: Trying,
  phases: Phases,
): Turn {
  const { toggle, setting, lie, experiments } = liar
  const honest = liar.scenario.toggles[toggle]
  if (!honest) throw new Error(`${liar.scenario.id} has no toggle ${toggle}`)
  const lying: typeof honest = {
    ...honest,
    change(to, from, context) {
      const change = changeOf(liar.scenario, toggle, { to, from, context })
      const found = to === setting ? liesAbout(change).find(({ name }) => name === lie) : undefined
      for (const [at, telling] of found?.tellings.entries() ?? []) {
        const step = change.steps[at]
        if (step && telling) stand.tell(number, step, telling)
      }
      return honest.change(to, from, context)
    },
  }
  const scenario = {
    ...liar.scenario,
    id,
    toggles: { ...liar.scenario.toggles, [toggle]: lying },
    experiments: brief ? briefly(experiments) : experiments,
  }
  return {
    scenario,
    told() {
      const { now, later } = stand.told(number)
      if (now.length === 0) return undefined
      // What was taken back once the phase was over was taken back from nobody.
      return later.length === 0 || later.some(lie => phases.had(scenario, toggle, setting, lie))
    },
  }
}

function turnOfBuild(
  { scenario, tool, node, sed }: BuildLiar,
  id: string,
  number: number,
  { stand, brief }: Trying,
): Turn {
  stand.edit(number, tool, node, sed)
  const first = scenario.experiments.slice(0, 1)
  return {
    scenario: { ...scenario, id, experiments: brief ? briefly(first) : first },
    told: () => (stand.told(number).now.length === 0 ? undefined : true),
  }
}

/**
 * The first experiment in which something rests on what a liar says: one that fails, or is refused, by its mechanism, and for what
 * it invents, one that is repaired as well.
 */
function experimentOf({ scenario, mechanism, lie }: EvidenceLiar): Experiment {
  const experiments = planScenario(scenario, {
    kernel: runningVersion(),
    iptables: 'nft',
    commands: iptablesCommands('nft', 'nft'),
    instance: '',
  }).map(({ phases }, at) => ({ at, trials: phases.flatMap(({ trials }) => trials) }))
  const watching = experiments.filter(({ trials }) =>
    trials.some(({ mechanisms }) => mechanisms.includes(mechanism)),
  )
  const failing = watching.filter(({ trials }) =>
    trials.some(
      ({ expectation: { outcome, mechanism: id, refusedBy } }) =>
        (outcome === 'fails' && id === mechanism) || refusedBy === mechanism,
    ),
  )
  const repaired = (failing.length > 0 ? failing : watching).filter(({ trials }) =>
    trials.some(
      ({ mechanisms, expectation: { outcome, refusedBy } }) =>
        mechanisms.includes(mechanism) && outcome === 'works' && refusedBy !== mechanism,
    ),
  )
  const [chosen = experiments[0]] = lie === 'invents' ? [...repaired, ...failing] : [...failing, ...watching]
  const found = scenario.experiments[chosen?.at ?? 0]
  if (!found) throw new Error(`${scenario.id} has no experiment`)
  return found
}
