/** The shape of a scenario as its file has it, for what no compiler has checked: JavaScript, a cast, a spelling that TypeScript lets pass. */
import { z } from 'zod'
import type { Audit, PacketTemplate, Part } from '../model/audit.js'
import type { DistributionRevert, KernelChange } from '../model/change.js'
import type { Mechanism } from '../model/evidence.js'
import { webAddress } from '../model/fields.js'
import { PERSISTENCE } from '../model/persistence.js'
import type { Experiment, Source } from '../model/scenario.js'
import { mapOf, type SchemasOf } from '../model/shape.js'
import type { Toggle } from '../model/toggle.js'
import { KEYED_TOOLS } from '../model/tool-version.js'
import { topologyDefinitionShape } from '../topology/shape.js'

const texts = z.array(z.string())
/** Ids become names of files, of folders and of shell functions. */
const id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected letters, digits, dots, dashes and underscores')

const version = z
  .string()
  .regex(/^\d{1,3}\.\d{1,3}(\.\d{1,4})?(-rc\d{1,2})?$/, 'expected a kernel version: 6.9, 5.15.158')
const toolVersion = z.string().regex(/^\d+(\.\d+)*$/, 'expected a version: 1.8.9')
const change = z.strictObject({
  commit: z.string(),
  title: z.string(),
  since: version,
  backports: z.array(version).optional(),
  cve: z
    .string()
    .regex(/^CVE-\d{4}-\d{4,}$/, 'expected CVE-YEAR-NUMBER')
    .optional(),
  reverts: z
    .array(
      z.strictObject({
        distribution: z.string(),
        package: z.string(),
        since: z.string().regex(/^\d+\.\d+\.\d+-\d+-\S+$/, 'expected a release: 6.8.0-1063-azure'),
        bug: z.string(),
        url: webAddress(),
      } satisfies SchemasOf<DistributionRevert>),
    )
    .optional(),
  url: webAddress(),
} satisfies SchemasOf<KernelChange>)

const setting = z.record(z.string(), z.string())
const called = z.custom<unknown>(value => typeof value === 'function', 'expected a function')

const toggle = z.object({
  summary: z.string(),
  settings: texts.min(1),
  nodes: texts,
  needs: texts,
  setUp: called.optional(),
  change: called,
  again: called.optional(),
  claims: called,
  onRealSystem: called,
} satisfies SchemasOf<Toggle>)

const mechanism = z.strictObject({
  title: z.string(),
  where: z.string(),
  document: z.string(),
  at: z.string().optional(),
  // The rest of a proof is for its source to know.
  proofs: z.array(z.looseObject({ source: z.string(), node: z.string() })).min(1),
  changes: z.array(change).optional(),
} satisfies SchemasOf<Mechanism>)

const circumstances = {
  when: z
    .record(z.string(), z.union([z.string(), texts.min(1)], 'expected a setting or a list of them'))
    .optional(),
  before: change.optional(),
  since: change.optional(),
  differs: z.string().optional(),
  persisted: z.enum(PERSISTENCE).optional(),
  tools: z
    .partialRecord(
      z.enum(KEYED_TOOLS),
      z.union([z.strictObject({ since: toolVersion }), z.strictObject({ before: toolVersion })]),
    )
    .optional(),
}
const works = z.strictObject({
  ...circumstances,
  works: z.string(),
  answeredBy: z.string().optional(),
  serverSaw: z.string().optional(),
  stops: z.string().optional(),
})
const fails = z.strictObject({
  ...circumstances,
  fails: z.string(),
  why: z.string(),
  statistical: z.boolean().optional(),
})

const ofAttack = { ...circumstances, why: z.string() }
const FORMS = {
  works,
  fails,
  reached: z.strictObject({ ...ofAttack, reached: z.string() }),
  refused: z.strictObject({ ...ofAttack, refused: z.string() }),
} as const

/** Which of these an expectation is shows in the field that it has; complaints are then about that one's fields. */
const expectation = z.unknown().superRefine((given, context) => {
  const isObject = typeof given === 'object' && given !== null
  const forms = Object.entries(FORMS).filter(([form]) => isObject && form in given)
  const [form] = forms
  if (!form || forms.length > 1) {
    const message = form
      ? `expected one of works and fails, reached and refused, and it has ${forms.map(([name]) => name).join(' and ')}`
      : 'expected { works: WHY } or { fails: MECHANISM, why: … }; of an attack { reached: MECHANISM, … } or { refused: MECHANISM, … }'
    context.addIssue({ code: 'custom', message })
    return
  }
  for (const { path, message, ...issue } of form[1].safeParse(given).error?.issues ?? [])
    if (issue.code === 'unrecognized_keys')
      for (const key of issue.keys)
        context.addIssue({ code: 'custom', path: [...path, key], message: 'there is no such field' })
    else context.addIssue({ code: 'custom', path, message: message.replace(/^Invalid input: /, '') })
})

const experiment = z.strictObject({
  title: z.string(),
  given: setting.optional(),
  fixes: z.array(setting),
  probes: texts.optional(),
  guards: texts.optional(),
  fresh: z.literal(true).optional(),
  waitsMs: z.number().min(0).optional(),
} satisfies SchemasOf<Experiment>)

const word = z.string().min(1)
const limits = z.strictObject({ atLeast: z.number().optional(), below: z.number().optional() })
const packet = z.strictObject({
  family: z.enum(['ip', 'ip6', 'bridge']).optional(),
  hook: z.enum(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']),
  nat: z.literal(true).optional(),
  by: z.enum(['iptables', 'nft']).optional(),
  in: word.optional(),
  out: word.optional(),
  src: word.optional(),
  dst: word.optional(),
  proto: word.optional(),
  dport: word.optional(),
  icmp: word.optional(),
  mark: word.optional(),
  ct: word.optional(),
  srcType: word.optional(),
  dstType: word.optional(),
  bridged: z.literal(true).optional(),
  mac: word.optional(),
  toMac: word.optional(),
  etherType: word.optional(),
  localToDevice: z.enum(['yes', 'no']).optional(),
} satisfies SchemasOf<PacketTemplate>)
const is = z.union([word, limits]).optional()
const as = word.optional()
const part: z.ZodType<Part> = z.lazy(() =>
  z.union(
    [
      z.strictObject({ fact: word, is, as }),
      z.strictObject({ no: word, is, as }),
      z.strictObject({ any: z.array(z.array(part)).min(1), as }),
      z.strictObject({ packet, becomes: word, as }),
    ],
    'expected { fact: … }, { no: … }, { any: [[…], …] } or { packet: …, becomes: … }',
  ),
) as z.ZodType<Part>
const audit = z.strictObject({
  node: z.string(),
  shape: z.array(part).min(1),
  reads: z.record(z.string(), z.record(z.string(), z.array(part))).optional(),
  if: texts.optional(),
  probes: texts.optional(),
} satisfies SchemasOf<Audit>)

/** An object whose keys are ids. */
const namedBy = <T extends z.ZodType>(value: T) =>
  mapOf(value).superRefine((given, context) => {
    for (const key of Object.keys(given as object)) {
      const wrong = id.safeParse(key).error?.issues[0]
      if (wrong) context.addIssue({ code: 'custom', path: [key], message: wrong.message })
    }
  })

/** A scenario's shape; what a probe and a proof are made of is for their kinds and sources to know. */
export const scenarioShape = z.strictObject({
  id,
  title: z.string(),
  source: z.strictObject({
    title: z.string(),
    url: webAddress(),
    says: z.string(),
  } satisfies SchemasOf<Source>),
  drawing: z.string(),
  needs: texts,
  topology: topologyDefinitionShape,
  toggles: mapOf(toggle),
  probes: namedBy(z.looseObject({ kind: z.string() })),
  controls: texts,
  mechanisms: mapOf(mechanism),
  expect: mapOf(z.array(expectation)),
  experiments: z.array(experiment),
  exclusive: z.string().optional(),
  audit: audit.optional(),
})
