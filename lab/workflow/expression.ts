/** GitHub's expressions, as far as the workflow and the action use them; anything else is an error, never empty text. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LabError } from '../../src/base/errors.js'
import { unknownWord } from '../../src/base/nearest.js'

/** What an expression can come to. */
export type Value = null | boolean | number | string | readonly Value[] | Values
/** Values by name. */
export interface Values {
  readonly [name: string]: Value
}

/** What expressions are evaluated in. */
export interface Scope {
  /** Each of `CONTEXTS` that there is at this place. */
  readonly contexts: Values
  /** Whether an earlier step of the job, or a job that this one needs, has failed. */
  readonly failed: boolean
  /** The folder that files are of; only a step of a job has one. */
  readonly workspace?: string
}

/** The contexts that are understood. */
const CONTEXTS = ['github', 'env', 'inputs', 'job', 'matrix', 'needs', 'runner', 'steps', 'strategy']

/** Of these, whatever is not there is a slip: GitHub itself would take it for empty text. */
const CLOSED = ['github', 'job', 'matrix', 'needs', 'runner', 'steps', 'strategy']

/** Functions of the state that a job is in; a condition without one of them is one on success, too. */
const STATES: Readonly<Record<string, (failed: boolean) => boolean>> = {
  always: () => true,
  success: failed => !failed,
  failure: failed => failed,
}

const FUNCTIONS: Readonly<Record<string, (argument: Value, scope: Scope) => Value>> = {
  fromJSON: argument => JSON.parse(textOf(argument)) as Value,
  toJSON: argument => JSON.stringify(argument, null, 2),
  hashFiles: (argument, { workspace }) => hashFile(textOf(argument), workspace),
}

/** GitHub's hash of one file: of the hashes of all that a pattern finds, and here a pattern is no more than a path. */
function hashFile(path: string, workspace: string | undefined): string {
  if (workspace === undefined) throw new LabError("there are no files for 'hashFiles' at this place")
  if (/[*?[\]!]/.test(path))
    throw new LabError(`hashFiles: '${path}' is a pattern, and only a path is understood`)
  const file = join(workspace, path)
  if (!existsSync(file)) return ''
  const own = createHash('sha256').update(readFileSync(file)).digest()
  return createHash('sha256').update(own).digest('hex')
}

type Compiled = (scope: Scope) => Value

const TOKEN = /\s*('(?:[^']|'')*'|\d+(?:\.\d+)?|[A-Za-z_][\w-]*|==|!=|&&|\|\||[!().,[\]])\s*/y

function tokens(text: string): string[] {
  const found: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex
    const [, token] = TOKEN.exec(text) ?? []
    if (token === undefined)
      throw new LabError(`the expression '${text.trim()}' is not understood at '${text.slice(at).trim()}'`)
    found.push(token)
  }
  return found
}

/** One expression, read from left to right: `||` binds least, then `&&`, comparisons, `!`, and what follows a name. */
class Parser {
  readonly #tokens: string[]
  readonly #text: string
  usesState = false

  constructor(text: string) {
    this.#text = text.trim()
    this.#tokens = tokens(text)
  }

  whole(): Compiled {
    const compiled = this.#or()
    if (this.#tokens.length > 0) throw this.#unexpected()
    return compiled
  }

  #or(): Compiled {
    return this.#chain(
      '||',
      () => this.#and(),
      (left, right) => scope => {
        const value = left(scope)
        return isTrue(value) ? value : right(scope)
      },
    )
  }

  #and(): Compiled {
    return this.#chain(
      '&&',
      () => this.#comparison(),
      (left, right) => scope => {
        const value = left(scope)
        return isTrue(value) ? right(scope) : value
      },
    )
  }

  #chain(
    operator: string,
    next: () => Compiled,
    join: (left: Compiled, right: Compiled) => Compiled,
  ): Compiled {
    let left = next()
    while (this.#take(operator)) left = join(left, next())
    return left
  }

  #comparison(): Compiled {
    const left = this.#not()
    const operator = ['==', '!='].find(one => this.#take(one))
    if (operator === undefined) return left
    const right = this.#not()
    return scope => isEqual(left(scope), right(scope)) === (operator === '==')
  }

  #not(): Compiled {
    if (!this.#take('!')) return this.#primary()
    const value = this.#not()
    return scope => !isTrue(value(scope))
  }

  #primary(): Compiled {
    const token = this.#tokens.shift()
    if (token === undefined) throw new LabError(`the expression '${this.#text}' ends too early`)
    if (token === '(') {
      const inner = this.#or()
      this.#expect(')')
      return inner
    }
    if (token.startsWith("'")) return () => token.slice(1, -1).replaceAll("''", "'")
    if (/^\d/.test(token)) return () => Number(token)
    if (token === 'true' || token === 'false') return () => token === 'true'
    if (token === 'null') return () => null
    if (!/^[A-Za-z_]/.test(token)) throw this.#unexpected(token)
    return this.#take('(') ? this.#call(token) : this.#context(token)
  }

  #call(name: string): Compiled {
    const state = STATES[name]
    if (state) {
      this.usesState = true
      this.#expect(')')
      return ({ failed }) => state(failed)
    }
    const call = FUNCTIONS[name]
    if (!call) throw unknownWord('function', name, [...Object.keys(FUNCTIONS), ...Object.keys(STATES)])
    const argument = this.#or()
    this.#expect(')')
    return scope => call(argument(scope), scope)
  }

  #context(name: string): Compiled {
    if (!CONTEXTS.includes(name)) throw unknownWord('context', name, CONTEXTS)
    const path: string[] = []
    while (this.#take('.')) path.push(this.#tokens.shift() ?? '')
    const bad = path.find(part => !/^[A-Za-z_][\w-]*$/.test(part))
    if (bad !== undefined) throw this.#unexpected(bad)
    return ({ contexts }) => {
      const context = contexts[name]
      if (context === undefined) throw new LabError(`there is no '${name}' at this place`)
      const [first] = path
      if (CLOSED.includes(name) && first !== undefined && !(isValues(context) && first in context))
        throw unknownWord(`property of '${name}'`, first, isValues(context) ? Object.keys(context) : [])
      return path.reduce<Value>((value, part) => (isValues(value) ? (value[part] ?? null) : null), context)
    }
  }

  #take(token: string): boolean {
    if (this.#tokens[0] !== token) return false
    this.#tokens.shift()
    return true
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw this.#unexpected()
  }

  #unexpected(token = this.#tokens[0]): LabError {
    return new LabError(`the expression '${this.#text}' is not understood at '${token ?? 'its end'}'`)
  }
}

/** `${{ … }}` in a text. */
const EMBEDDED = /\$\{\{(.*?)\}\}/gs

/**
 * A text with its expressions replaced; where it is one expression and nothing else, what that comes to. Throws LabError for
 * what is not understood, and for a property that there is not.
 */
export function interpolate(text: string, scope: Scope): Value {
  const [only] = text.trim().match(/^\$\{\{(?:(?!\}\}).)*\}\}$/s) ?? []
  if (only !== undefined) return new Parser(only.slice(3, -2)).whole()(scope)
  return text.replace(EMBEDDED, (_, inner: string) => textOf(new Parser(inner).whole()(scope)))
}

/** Whether something with this `if` is run; without a function of the job's state, only where nothing has failed. Throws LabError. */
export function isRun(condition: string | undefined, scope: Scope): boolean {
  if (condition === undefined) return !scope.failed
  const parser = new Parser(bare(condition))
  const value = parser.whole()
  return (parser.usesState || !scope.failed) && isTrue(value(scope))
}

/** Reads the expressions of a text, or the one of a condition, without evaluating them. Throws LabError. */
export function check(text: string, isCondition: boolean): void {
  if (isCondition) new Parser(bare(text)).whole()
  else for (const [, inner = ''] of text.matchAll(EMBEDDED)) new Parser(inner).whole()
}

/** A condition may have its `${{ }}` left out. */
function bare(condition: string): string {
  return /^\s*\$\{\{(.*)\}\}\s*$/s.exec(condition)?.[1] ?? condition
}

/** A value as text of a script or a file. */
export function textOf(value: Value): string {
  if (value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function isTrue(value: Value): boolean {
  return typeof value === 'object' ? value !== null : Boolean(value)
}

/** As GitHub compares: text without its case, and what is of two kinds by its number. */
function isEqual(a: Value, b: Value): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a.toLowerCase() === b.toLowerCase()
  if (typeof a === typeof b) return a === b
  return Number(a) === Number(b)
}

/** Whether a value has names. */
export function isValues(value: Value): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
