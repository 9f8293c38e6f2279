/**
 * The shape of a topology, for what no compiler has checked: JavaScript, JSON, a cast. Behind it, the other checks may
 * take every field for what its type says.
 */
import { z } from 'zod'
import type { LinkEnd, Node, PacketHold, Topology } from '../model/topology.js'

/** One complaint about a topology or a scenario: where, what, and what to do about it. */
export interface Problem {
  readonly field: string
  readonly problem: string
  readonly remedy: string
}

/** A schema for every field of a type: one that the type has and the schema lacks does not compile. */
export type FieldsOf<T> = { readonly [K in keyof T]-?: z.ZodType }

/** An object with any keys. `__proto__`, which JSON.parse makes a key like any other, would be lost on the way. */
export function mapOf<T extends z.ZodType>(value: T) {
  return z
    .unknown()
    .superRefine((given, context) => {
      if (typeof given === 'object' && given !== null && Object.hasOwn(given, '__proto__'))
        context.addIssue({ code: 'custom', path: ['__proto__'], message: 'this name is taken by JavaScript' })
    })
    .pipe(z.record(z.string(), value))
}

/** What is wrong with the types of a value, by field; `root` is what the fields' names begin with, which may be nothing. */
export function shapeProblems(schema: z.ZodType, value: unknown, root: string, remedy: string): Problem[] {
  const issues = schema.safeParse(value).error?.issues ?? []
  return issues.flatMap((issue): Problem[] => {
    const field = fieldName(root, issue.path)
    if (issue.code !== 'unrecognized_keys')
      return [{ field, problem: issue.message.replace(/^Invalid input: /, ''), remedy }]
    return issue.keys.map(key => ({
      field: fieldName(root, [...issue.path, key]),
      problem: 'there is no such field',
      remedy: `mend its spelling or leave it out; ${remedy}`,
    }))
  })
}

/** `topology.links[0][1].mac`. */
function fieldName(root: string, path: readonly PropertyKey[]): string {
  const name = path.map(step => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  return `${root}${name}`.replace(/^\./, '')
}

const texts = z.array(z.string())
const device = { device: z.string() }

const linkEnd = z.strictObject({
  ...device,
  node: z.string(),
  mac: z.string().optional(),
  documentMac: z.string().optional(),
} satisfies FieldsOf<LinkEnd>)

const node = z.strictObject({
  is: z.string(),
  ipv6: z.boolean().optional(),
  bridges: mapOf(z.strictObject({ ports: texts, mac: z.string().optional() })).optional(),
  loopbackMac: z.string().optional(),
  addresses: mapOf(texts).optional(),
  routes: texts.optional(),
  sysctls: mapOf(z.union([z.string(), z.number()], 'expected a string or a number')).optional(),
  iptables: mapOf(texts).optional(),
  tc: texts.optional(),
  services: z
    .array(
      z.strictObject({
        protocol: z.enum(['tcp', 'udp']),
        address: z.string().optional(),
        port: z.number(),
      } satisfies FieldsOf<NonNullable<Node['services']>[number]>),
    )
    .optional(),
  packetHold: z
    .strictObject({ ...device, port: z.number(), queue: z.number() } satisfies FieldsOf<PacketHold>)
    .optional(),
  routerAdvertisements: z
    .strictObject({ ...device, prefix: z.string() } satisfies FieldsOf<
      NonNullable<Node['routerAdvertisements']>
    >)
    .optional(),
} satisfies FieldsOf<Node>)

/** A topology's shape. */
export const topologyShape = z.strictObject({
  nodes: mapOf(node),
  links: z.array(z.tuple([linkEnd, linkEnd])),
} satisfies FieldsOf<Topology>)
