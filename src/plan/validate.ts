/** Refuses a scenario that could not be planned or run, before anything is; each complaint names the file and the field. */
import { describeError, LabError } from '../base/errors.js'
import { unknownWord } from '../base/nearest.js'
import type { Expectation, Scenario } from '../model/scenario.js'
import type { Step } from '../model/steps.js'
import type { ProbeSpec } from '../probes/index.js'
import { type Problem, shapeProblems } from '../topology/shape.js'
import { validateTopology } from '../topology/validate.js'
import { scenarioShape } from './shape.js'

/** The error for a field of a scenario. */
export function malformed(scenario: Scenario, { field, problem, remedy }: Problem): LabError {
  const named = typeof scenario?.id === 'string' ? scenario.id.slice(0, 60) : '?'
  const message = `scenarios/${named}/scenario.ts: ${field}: ${problem}`
  // Names that are refused for what is in them go to a terminal all the same.
  return new LabError(message.replace(/\p{Cc}/gu, '?'), remedy.replace(/\p{Cc}/gu, '?'))
}

/** Throws LabError, naming the field, when a scenario could not be planned or run; whatever it is given, nothing else. */
export function validateScenario(scenario: Scenario): void {
  const remedy = 'the type Scenario (src/scenario/define.ts) says what belongs there'
  const misshapen = shapeProblems(scenarioShape, scenario, '', remedy)[0]
  if (misshapen) throw malformed(scenario, { ...misshapen, field: misshapen.field || 'the scenario itself' })
  const problem = validateTopology(scenario.topology)[0]
  if (problem) throw malformed(scenario, problem)

  const known = (field: string, kind: string, word: string, words: readonly string[]) => {
    if (words.includes(word)) return
    const { message, remedy: nearest } = unknownWord(kind, word, words)
    throw malformed(scenario, { field, problem: message, remedy: nearest })
  }
  const nodes = Object.keys(scenario.topology.nodes)
  const probes = Object.keys(scenario.probes)
  const knownNode = (field: string, node: string) => {
    if (nodes.includes(node)) return
    throw malformed(scenario, {
      field,
      problem: `'${node}' is no node`,
      remedy: `nodes are: ${nodes.join(', ')}`,
    })
  }
  for (const [id, spec] of Object.entries(scenario.probes))
    for (const node of nodesOf(spec)) knownNode(`probes.${id}`, node)
  for (const [id, { proofs }] of Object.entries(scenario.mechanisms))
    for (const [index, { node }] of proofs.entries())
      knownNode(`mechanisms.${id}.proofs[${index}].node`, node)
  for (const control of scenario.controls) known('controls', 'probe', control, probes)

  const knownSettings = (field: string, settings: Readonly<Record<string, string | readonly string[]>>) => {
    for (const [toggle, wanted] of Object.entries(settings)) {
      known(field, 'toggle', toggle, Object.keys(scenario.toggles))
      for (const setting of [wanted].flat())
        known(field, `setting of ${toggle}`, setting, scenario.toggles[toggle]?.settings ?? [])
    }
  }
  for (const [index, { given = {}, fixes, probes: own = [] }] of scenario.experiments.entries()) {
    knownSettings(`experiments[${index}].given`, given as Settings)
    for (const [at, fix] of fixes.entries())
      knownSettings(`experiments[${index}].fixes[${at}]`, fix as Settings)
    for (const probe of own) known(`experiments[${index}].probes`, 'probe', probe, probes)
  }
  for (const [index, expectation] of scenario.expectations.entries()) {
    const { probes: of, mechanism, when = {} } = expectation
    for (const probe of of) known(`expectations[${index}].probes`, 'probe', probe, probes)
    knownSettings(`expectations[${index}].when`, when as Settings)
    if (mechanism !== undefined)
      known(`expectations[${index}].mechanism`, 'mechanism', mechanism, Object.keys(scenario.mechanisms))
    const before = scenario.expectations.slice(0, index).findIndex(other => covers(other, expectation))
    if (before >= 0)
      throw malformed(scenario, {
        field: `expectations[${index}]`,
        problem: `it never counts: the first that fits does, and expectations[${before}] fits wherever it does`,
        remedy: 'put the narrower one first',
      })
  }
}

type Settings = Readonly<Record<string, string | readonly string[]>>

/** The steps that a toggle gives for a setting. Throws LabError when it gives what no run could perform. */
export function stepsOf(scenario: Scenario, toggle: string, make: () => Step[]): Step[] {
  const refuse = (problem: string) =>
    malformed(scenario, {
      field: `toggles.${toggle}.change`,
      problem,
      remedy:
        'every one of its settings must give steps: commands as lists of words, in nodes of the topology',
    })
  let steps: Step[]
  try {
    steps = make()
  } catch (error) {
    throw refuse(`it fails: ${describeError(error)}`)
  }
  if (!Array.isArray(steps) || steps.some(step => typeof step !== 'object' || step === null))
    throw refuse('it gives no list of steps')
  for (const step of steps) {
    const words: unknown = step.do === 'run' || step.do === 'daemon' ? step.argv : ['']
    if (!Array.isArray(words) || words.length === 0 || !words.every(word => typeof word === 'string'))
      throw refuse('it gives a step without a command')
    if (step.node !== null && !Object.hasOwn(scenario.topology.nodes, step.node))
      throw refuse(`it gives a step in '${step.node}', which is no node`)
  }
  return steps
}

/** Whether the first of two expectations holds wherever the second one would. */
function covers(first: Expectation, second: Expectation): boolean {
  const [wide, narrow] = [first, second].map(({ when = {} }) => when as Settings)
  return (
    second.probes.every(probe => first.probes.includes(probe)) &&
    Object.entries(wide ?? {}).every(([toggle, wanted]) => {
      const own = narrow && Object.hasOwn(narrow, toggle) ? narrow[toggle] : undefined
      return own !== undefined && [own].flat().every(setting => [wanted].flat().includes(setting))
    }) &&
    (!first.kernel || JSON.stringify(first.kernel) === JSON.stringify(second.kernel))
  )
}

/** Every node that a probe names. */
function nodesOf(spec: ProbeSpec): string[] {
  switch (spec.kind) {
    case 'ping':
    case 'ipv6-address':
      return [spec.node]
    case 'tcp':
    case 'udp':
      return [spec.node, spec.server.node]
    case 'snat-race':
      return [...spec.clients, spec.queue.node]
    case 'many-connections':
      return [...spec.clients, spec.router, spec.server]
  }
}
