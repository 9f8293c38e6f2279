/** Workflows and actions as they are written: what of GitHub's syntax is understood, and where each piece stands in its file. */
import { readFile } from 'node:fs/promises'
import { isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml'
import { z } from 'zod'
import { EXIT, LabError } from '../../src/base/errors.js'
import { check } from './expression.js'

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String)
const texts = z.record(z.string(), scalar)
const condition = z.union([z.string(), z.boolean()]).transform(String)

const stepSchema = z.strictObject({
  id: z.string().optional(),
  name: z.string().optional(),
  if: condition.optional(),
  uses: z.string().optional(),
  with: texts.default({}),
  run: z.string().optional(),
  shell: z.literal('bash').optional(),
  env: texts.default({}),
  'continue-on-error': z.boolean().default(false),
})

const jobSchema = z.strictObject({
  name: z.string().optional(),
  needs: z.union([z.string().transform(name => [name]), z.array(z.string())]).default([]),
  if: condition.optional(),
  'runs-on': z.string(),
  'timeout-minutes': z.number().default(360),
  strategy: z
    .strictObject({
      'fail-fast': z.boolean().optional(),
      matrix: z.union([z.string(), z.record(z.string(), z.array(scalar))]),
    })
    .optional(),
  outputs: texts.default({}),
  env: texts.default({}),
  steps: z.array(stepSchema).min(1),
})

const workflowSchema = z.strictObject({
  name: z.string(),
  on: z.unknown(),
  permissions: texts,
  concurrency: z.unknown().optional(),
  env: texts.default({}),
  jobs: z.record(z.string(), jobSchema),
})

const inputSchema = z.strictObject({
  description: z.string(),
  required: z.boolean().default(false),
  default: scalar.optional(),
})

const actionSchema = z.strictObject({
  name: z.string(),
  description: z.string(),
  author: z.string().optional(),
  branding: z.strictObject({ icon: z.string(), color: z.string() }).optional(),
  inputs: z.record(z.string(), inputSchema).default({}),
  outputs: z.record(z.string(), z.strictObject({ description: z.string(), value: z.string() })).default({}),
  runs: z.strictObject({ using: z.literal('composite'), steps: z.array(stepSchema).min(1) }),
})

/** Something that stands in a file: `ci.yml:12`. */
interface Placed {
  readonly where: string
}
export type Step = z.output<typeof stepSchema> & Placed
export type Job = Omit<z.output<typeof jobSchema>, 'steps'> & { readonly steps: readonly Step[] } & Placed
export type Workflow = Omit<z.output<typeof workflowSchema>, 'jobs'> & {
  readonly jobs: Readonly<Record<string, Job>>
}
export type Action = Omit<z.output<typeof actionSchema>, 'runs'> & { readonly steps: readonly Step[] }

type Path = readonly (string | number)[]

/** A file's content, checked, with the way from a place in it to its line. */
class Source<T> {
  readonly #document
  readonly #lines = new LineCounter()
  readonly content: T

  /** `file` is what messages call it. */
  constructor(
    readonly file: string,
    text: string,
    schema: z.ZodType<T>,
  ) {
    this.#document = parseDocument(text, { lineCounter: this.#lines })
    const [error] = this.#document.errors
    if (error) throw complaint(this.#line(error.pos[0]), error.message.split('\n')[0] ?? '')
    this.#checkExpressions()
    const parsed = schema.safeParse(this.#document.toJS())
    const [issue] = parsed.error?.issues ?? []
    if (issue) throw complaint(this.where(issue.path as Path), issueText(issue))
    this.content = parsed.data as T
  }

  /** The file and line of a place; of the nearest one around it, where it is not there. */
  where(path: Path): string {
    const node = this.#document.getIn(path, true) as Node | undefined
    if (node?.range || path.length === 0) return this.#line(node?.range?.[0] ?? 0)
    return this.where(path.slice(0, -1))
  }

  #checkExpressions(): void {
    visit(this.#document, {
      Pair: (_, { key, value }) => {
        const name = isScalar(key) ? key.value : undefined
        if (name !== 'if' || !isScalar(value)) return
        this.#check(String(value.value), true, value.range?.[0] ?? 0)
      },
      Scalar: (_, { value, range }) => {
        if (typeof value === 'string') this.#check(value, false, range?.[0] ?? 0)
      },
    })
  }

  #check(text: string, isCondition: boolean, offset: number): void {
    try {
      check(text, isCondition)
    } catch (error) {
      if (!(error instanceof LabError)) throw error
      throw complaint(this.#line(offset), error.message, error.remedy)
    }
  }

  #line(offset: number): string {
    return `${this.file}:${this.#lines.linePos(offset).line}`
  }
}

function issueText({ code, path, message, ...rest }: z.core.$ZodIssue): string {
  if (code === 'unrecognized_keys' && 'keys' in rest)
    return `'${rest.keys.join("', '")}' is not understood here`
  return `${path.join('.')}: ${message}`
}

/** What is wrong at a place in a file. */
export function complaint(where: string, message: string, remedy = ''): LabError {
  return new LabError(`${where}: ${message}`, remedy, EXIT.usage)
}

/** Reads a workflow; `file` is what messages call it. Throws LabError, with file and line, for what is not understood. */
export function parseWorkflow(file: string, text: string): Workflow {
  const source = new Source(file, text, workflowSchema)
  const jobs = Object.entries(source.content.jobs).map(([id, job]): [string, Job] => {
    const stray = job.needs.find(need => !Object.hasOwn(source.content.jobs, need))
    if (stray !== undefined)
      throw complaint(source.where(['jobs', id, 'needs']), `there is no job '${stray}' that ${id} could need`)
    const where = source.where(['jobs', id])
    return [id, { ...job, where, steps: placed(source, ['jobs', id, 'steps'], job.steps) }]
  })
  return { ...source.content, jobs: Object.fromEntries(jobs) }
}

/** Reads an action from its folder, which messages call `name`. Throws LabError, with file and line. */
export async function readAction(folder: string, name: string): Promise<Action> {
  const text = await readFile(`${folder}/action.yml`, 'utf8').catch(() => undefined)
  if (text === undefined)
    throw new LabError(`there is no action at ${name}: it has no action.yml`, '', EXIT.usage)
  const source = new Source(`${name}/action.yml`, text, actionSchema)
  const { runs, ...rest } = source.content
  const steps = placed(source, ['runs', 'steps'], runs.steps)
  const bare = steps.find(step => step.run !== undefined && step.shell === undefined)
  if (bare) throw complaint(bare.where, 'a step of an action that runs something must name its shell')
  return { ...rest, steps }
}

function placed<T>(source: Source<T>, path: Path, steps: readonly z.output<typeof stepSchema>[]): Step[] {
  return steps.map((step, index) => {
    const where = source.where([...path, index])
    if ((step.run === undefined) === (step.uses === undefined))
      throw complaint(where, "a step either has 'run' or 'uses'")
    return { ...step, where }
  })
}
