/** Checks of what no compiler has seen (JavaScript, JSON, a cast), and complaints that name the field and the remedy. */
import { z } from 'zod'

/** One complaint about a topology or a scenario: where, what, and what to do about it. */
export interface Problem {
  readonly field: string
  readonly problem: string
  readonly remedy: string
}

/** A schema for every field of a type: one that the type has and the schema lacks does not compile. */
export type SchemasOf<T> = { readonly [K in keyof T]-?: z.ZodType }

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
