/** The report's schema for those who have no zod: JSON Schema, and a table of its fields, with the comments of src/model/report.ts. */
import { readFile } from 'node:fs/promises'
import ts from 'typescript'
import { z } from 'zod'
import { repositoryFile } from '../../src/base/root.js'
import { REPORT_SCHEMA, reportSchema } from '../../src/model/report.js'
import { VERDICTS } from '../../src/model/verdict.js'
import { commentOf } from './comments.js'

const SOURCE = 'src/model/report.ts'
const ROOT = 'reportSchema'

/** What of JSON Schema zod makes of the report. */
export interface JsonSchema {
  title?: string
  description?: string
  type?: string
  const?: string
  enum?: string[]
  format?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  prefixItems?: JsonSchema[]
  additionalProperties?: JsonSchema | false
}

/** The JSON Schema of a report. Fields that it does not name are allowed: those of a later version. */
export async function reportJsonSchema(): Promise<JsonSchema> {
  const schema = z.toJSONSchema(reportSchema, { io: 'input', reused: 'inline' }) as JsonSchema
  const described = new Described(await readFile(repositoryFile(SOURCE), 'utf8'))
  described.describe(schema, ROOT)
  return { title: REPORT_SCHEMA, ...schema }
}

/** The declarations of the schema's source, whose comments are put into its JSON. */
class Described {
  readonly #declared = new Map<string, { readonly value: ts.Expression; readonly says: string | undefined }>()

  constructor(private readonly text: string) {
    const source = ts.createSourceFile(SOURCE, text, ts.ScriptTarget.Latest, true)
    for (const statement of source.statements) {
      if (!ts.isVariableStatement(statement)) continue
      for (const { name, initializer } of statement.declarationList.declarations)
        if (initializer)
          this.#declared.set(name.getText(), { value: initializer, says: commentOf(text, statement) })
    }
  }

  /** Puts the comments of a declaration, and of all that it is made of, into its JSON. */
  describe(json: JsonSchema, name: string): void {
    const declared = this.#declared.get(name)
    if (!declared) return
    if (declared.says !== undefined) json.description ??= declared.says
    this.#walk(json, declared.value)
  }

  #walk(json: JsonSchema, value: ts.Expression): void {
    if (ts.isIdentifier(value)) this.describe(json, value.text)
    if (!ts.isCallExpression(value) || !ts.isPropertyAccessExpression(value.expression)) return
    const { expression: on, name } = value.expression
    const [first, second] = value.arguments
    // z.object(…), or something of .extend(…), .optional(), .int(), .regex(…).
    if (!ts.isIdentifier(on) || on.text !== 'z') this.#walk(json, on)
    if (name.text === 'array' && first) this.#walk(json.items ?? {}, first)
    if (name.text === 'record' && second) this.#walk(json.additionalProperties || {}, second)
    if (first && ts.isObjectLiteralExpression(first)) this.#fields(json, first)
    if (first && ts.isArrayLiteralExpression(first))
      for (const [index, element] of first.elements.entries())
        this.#walk(json.prefixItems?.[index] ?? {}, element)
  }

  #fields(json: JsonSchema, fields: ts.ObjectLiteralExpression): void {
    for (const property of fields.properties) {
      const field = json.properties?.[property.name?.getText() ?? '']
      if (!field) continue
      const says = commentOf(this.text, property)
      if (says !== undefined) field.description = says
      if (ts.isPropertyAssignment(property)) this.#walk(field, property.initializer)
      else if (ts.isShorthandPropertyAssignment(property)) this.describe(field, property.name.text)
    }
  }
}

/** The fields as a table: path, type, what it is. */
export function fieldTable(schema: JsonSchema): string {
  const cells = rows(schema, '').map(row => row.map(cell => cell.replaceAll('|', '\\|')))
  return ['| field | is | |', '| --- | --- | --- |', ...cells.map(row => `| ${row.join(' | ')} |`)].join('\n')
}

function rows(schema: JsonSchema, path: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const own = `${path}${name}`
    const optional = schema.required?.includes(name) ? '' : ', may be left out'
    const { within, dots } = inner(field)
    const row = [`\`${own}${dots}\``, `${typeOf(field)}${optional}`, field.description ?? '']
    const more = within ? rows(within, `${own}${dots}.`) : []
    return [row, ...more]
  })
}

/** What is in an array or a record, and how the path goes on there. */
function inner(schema: JsonSchema): { readonly within?: JsonSchema; readonly dots: string } {
  let at = schema
  let dots = ''
  for (;;) {
    if (at.items) {
      at = at.items
      dots += '[]'
    } else if (at.prefixItems?.[0]) {
      at = at.prefixItems[0]
      dots += '[]'
    } else if (at.additionalProperties) {
      at = at.additionalProperties
      dots += '.*'
    } else return at.properties ? { within: at, dots } : { dots }
  }
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum?.join() === VERDICTS.join()) return 'a verdict'
  if (schema.enum) return schema.enum.map(word => `\`${word}\``).join(', ')
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (schema.items) return `array: ${typeOf(schema.items)}`
  if (schema.prefixItems) return `${schema.prefixItems.length} of: ${typeOf(schema.prefixItems[0] ?? {})}`
  if (schema.additionalProperties) return `by name: ${typeOf(schema.additionalProperties)}`
  return schema.format ?? schema.type ?? 'anything'
}
