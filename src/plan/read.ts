/** From what a scenario's file exports to a scenario that can be planned: checked, and with everything in its one form. */
import { LabError } from '../base/errors.js'
import { entryOf } from '../base/records.js'
import { sourceOf } from '../evidence/index.js'
import type { Mechanism } from '../model/evidence.js'
import type { ProbeSpec } from '../model/probe.js'
import type {
  DefinedScenario,
  Expectation,
  ExpectationDefinition,
  Scenario,
  ScenarioDefinition,
} from '../model/scenario.js'
import { type Problem, shapeProblems } from '../model/shape.js'
import type { Toggle } from '../model/toggle.js'
import {
  type LinkEnd,
  type LinkEndDefinition,
  type Node,
  type NodeDefinition,
  partsOf,
} from '../model/topology.js'
import { kindOf } from '../probes/index.js'
import { scenarioShape } from './shape.js'
import { malformed, validateScenario } from './validate.js'

type Definition = ScenarioDefinition<string, Readonly<Record<string, Toggle>>, string, string>

const REMEDY = 'the type ScenarioDefinition (src/model/scenario.ts) says what belongs there'

/**
 * Reads a scenario; `file` is what messages call the file that it is from. Throws LabError, naming the file, the field and
 * the remedy, when it could not be planned or run; whatever it is given, nothing else.
 */
export function readScenario(defined: DefinedScenario, file: string): Scenario {
  const refuse = (problem: Problem) => malformed({ file }, problem)
  const misshapen = shapeProblems(scenarioShape, defined, '', REMEDY)[0]
  if (misshapen) throw refuse({ ...misshapen, field: misshapen.field || 'the scenario itself' })
  const { topology, expect, ...definition } = defined as Definition
  for (const problem of [...probeProblems(definition.probes), ...proofProblems(definition.mechanisms)])
    throw refuse(problem)
  for (const problem of formProblems(definition.probes, expect)) throw refuse(problem)
  const scenario: Scenario = {
    ...(definition as Pick<Scenario, keyof typeof definition>),
    file,
    topology: {
      nodes: Object.fromEntries(Object.entries(topology.nodes).map(([name, node]) => [name, nodeOf(node)])),
      links: topology.links.map(([a, b]) => [linkEnd(a), linkEnd(b)]),
    },
    expect: Object.fromEntries(Object.entries(expect).map(([probe, list]) => [probe, list.map(expectation)])),
  }
  validateScenario(scenario)
  return scenario
}

function nodeOf({ addresses, gateway, routes = [], ...definition }: NodeDefinition): Node {
  const all = [...(gateway === undefined ? [] : [`default via ${gateway}`]), ...routes]
  return {
    ...definition,
    ...(all.length > 0 ? { routes: all } : {}),
    ...(addresses
      ? {
          addresses: Object.fromEntries(
            Object.entries(addresses).map(([device, list]) => [device, [list].flat()]),
          ),
        }
      : {}),
  }
}

function linkEnd(definition: LinkEndDefinition): LinkEnd {
  if (typeof definition === 'string') return partsOf(definition)
  const { end, ...more } = definition
  return { ...partsOf(end), ...more }
}

function expectation(definition: ExpectationDefinition): Expectation {
  const { when, before, since, differs, persisted, tools } = definition
  const common = {
    ...(when === undefined ? {} : { when: when as NonNullable<Expectation['when']> }),
    ...(since ? { kernel: { has: since } } : before ? { kernel: { lacks: before } } : {}),
    ...(differs === undefined ? {} : { differs }),
    ...(persisted === undefined ? {} : { persisted }),
    ...(tools === undefined ? {} : { tools }),
  }
  if ('reached' in definition) {
    const { reached, why } = definition
    return { ...common, outcome: 'fails', mechanism: reached, why }
  }
  if ('refused' in definition) {
    const { refused, why } = definition
    return { ...common, outcome: 'works', refusedBy: refused, why }
  }
  if ('fails' in definition) {
    const { fails, why, statistical } = definition
    return {
      ...common,
      outcome: 'fails',
      mechanism: fails,
      why,
      ...(statistical === undefined ? {} : { statistical }),
    }
  }
  const { works, answeredBy, serverSaw, stops } = definition
  return {
    ...common,
    outcome: 'works',
    why: works,
    ...(answeredBy === undefined ? {} : { answeredBy }),
    ...(serverSaw === undefined ? {} : { serverSaw }),
    ...(stops === undefined ? {} : { mechanism: stops }),
  }
}

/** What is wrong with probes, by what their kinds say. */
function probeProblems(probes: Readonly<Record<string, ProbeSpec>>): Problem[] {
  return Object.entries(probes).flatMap(([id, { kind, ...fields }]) =>
    known(`probes.${id}.kind`, () =>
      shapeProblems(
        kindOf({ kind }).fields,
        fields,
        `probes.${id}`,
        `the probe '${kind}' says what it takes`,
      ),
    ),
  )
}

/** Expectations that speak of an attack as of something that should work, or the other way round. */
function formProblems(probes: Definition['probes'], expect: Definition['expect']): Problem[] {
  return Object.entries(expect).flatMap(([probe, list]) =>
    list.flatMap((definition, index) => {
      const spec = entryOf(probes, probe)
      const isAttack = spec?.attack ?? false
      // A probe that there is not is complained of by its name.
      if (!spec || ('reached' in definition || 'refused' in definition) === isAttack) return []
      const [has, wants] = isAttack
        ? ['an attack', 'reached or refused']
        : ['no attack', 'works or fails; an attack is written attack(…)']
      return [{ field: `expect.${probe}[${index}]`, problem: `the probe is ${has}`, remedy: `say ${wants}` }]
    }),
  )
}

/** What is wrong with proofs, by what their sources say. */
function proofProblems(mechanisms: Readonly<Record<string, Mechanism>>): Problem[] {
  return Object.entries(mechanisms).flatMap(([id, { proofs }]) =>
    proofs.flatMap((proof, index) => {
      const field = `mechanisms.${id}.proofs[${index}]`
      return known(`${field}.source`, () =>
        shapeProblems(
          sourceOf(proof).fields,
          proof,
          field,
          `evidence from '${proof.source}' says what it takes`,
        ),
      )
    }),
  )
}

function known(field: string, problems: () => Problem[]): Problem[] {
  try {
    return problems()
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    return [{ field, problem: error.message, remedy: error.remedy }]
  }
}
