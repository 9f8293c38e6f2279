/** Refuses a scenario that could not be planned or run, before anything is; each complaint names the file and the field. */
import { describeError, LabError } from '../base/errors.js'
import { unknownWord } from '../base/nearest.js'
import type { Part } from '../model/audit.js'
import { pattern } from '../model/fields.js'
import type { Expectation, Scenario, Settings } from '../model/scenario.js'
import type { Problem } from '../model/shape.js'
import type { Step } from '../model/steps.js'
import { partsOf, type Topology } from '../model/topology.js'
import { kindOf } from '../probes/index.js'
import { validateTopology } from '../topology/validate.js'
import { defaultSettings } from './expectations.js'

/** The error for a field of a scenario. */
export function malformed({ file }: Pick<Scenario, 'file'>, { field, problem, remedy }: Problem): LabError {
  const message = `${file}: ${field}: ${problem}`
  // Names that are refused for what is in them go to a terminal all the same.
  return new LabError(message.replace(/\p{Cc}/gu, '?'), remedy.replace(/\p{Cc}/gu, '?'))
}

/** Throws LabError, naming file, field and remedy, when names of a well-shaped scenario do not fit together. */
export function validateScenario(scenario: Scenario): void {
  const problem =
    validateTopology(scenario.topology)[0] ??
    nodeProblems(scenario)[0] ??
    expectationProblems(scenario)[0] ??
    experimentProblems(scenario)[0] ??
    auditProblems(scenario)[0]
  if (problem) throw malformed(scenario, problem)
}

/** Probes, toggles and proofs that name a node or a device that there is not. */
function nodeProblems({ topology, probes, toggles, mechanisms }: Scenario): Problem[] {
  const nodes = Object.keys(topology.nodes)
  const unknown = (field: string, names: readonly string[]): Problem[] =>
    names
      .filter(name => !nodes.includes(name))
      .map(name => ({ field, problem: `'${name}' is no node`, remedy: `nodes are: ${nodes.join(', ')}` }))
  const places = Object.entries(mechanisms).flatMap(([id, { at, proofs }]) => [
    ...(at === undefined ? [] : [{ field: `mechanisms.${id}.at`, ...partsOf(at) }]),
    ...proofs.map((proof, index) => ({
      field: `mechanisms.${id}.proofs[${index}]`,
      node: proof.node,
      ...('device' in proof ? { device: String(proof.device) } : {}),
    })),
  ])
  return [
    ...Object.entries(probes).flatMap(([id, spec]) => unknown(`probes.${id}`, kindOf(spec).nodes(spec))),
    ...Object.entries(toggles).flatMap(([id, toggle]) => unknown(`toggles.${id}`, toggle.nodes)),
    ...places.flatMap(({ field, node }) => unknown(`${field}.node`, [node])),
    ...places.flatMap(({ field, node, ...place }): Problem[] => {
      const device = 'device' in place ? place.device : undefined
      const known = devicesOf(topology, node)
      if (device === undefined || known.includes(device)) return []
      return [
        {
          field: `${field}.device`,
          problem: `'${device}' is no device of '${node}'`,
          remedy: `it has: ${known.join(', ')}`,
        },
      ]
    }),
  ]
}

function devicesOf({ nodes, links }: Topology, node: string): string[] {
  const linked = links.flat().flatMap(end => (end.node === node ? [end.device] : []))
  return ['lo', ...linked, ...Object.keys(nodes[node]?.bridges ?? {})]
}

/** A complaint about a word that is not among the known ones. */
function unknownWords(
  field: string,
  kind: string,
  words: readonly string[],
  known: readonly string[],
): Problem[] {
  return words
    .filter(word => !known.includes(word))
    .map(word => {
      const { message, remedy } = unknownWord(kind, word, known)
      return { field, problem: message, remedy }
    })
}

/** Settings of toggles that there are not. */
function settingProblems(
  { toggles }: Scenario,
  field: string,
  settings: Readonly<Record<string, string | readonly string[]>>,
): Problem[] {
  return Object.entries(settings).flatMap(([toggle, wanted]) => [
    ...unknownWords(field, 'toggle', [toggle], Object.keys(toggles)),
    ...(toggles[toggle]
      ? unknownWords(field, `setting of ${toggle}`, [wanted].flat(), toggles[toggle].settings)
      : []),
  ])
}

function expectationProblems(scenario: Scenario): Problem[] {
  const { probes, expect, mechanisms } = scenario
  const unsaid = Object.keys(probes).filter(probe => !Object.hasOwn(expect, probe))
  return [
    ...unknownWords('expect', 'probe', Object.keys(expect), Object.keys(probes)),
    ...unsaid.map(probe => ({
      field: 'expect',
      problem: `nothing is said of '${probe}'`,
      remedy: 'say what must come of it',
    })),
    ...Object.entries(expect).flatMap(([probe, list]) =>
      list.flatMap((own, index) => {
        const field = `expect.${probe}[${index}]`
        const before = list.slice(0, index).findIndex(other => covers(other, own))
        return [
          ...settingProblems(scenario, `${field}.when`, own.when ?? {}),
          ...(own.mechanism === undefined
            ? []
            : unknownWords(
                `${field}.${own.outcome === 'works' ? 'stops' : probes[probe]?.attack ? 'reached' : 'fails'}`,
                'mechanism',
                [own.mechanism],
                Object.keys(mechanisms),
              )),
          ...(own.refusedBy === undefined
            ? []
            : unknownWords(`${field}.refused`, 'mechanism', [own.refusedBy], Object.keys(mechanisms))),
          ...(before < 0
            ? []
            : [
                {
                  field,
                  problem: `it never counts: the first that fits does, and expect.${probe}[${before}] fits wherever it does`,
                  remedy: 'put the narrower one first',
                },
              ]),
        ]
      }),
    ),
  ]
}

function experimentProblems(scenario: Scenario): Problem[] {
  const probes = Object.keys(scenario.probes)
  const titles = scenario.experiments.map(({ title }) => title)
  return [
    ...unknownWords('controls', 'probe', scenario.controls, probes),
    ...scenario.experiments.flatMap(({ title, given = {}, fixes, probes: own = [], guards = [] }, index) => {
      const field = `experiments[${index}]`
      const both = guards.find(guard => own.includes(guard))
      const texts = fixes.map(fix => JSON.stringify(Object.entries(fix).sort()))
      const twice = texts.findIndex((text, at) => texts.indexOf(text) < at)
      return [
        ...(titles.indexOf(title) < index
          ? [
              {
                field: `${field}.title`,
                problem: `experiments[${titles.indexOf(title)}] has the same`,
                remedy: 'say what is particular about this one: reports tell them apart by their titles',
              },
            ]
          : []),
        ...(twice < 0
          ? []
          : [{ field: `${field}.fixes[${twice}]`, problem: 'it is there twice', remedy: 'leave one out' }]),
        ...settingProblems(scenario, `${field}.given`, given),
        ...fixes.flatMap((fix, at) => settingProblems(scenario, `${field}.fixes[${at}]`, fix)),
        ...fixes.flatMap((fix, at) => idleProblems(scenario, `${field}.fixes[${at}]`, fix, given)),
        ...unknownWords(`${field}.probes`, 'probe', own, probes),
        ...unknownWords(`${field}.guards`, 'probe', guards, probes),
        ...(both === undefined
          ? []
          : [
              {
                field: `${field}.guards`,
                problem: `'${both}' is one of the experiment's probes, which are run under every fix`,
                remedy: 'leave it out of one of the two',
              },
            ]),
      ]
    }),
  ]
}

/** What an audit is told of that there is not. */
function auditProblems(scenario: Scenario): Problem[] {
  const { audit, topology, toggles, probes } = scenario
  if (!audit) return []
  return [
    ...unknownWords('audit.node', 'node', [audit.node], Object.keys(topology.nodes)),
    ...unknownWords('audit.probes', 'probe', audit.probes ?? [], Object.keys(probes)),
    ...Object.entries(audit.reads ?? {}).flatMap(([toggle, settings]) => [
      ...unknownWords('audit.reads', 'toggle', [toggle], Object.keys(toggles)),
      ...unknownWords(
        `audit.reads.${toggle}`,
        `setting of ${toggle}`,
        Object.keys(settings),
        toggles[toggle]?.settings ?? Object.keys(settings),
      ),
      ...Object.entries(settings).flatMap(([setting, parts]) =>
        patternProblems(`audit.reads.${toggle}.${setting}`, parts),
      ),
    ]),
    ...patternProblems('audit.shape', audit.shape),
  ]
}

/** Patterns that are no regular expressions, whatever stands for the names in braces. */
function patternProblems(field: string, parts: readonly Part[]): Problem[] {
  return parts.flatMap((part, index): Problem[] => {
    const at = `${field}[${index}]`
    if ('any' in part) return part.any.flatMap((list, of) => patternProblems(`${at}.any[${of}]`, list))
    const patterns =
      'packet' in part ? [part.becomes] : ['fact' in part ? part.fact : part.no, part.is].filter(isText)
    return patterns.flatMap(text => {
      const fits = pattern().safeParse(text.replace(/\{[^{}]+\}/g, 'name')).success
      return fits
        ? []
        : [{ field: at, problem: `'${text}' is no pattern`, remedy: 'a pattern is a regular expression' }]
    })
  })
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** A fix that sets what is set already. */
function idleProblems(scenario: Scenario, field: string, fix: Settings, given: Settings): Problem[] {
  const base = { ...defaultSettings(scenario), ...given }
  if (Object.entries(fix).some(([toggle, setting]) => base[toggle] !== setting)) return []
  const settings = Object.entries(fix).map(words => words.join('='))
  return [
    {
      field,
      problem: `it changes nothing: ${settings.join(', ') || 'no toggle'} is what the experiment begins with`,
      remedy:
        'the first of a toggle’s settings is that of the failure; JavaScript puts keys that are numbers first',
    },
  ]
}

/** The steps that a toggle gives for a setting. Throws LabError when it gives what no run could perform. */
export function stepsOf(
  scenario: Scenario,
  toggle: string,
  method: 'change' | 'again',
  make: () => Step[],
): Step[] {
  const refuse = (problem: string) =>
    malformed(scenario, {
      field: `toggles.${toggle}.${method}`,
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
    const node = 'node' in step ? step.node : null
    if (node !== null && !Object.hasOwn(scenario.topology.nodes, node))
      throw refuse(`it gives a step in '${node}', which is no node`)
  }
  return steps
}

/** Whether the first of two expectations of a probe holds wherever the second one would. */
function covers(first: Expectation, second: Expectation): boolean {
  const narrow = second.when ?? {}
  return (
    Object.entries(first.when ?? {}).every(([toggle, wanted]) => {
      const own = Object.hasOwn(narrow, toggle) ? narrow[toggle] : undefined
      return own !== undefined && [own].flat().every(setting => [wanted].flat().includes(setting))
    }) &&
    (['kernel', 'persisted', 'tools'] as const).every(
      key => !first[key] || JSON.stringify(first[key]) === JSON.stringify(second[key]),
    )
  )
}
