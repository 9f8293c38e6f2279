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
  /** Whether any lie was told while something rested on it. */
  told(report: ScenarioReport): boolean
}

/** Tries liars; `folder` is where the stand is that begins the PATH. */
export async function tryLiars(
  liars: readonly Liar[],
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<Outcome[]> {
  const stand = new Stand(folder)
  // What toggles and topologies come to is basic evidence; traces and captures cost more, and are lied about by themselves.
  const full = liars.filter(liar => liar.of === 'evidence' && liar.level === 'full')
  const others = liars.filter(liar => !full.includes(liar))
  return [...(await tryAt('full', full, stand, signal)), ...(await tryAt('basic', others, stand, signal))]
}

async function tryAt(
  evidence: 'basic' | 'full',
  liars: readonly Liar[],
  stand: Stand,
  signal: AbortSignal,
): Promise<Outcome[]> {
  if (liars.length === 0) return []
  const backend = await defaultBackend()
  const phases = new Phases()
  const turns = liars.map((liar, at) => ({ liar, ...turnOf(liar, at + 1, stand, phases) }))
  const { scenarios } = await run({
    scenarios: turns.map(({ scenario }) => scenario),
    backends: [{ backend, commands: iptablesCommands(backend, backend) }],
    toggles: [],
    repeat: 1,
    keepGoing: false,
    rootless: false,
    evidence,
    emit: event => phases.add(event, Date.now()),
    signal,
  })
  const reports = new Map(scenarios.map(report => [report.id, report]))
  return turns.map(({ liar, scenario, told }) => {
    const report = reports.get(scenario.id)
    if (!report) throw new Error(`no report of ${scenario.id}`)
    return outcomeOf(liar, report, told(report))
  })
}

/** The scenario with a liar in it, which has a number by which the stand knows it: its place among the run's scenarios. */
function turnOf(liar: Liar, number: number, stand: Stand, phases: Phases): Turn {
  const id = `${liar.scenario.id}.${number}`
  switch (liar.of) {
    case 'toggle':
      return turnOfToggle(liar, id, number, stand, phases)
    case 'build':
      return turnOfBuild(liar, id, number, stand)
    case 'evidence': {
      const lying = withLyingSource(liar)
      return {
        scenario: { ...lying, id, experiments: [experimentOf(liar)] },
        told: ({ trials }) => trials.some(trial => restsOn(trial, liar)),
      }
    }
  }
}

function turnOfToggle(liar: ToggleLiar, id: string, number: number, stand: Stand, phases: Phases): Turn {
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
    experiments,
  }
  return {
    scenario,
    told() {
      const { now, later } = stand.told(number)
      if (now.length === 0) throw new Error(`${id}: ${liar.tool} has never lied: ${lie}`)
      // What was taken back once the phase was over was taken back from nobody.
      return later.length === 0 || later.some(atMs => phases.had(scenario, toggle, setting, atMs))
    },
  }
}

function turnOfBuild(
  { scenario, tool, node, sed, lie }: BuildLiar,
  id: string,
  number: number,
  stand: Stand,
): Turn {
  stand.edit(number, tool, node, sed)
  return {
    scenario: { ...scenario, id, experiments: scenario.experiments.slice(0, 1) },
    told() {
      if (stand.told(number).now.length === 0) throw new Error(`${id}: ${tool} has never lied: ${lie}`)
      return true
    },
  }
}

/**
 * The first experiment in which something rests on what a liar says: one that fails by its mechanism, and for what it invents,
 * one that is repaired as well.
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
    trials.some(({ expectation: { outcome, mechanism: id } }) => outcome === 'fails' && id === mechanism),
  )
  const repaired = (failing.length > 0 ? failing : watching).filter(({ trials }) =>
    trials.some(
      ({ mechanisms, expectation }) => mechanisms.includes(mechanism) && expectation.outcome === 'works',
    ),
  )
  const [chosen = experiments[0]] = lie === 'invents' ? [...repaired, ...failing] : [...failing, ...watching]
  const found = scenario.experiments[chosen?.at ?? 0]
  if (!found) throw new Error(`${scenario.id} has no experiment`)
  return found
}
