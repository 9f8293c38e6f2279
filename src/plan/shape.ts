/** The shape of a scenario, for what no compiler has checked: JavaScript, a cast, a spelling that TypeScript lets pass. */
import { z } from 'zod'
import type { Mechanism } from '../model/proof.js'
import type { Expectation, Experiment, Scenario } from '../model/scenario.js'
import type { KernelChange } from '../model/version.js'
import type { ProbeSpec } from '../probes/index.js'
import type { Toggle } from '../toggles/toggle.js'
import { parseAddress } from '../topology/lines.js'
import { type FieldsOf, mapOf } from '../topology/shape.js'

const texts = z.array(z.string())
/** Ids become names of files, of folders and of shell functions. */
const id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected letters, digits, dots, dashes and underscores')
const addressOf = (families: readonly string[]) =>
  z
    .string()
    .refine(
      text => families.includes(parseAddress(text)?.kind() ?? ''),
      `expected an address (${families.join(', ')})`,
    )
const ipv4 = addressOf(['ipv4'])
const port = z.int().min(1).max(65535)
const node = z.string()

type Spec<K extends ProbeSpec['kind']> = Extract<ProbeSpec, { kind: K }>
const exchange = { node, to: ipv4, port, server: z.strictObject({ node, port }) }
const probe = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('ping'),
    node,
    to: addressOf(['ipv4', 'ipv6']),
  } satisfies FieldsOf<Spec<'ping'>>),
  z.strictObject({ kind: z.literal('tcp'), ...exchange } satisfies FieldsOf<Spec<'tcp'>>),
  z.strictObject({ kind: z.literal('udp'), ...exchange } satisfies FieldsOf<Spec<'udp'>>),
  z.strictObject({
    kind: z.literal('ipv6-address'),
    node,
    device: z.string(),
    startsWith: z.string(),
    takesMs: z.number().min(0).optional(),
  } satisfies FieldsOf<Spec<'ipv6-address'>>),
  z.strictObject({
    kind: z.literal('snat-race'),
    clients: texts.min(1),
    to: ipv4,
    port,
    queue: z.strictObject({ node, number: z.int().min(0).max(65535) }),
  } satisfies FieldsOf<Spec<'snat-race'>>),
  z.strictObject({
    kind: z.literal('many-connections'),
    clients: texts.min(1),
    to: ipv4,
    port,
    router: node,
    server: node,
    connections: z.int().min(1),
    patienceMs: z.number().min(0),
  } satisfies FieldsOf<Spec<'many-connections'>>),
])

const version = z
  .string()
  .regex(/^\d{1,3}\.\d{1,3}(\.\d{1,4})?(-rc\d{1,2})?$/, 'expected a kernel version: 6.9, 5.15.158')
const change = z.strictObject({
  commit: z.string(),
  title: z.string(),
  since: version,
  backports: z.array(version).optional(),
  url: z.string(),
} satisfies FieldsOf<KernelChange>)

const setting = z.record(z.string(), z.string())
const called = z.custom<unknown>(value => typeof value === 'function', 'expected a function')

const toggle = z.object({
  summary: z.string(),
  settings: texts.min(1),
  needs: texts,
  setUp: called.optional(),
  change: called,
  onRealSystem: called,
} satisfies FieldsOf<Toggle>)

const mechanism = z.strictObject({
  title: z.string(),
  where: z.string(),
  document: z.string(),
  // The rest of a proof is for its source to know.
  proofs: z.array(z.looseObject({ source: z.string(), node: z.string() })).min(1),
  changes: z.array(change).optional(),
} satisfies FieldsOf<Mechanism>)

const expectation = z.strictObject({
  probes: texts.min(1),
  when: z
    .record(z.string(), z.union([z.string(), texts.min(1)], 'expected a setting or a list of them'))
    .optional(),
  kernel: z
    .union(
      [z.strictObject({ has: change }), z.strictObject({ lacks: change })],
      'expected { has } or { lacks } a change',
    )
    .optional(),
  outcome: z.enum(['works', 'fails']),
  answeredBy: z.string().optional(),
  serverSaw: z.string().optional(),
  mechanism: z.string().optional(),
  statistical: z.boolean().optional(),
  why: z.string(),
  differs: z.string().optional(),
} satisfies FieldsOf<Expectation>)

const experiment = z.strictObject({
  title: z.string(),
  given: setting.optional(),
  fixes: z.array(setting),
  probes: texts.optional(),
} satisfies FieldsOf<Experiment>)

/** An object whose keys are ids. */
const namedBy = <T extends z.ZodType>(value: T) =>
  mapOf(value).superRefine((given, context) => {
    for (const key of Object.keys(given)) {
      const wrong = id.safeParse(key).error?.issues[0]
      if (wrong) context.addIssue({ code: 'custom', path: [key], message: wrong.message })
    }
  })

/** A scenario's shape, but for its topology. */
export const scenarioShape = z.strictObject({
  id,
  title: z.string(),
  source: z.strictObject({ title: z.string(), url: z.string(), says: z.string() }),
  drawing: z.string(),
  needs: texts,
  topology: z.unknown(),
  toggles: mapOf(toggle),
  probes: namedBy(probe),
  controls: texts,
  mechanisms: mapOf(mechanism),
  expectations: z.array(expectation),
  experiments: z.array(experiment),
  exclusive: z.string().optional(),
} satisfies FieldsOf<Scenario>)
