/**
 * Fields of probes, proofs and topologies as zod schemas: from one of these come the type that a scenario is compiled
 * against, the check of what no compiler has seen, and the nodes that something touches.
 */
import { z } from 'zod'
import { parseAddress } from '../base/addresses.js'

/** A schema for the name of a node. */
export interface NodeField extends z.ZodString {
  readonly role: 'node'
}

/** The name of a node. */
export function node(): NodeField {
  return Object.assign(z.string(), { role: 'node' as const })
}

const addressOf = (families: readonly string[]) =>
  z
    .string()
    .refine(
      text => families.includes(parseAddress(text)?.kind() ?? ''),
      `expected an address (${families.join(', ')})`,
    )

/** An IPv4 address. */
export const ipv4 = () => addressOf(['ipv4'])
/** An IPv4 or IPv6 address. */
export const address = () => addressOf(['ipv4', 'ipv6'])
/** A port of TCP or UDP, 1 to 65535. */
export const port = () => z.int().min(1).max(65535)
/** An address on the web. It becomes a link in pages: nothing else may. */
export const webAddress = () =>
  z.url({ protocol: /^https?$/, error: 'expected an address on the web: https://…' })
/** An amount of milliseconds. */
export const milliseconds = () => z.number().min(0)

/** A regular expression in the text of its source, as data must be: a RegExp gives it by `source`. */
export const pattern = () =>
  z.string().refine(text => {
    try {
      new RegExp(text)
      return true
    } catch {
      return false
    }
  }, 'expected a regular expression')

/** What a pattern may be written as: a string stands for itself. */
export type Pattern = string | RegExp

/** The type of one field, with the names of nodes as N. */
type FieldOf<F, N extends string> = F extends NodeField
  ? N
  : F extends z.ZodOptional<infer I>
    ? FieldOf<I, N>
    : F extends z.ZodArray<infer E>
      ? readonly FieldOf<E, N>[]
      : F extends z.ZodObject<infer O>
        ? FieldsOf<O, N>
        : F extends z.ZodType
          ? z.output<F>
          : never

/** The type of an object whose fields have these schemas, with the names of nodes as N. */
export type FieldsOf<S, N extends string = string> = {
  readonly [K in keyof S as S[K] extends z.ZodOptional ? never : K]: FieldOf<S[K], N>
} & { readonly [K in keyof S as S[K] extends z.ZodOptional ? K : never]?: FieldOf<S[K], N> }

/** Every node that an object names in fields of this shape, each once. */
export function nodesIn(shape: z.core.$ZodShape, value: unknown): string[] {
  const found = Object.entries(shape).flatMap(([key, field]) =>
    nodesOfField(field, (value as Readonly<Record<string, unknown>>)[key]),
  )
  return [...new Set(found)]
}

function nodesOfField(field: z.core.$ZodType, value: unknown): string[] {
  if (value === undefined) return []
  if ((field as Partial<NodeField>).role === 'node') return [String(value)]
  if (field instanceof z.ZodOptional) return nodesOfField(field.unwrap(), value)
  if (field instanceof z.ZodArray)
    return (value as readonly unknown[]).flatMap(one => nodesOfField(field.element, one))
  return field instanceof z.ZodObject ? nodesIn(field.shape, value) : []
}
