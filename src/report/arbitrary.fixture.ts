/** Reports of all kinds, with what formats take for markup in every text. */
import fc from 'fast-check'
import { noise } from '../base/property.fixture.js'
import { IPTABLES_BACKENDS, PHASES } from '../model/plan.js'
import {
  type PhaseReport,
  REPORT_SCHEMA,
  type Report,
  type ScenarioReport,
  type TrialReport,
} from '../model/report.js'
import { VERDICTS } from '../model/verdict.js'

/** What some format somewhere takes for markup, a command, or an end. */
const MARKS = [
  ...[
    '<evil>',
    '</script>',
    ']]>',
    '&amp;',
    '"',
    "'",
    '\n::error::evil',
    '##[error]evil',
    '\nnot ok 99 evil',
    '%0A',
    '`',
    '|',
  ],
  ...[
    '\nBail out!',
    '# SKIP evil',
    '\u001b[31m',
    '\0',
    '\ud800',
    '\n1..7',
    '\\',
    '---\n...',
    '- ',
    'KTAP version 1',
    '\r',
    '\u2028',
  ],
]
const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.string({ maxLength: 4 }), fc.constantFrom(...MARKS)).map(parts => parts.join('')),
  },
  { weight: 1, arbitrary: noise },
)
const number = fc.double({ noNaN: true, noDefaultInfinity: true })
/** A key of JSON; the reader leaves out `__proto__`, which is no name of anything. */
const key = text.filter(name => name !== '__proto__')
/** Names of which several are often the same; some are those of what every object has. */
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'eth0', '10.0.0.1') },
  { weight: 1, arbitrary: fc.constantFrom('constructor', 'toString', '(', '[') },
  { weight: 1, arbitrary: key },
)
const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/)
const optional = <V>(arbitrary: fc.Arbitrary<V>) => fc.option(arbitrary, { nil: undefined })
const few = <V>(arbitrary: fc.Arbitrary<V>) => fc.array(arbitrary, { maxLength: 3 })
const named = <V>(arbitrary: fc.Arbitrary<V>) => fc.dictionary(name, arbitrary, { maxKeys: 3 })

/** Without the fields that are undefined, as JSON has none. */
export const compact = <V>(value: V): V => JSON.parse(JSON.stringify(value)) as V

/** As JSON, with the keys of every object in order. */
export const inOrder = (value: unknown) => JSON.stringify(sorted(value))

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)])
}

const place = { node: name, device: optional(name) }
const settings = fc.dictionary(key, text, { maxKeys: 3 })

export const trials = fc
  .record({
    experiment: fc.oneof(fc.constantFrom('one', 'another'), text),
    phase: fc.constantFrom(...PHASES),
    probe: fc.oneof(name, text),
    iptables: fc.constantFrom(...IPTABLES_BACKENDS),
    toggles: settings,
    fix: optional(settings),
    outcome: fc.constantFrom('works', 'fails', 'not-triggered', 'skipped', 'error'),
    says: text,
    answeredBy: optional(text),
    serverSaw: optional(text),
    measured: optional(fc.dictionary(key, number, { maxKeys: 2 })),
    attack: optional(fc.constant(true)),
    expected: fc.constantFrom('works', 'fails'),
    ok: fc.boolean(),
    verdict: fc.constantFrom(...VERDICTS),
    why: text,
    mechanism: optional(fc.oneof(name, text)),
    cause: optional(fc.record({ ...place, says: text, clarity: number })),
    change: optional(
      fc.record({
        commit: text,
        title: text,
        since: text,
        backports: optional(fc.array(text)),
        cve: optional(text),
        reverts: optional(
          fc.array(
            fc.record({ distribution: text, package: text, since: text, bug: text, url: fc.webUrl() }),
            { maxLength: 2 },
          ),
        ),
        has: optional(fc.boolean()),
        url: fc.webUrl(),
      }),
    ),
    evidence: fc.array(
      fc.record({
        source: text,
        node: text,
        state: fc.constantFrom('seen', 'absent', 'not-seen', 'unavailable'),
        says: text,
        complete: optional(fc.constant(true)),
      }),
      { maxLength: 2 },
    ),
    repetition: fc.integer(),
    elapsedMs: number,
  })
  .map(trial => compact(trial) as TrialReport)

const rule = fc.oneof(
  text,
  fc.tuple(name, name).map(([from, to]) => `-A PREROUTING -d ${from}/32 -j DNAT --to-destination ${to}`),
)
const node = fc.record({
  is: text,
  bridges: optional(named(fc.record({ ports: few(name) }))),
  addresses: optional(
    named(
      few(
        fc.oneof(
          name,
          name.map(address => `${address}/24`),
        ),
      ),
    ),
  ),
  iptables: optional(fc.record({ nat: few(rule) })),
  linkOptions: optional(few(text)),
  tc: optional(few(text)),
  services: optional(few(fc.record({ protocol: fc.constantFrom('tcp', 'udp'), port: number }))),
  packetHold: optional(fc.record({ port: number })),
  routerAdvertisements: optional(fc.record({ prefix: text })),
})
const end = fc.record({ node: name, device: name, down: optional(fc.constant(true as const)) })
const stories = fc.record({
  source: fc.record({ title: text, url: fc.webUrl(), says: text }),
  drawing: text,
  topology: fc.record({ nodes: named(node), links: few(fc.tuple(end, end)) }),
  toggles: named(fc.record({ summary: text, settings: few(text) })),
  probes: named(
    fc.record({ kind: text, from: name, to: optional(name), command: text, control: fc.boolean() }),
  ),
  mechanisms: named(fc.record({ title: text, where: text, document: text, at: optional(fc.record(place)) })),
})

const phases = fc
  .record({
    experiment: fc.oneof(fc.constantFrom('one', 'another'), text),
    phase: fc.constantFrom(...PHASES),
    iptables: fc.constantFrom(...IPTABLES_BACKENDS),
    repetition: fc.integer(),
    fix: optional(settings),
    changes: fc.array(fc.record({ node: name, what: text, before: optional(text), after: optional(text) }), {
      maxLength: 2,
    }),
  })
  .map(phase => compact(phase) as PhaseReport)

const experimentOf = ({ experiment, iptables, repetition }: PhaseReport | TrialReport) =>
  `${experiment} ${iptables} ${repetition}`

/** What is of the same experiment together, in the order of `experiments`, as a run has it. */
function grouped<T extends PhaseReport | TrialReport>(
  list: readonly T[],
  experiments: readonly string[],
): T[] {
  return [...new Set(experiments)].flatMap(own => list.filter(one => experimentOf(one) === own))
}

const scenarioReports = fc
  .record({
    id,
    title: text,
    verdict: fc.constantFrom(...VERDICTS),
    reason: text,
    elapsedMs: number,
    story: optional(stories),
    trials: fc.array(trials, { maxLength: 4 }),
    phases: fc.array(phases, { maxLength: 3 }),
    retried: fc.array(trials, { maxLength: 2 }),
  })
  .map(({ trials: own, phases: set, retried, ...scenario }) => {
    const experiments = [...own, ...set].map(experimentOf)
    const again = grouped(retried, experiments)
    return {
      ...scenario,
      ...(set.length > 0 ? { phases: grouped(set, experiments) } : {}),
      ...(again.length > 0 ? { retried: again } : {}),
      trials: grouped(own, experiments),
    } as ScenarioReport
  })

export const reports: fc.Arbitrary<Report> = fc
  .record({
    schema: fc.constant(REPORT_SCHEMA),
    kernel: fc.record({ release: text, version: text, package: optional(text) }),
    machine: fc.record({
      cpus: fc.nat(),
      privilege: fc.constantFrom('root', 'rootless'),
      distribution: text,
      slowness: number,
      slowest: optional(number),
      changed: optional(fc.array(fc.record({ what: text, before: text, after: text }), { maxLength: 2 })),
      tools: fc.dictionary(key, text, { maxKeys: 2 }),
      defaults: optional(fc.array(fc.record({ sysctl: text, value: text, file: text }), { maxLength: 2 })),
      userland: optional(
        fc.record({
          id: text,
          version: text,
          packages: fc.dictionary(key, text, { maxKeys: 2 }),
          digest: optional(text),
        }),
      ),
    }),
    started: fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
      .map(date => date.toISOString()),
    elapsedMs: number,
    seed: optional(fc.integer()),
    summary: fc.constant(Object.fromEntries(VERDICTS.map((verdict, index) => [verdict, index % 3]))),
    unavailable: fc.array(fc.record({ what: text, why: text }), { maxLength: 2 }),
    scenarios: fc.uniqueArray(scenarioReports, { maxLength: 4, selector: scenario => scenario.id }),
  })
  .map(report => compact(report) as Report)
