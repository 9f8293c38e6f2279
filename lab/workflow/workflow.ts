/** A workflow, run to its end: which jobs there are, what each waits for, and what they hand to each other. */
import { appendFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, LabError } from '../../src/base/errors.js'
import { unknownWord } from '../../src/base/nearest.js'
import { type Turns, turns } from '../../src/base/turns.js'
import { interpolate, isRun, isValues, type Scope, textOf, type Value, type Values } from './expression.js'
import { type BuiltClone, type JobResult, runJob } from './job.js'
import { Machine } from './machine.js'
import { type Job, parseWorkflow, type Workflow } from './read.js'
import { snapshot } from './repository.js'

/** How to run a workflow. */
export interface WorkflowOptions {
  /** What messages call the workflow's file, and its text. */
  readonly file: string
  readonly text: string
  /** The folder whose files are the repository that the workflow is of, and what the repository is called. */
  readonly repository: { readonly name: string; readonly files: string }
  /** Other repositories, for actions in them: folders by `owner/name`. */
  readonly others?: Readonly<Record<string, string>>
  /** The jobs to run, with those that they need; all when empty. */
  readonly only?: readonly string[]
  /** What somebody who starts the workflow by hand gives it. */
  readonly inputs?: Readonly<Record<string, string>>
  /** Jobs at once. */
  readonly jobs: number
  /** A folder of the runner's for machines, artifacts and caches; it can be removed afterwards. */
  readonly folder: string
  /** Where each job's output and summary go, and the artifacts. */
  readonly out: string
  readonly onStep?: (job: string, title: string, seconds: number, ok: boolean) => void
  readonly onJob?: (job: JobRecord) => void
  readonly built?: BuiltClone
}

/** What came of a job, or of one of several that a matrix makes of it. */
export interface JobRecord extends JobResult {
  readonly id: string
  readonly title: string
  readonly state: 'success' | 'failure' | 'skipped'
  readonly seconds: number
  /** What its steps printed. */
  readonly log: string
  /** What its steps put into their summaries. */
  readonly summary: string
}

/** Runs a workflow's jobs; resolves with all of them, in the order of the file. Throws LabError for a workflow that is not understood. */
export async function runWorkflow(options: WorkflowOptions): Promise<JobRecord[]> {
  const workflow = parseWorkflow(options.file, options.text)
  return new WorkflowRun(workflow, options).run()
}

class WorkflowRun {
  readonly #workflow: Workflow
  readonly #options: WorkflowOptions
  readonly #tasks = new Map<string, Promise<JobRecord[]>>()
  readonly #turns: Turns
  readonly #github: Readonly<Record<string, string>>
  readonly #stores
  readonly #cells: Promise<JobRecord>[] = []
  readonly #machines = new Set<Machine>()
  #stopped = false
  #count = 0

  constructor(workflow: Workflow, options: WorkflowOptions) {
    this.#workflow = workflow
    this.#options = options
    this.#turns = turns(options.jobs)
    this.#github = {
      workflow: workflow.name,
      repository: options.repository.name,
      event_name: options.inputs ? 'workflow_dispatch' : 'push',
      ref: 'refs/heads/main',
      ref_name: 'main',
      run_id: '1',
      run_attempt: '1',
      server_url: 'https://github.com',
    }
    this.#stores = { artifacts: join(options.out, 'artifacts'), caches: join(options.folder, 'caches') }
  }

  async run(): Promise<JobRecord[]> {
    const { only = [], out, repository, others = {} } = this.#options
    const known = Object.keys(this.#workflow.jobs)
    const stray = only.find(id => !known.includes(id))
    if (stray !== undefined) throw unknownWord('job', stray, known)
    for (const folder of [out, this.#stores.artifacts, this.#stores.caches])
      await mkdir(folder, { recursive: true })
    for (const [name, files] of Object.entries({ ...others, [repository.name]: repository.files }))
      await snapshot(files, this.#repository(name))
    try {
      await Promise.all((only.length > 0 ? only : known).map(id => this.#task(id)))
      const all = (await Promise.all(this.#tasks.values())).flat()
      return all.sort((a, b) => known.indexOf(a.id) - known.indexOf(b.id))
    } catch (error) {
      this.#stopped = true
      for (const machine of this.#machines) void machine.close()
      throw error
    } finally {
      // The folder is the caller's again: no job may still write there.
      await Promise.allSettled(this.#cells)
    }
  }

  #repository(name: string): string {
    return join(this.#options.folder, 'repositories', `${name.replace('/', '+')}.git`)
  }

  #task(id: string): Promise<JobRecord[]> {
    const found = this.#tasks.get(id) ?? this.#runJobs(id)
    this.#tasks.set(id, found)
    return found
  }

  /** A job, or all that its matrix makes of it. */
  async #runJobs(id: string): Promise<JobRecord[]> {
    const job = this.#workflow.jobs[id]
    if (!job) throw new LabError(`there is no job '${id}'`)
    const before = await Promise.all(job.needs.map(need => this.#task(need)))
    const needs = Object.fromEntries(job.needs.map((need, index) => [need, needOf(before[index] ?? [])]))
    const scope: Scope = {
      contexts: { github: this.#github, inputs: this.#inputs(), needs },
      failed: Object.values(needs).some(({ result }) => result !== 'success'),
    }
    if (!isRun(job.if, scope)) {
      const nothing = { id, title: id, ok: true, outputs: {}, seconds: 0, log: '', summary: '' }
      const record: JobRecord = { ...nothing, state: 'skipped' }
      this.#options.onJob?.(record)
      return [record]
    }
    const running = cells(job, scope).map(cell => this.#turns(() => this.#runCell(id, job, cell, needs)))
    this.#cells.push(...running)
    return Promise.all(running)
  }

  async #runCell(id: string, job: Job, matrix: Values, needs: Values): Promise<JobRecord> {
    if (this.#stopped) throw new LabError(`${job.where}: the run has ended`)
    const { folder, out, onStep, onJob, repository, others = {}, built } = this.#options
    const contexts = { github: this.#github, inputs: this.#inputs(), needs, matrix }
    const title =
      job.name === undefined ? id : `${id} ${textOf(interpolate(job.name, { contexts, failed: false }))}`
    const number = String(++this.#count).padStart(2, '0')
    const files = join(out, `${number}-${title.replace(/[^\w.]+/g, '-')}`)
    const [log, summary] = [`${files}.log`, `${files}.summary.md`]
    for (const file of [log, summary]) await writeFile(file, '')
    const started = performance.now()
    const machine = await Machine.make(
      join(folder, `job-${number}`),
      repository.name,
      built && join(built.folder, 'node_modules'),
    )
    this.#machines.add(machine)
    const minutes = job['timeout-minutes']
    const limit = setTimeout(() => {
      appendFileSync(log, `::error::the job takes longer than ${minutes} minutes\n`)
      void machine.close()
    }, minutes * 60_000)
    try {
      const names = [repository.name, ...Object.keys(others)]
      const result = await runJob({
        ...{ id, job, machine, matrix, needs, log, summary },
        stores: this.#stores,
        repositories: Object.fromEntries(names.map(name => [name, this.#repository(name)])),
        github: { ...this.#github, job: id },
        inputs: this.#inputs(),
        env: this.#workflow.env,
        onStep: (step, seconds, ok) => onStep?.(title, step, seconds, ok),
        ...(built ? { built } : {}),
      })
      const seconds = (performance.now() - started) / 1000
      const record: JobRecord = {
        ...result,
        id,
        title,
        seconds,
        log,
        summary,
        state: result.ok ? 'success' : 'failure',
      }
      onJob?.(record)
      return record
    } finally {
      clearTimeout(limit)
      this.#machines.delete(machine)
      await machine.close()
    }
  }

  #inputs(): Values {
    return this.#options.inputs ?? {}
  }
}

/** What the jobs after one see of it. */
function needOf(records: readonly JobRecord[]): Values {
  const states = records.map(({ state }) => state)
  const result = states.includes('failure') ? 'failure' : states.includes('success') ? 'success' : 'skipped'
  return { result, outputs: Object.assign({}, ...records.map(({ outputs }) => outputs)) as Values }
}

/**
 * What a matrix makes of a job. This machine stands in for every image of `runs-on`: of those that `matrix.runner` names the
 * first is enough.
 */
function cells(job: Job, scope: Scope): Values[] {
  if (!job.strategy) return [{}]
  const { matrix } = job.strategy
  const value = typeof matrix === 'string' ? interpolate(matrix, scope) : (matrix as Value)
  if (!isValues(value)) throw new LabError(`${job.where}: the matrix is no table`, '', EXIT.usage)
  const { include, ...axes } = value
  if (include !== undefined) {
    if (Object.keys(axes).length > 0 || !Array.isArray(include))
      throw new LabError(`${job.where}: 'include' beside other keys is not understood`, '', EXIT.usage)
    return include.filter(isValues)
  }
  return Object.entries(axes).reduce<Values[]>(
    (found, [name, values]) => {
      if (!Array.isArray(values))
        throw new LabError(`${job.where}: matrix.${name} is no list`, '', EXIT.usage)
      const used = name === 'runner' ? values.slice(0, 1) : values
      return found.flatMap(cell => used.map((value: Value) => ({ ...cell, [name]: value })))
    },
    [{}],
  )
}
