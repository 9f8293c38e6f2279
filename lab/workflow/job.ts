/** A job, run to its end: its own steps in order, on a machine of its own. */
import { appendFile, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describeError, LabError } from '../../src/base/errors.js'
import { SUMMARY_BYTES } from '../../src/report/github.js'
import { type ActionJob, knownActions, type Stores, standIn } from './actions.js'
import { parseAssignments } from './commands.js'
import { interpolate, isRun, type Scope, textOf, type Value, type Values } from './expression.js'
import { type Machine, MODULES } from './machine.js'
import { type Action, complaint, type Job, readAction, type Step } from './read.js'

/** A built clone, whose npm packages and build are shared with clean clones of a repository, instead of made again. */
export interface BuiltClone {
  /** The repository, by `owner/name`. */
  readonly of: string
  readonly folder: string
}

/** What a job is run with. */
export interface JobContext {
  readonly id: string
  readonly job: Job
  readonly machine: Machine
  readonly stores: Stores
  /** Bare repositories by `owner/name`; that of the workflow is `github.repository`. */
  readonly repositories: Readonly<Record<string, string>>
  readonly github: Readonly<Record<string, string>>
  readonly matrix: Values
  readonly needs: Values
  readonly inputs: Values
  readonly env: Readonly<Record<string, string>>
  /** The file for what its steps print. */
  readonly log: string
  /** The file for what its steps put into their summaries. */
  readonly summary: string
  readonly onStep: (title: string, seconds: number, ok: boolean) => void
  readonly built?: BuiltClone
}

/** What came of a job. */
export interface JobResult {
  readonly ok: boolean
  readonly outputs: Readonly<Record<string, string>>
}

/** Where steps are: in the job itself, or in an action that one of its steps uses. */
interface Place {
  readonly inputs: Values
  readonly env: Readonly<Record<string, string>>
  /** The folder of the action. */
  readonly action?: string
  readonly steps: Record<string, Values>
  failed: boolean
}

/** Runs a job. What its steps do wrong is its result; throws LabError for a workflow or an action that is not understood. */
export async function runJob(context: JobContext): Promise<JobResult> {
  return new JobRun(context).run()
}

class JobRun {
  readonly #context: JobContext
  readonly #env: Record<string, string> = {}
  readonly #paths: string[] = []
  readonly #afterwards: (() => Promise<void>)[] = []
  #count = 0

  constructor(context: JobContext) {
    this.#context = context
  }

  async run(): Promise<JobResult> {
    const { job, inputs } = this.#context
    const place: Place = { inputs, env: {}, steps: {}, failed: false }
    await this.#runSteps(job.steps, place)
    for (const work of this.#afterwards.reverse()) if (!place.failed) place.failed = !(await this.#try(work))
    return { ok: !place.failed, outputs: this.#texts(job.outputs, place, job.where) }
  }

  async #runSteps(steps: readonly Step[], place: Place): Promise<void> {
    for (const step of steps) {
      const scope = this.#scope(place)
      const wanted = at(step.where, () => isRun(step.if, scope))
      const outcome = wanted ? await this.#runStep(step, place) : { ok: true, outputs: {} }
      if (!outcome.ok && !step['continue-on-error']) place.failed = true
      if (step.id === undefined) continue
      const word = wanted ? (outcome.ok ? 'success' : 'failure') : 'skipped'
      const conclusion = word === 'failure' && step['continue-on-error'] ? 'success' : word
      place.steps[step.id] = { outputs: outcome.outputs, outcome: word, conclusion }
    }
  }

  async #runStep(step: Step, place: Place): Promise<JobResult> {
    const name = step.name ?? step.uses ?? step.run?.trim().split('\n')[0] ?? ''
    const title = at(step.where, () => textOf(interpolate(name, this.#scope(place))))
    const env = { ...place.env, ...this.#texts(step.env, place, step.where) }
    const started = performance.now()
    await this.#say(`\n=== ${title} (${step.where})`)
    let result: JobResult = { ok: false, outputs: {} }
    const ok = await this.#try(async () => {
      result =
        step.uses === undefined ? await this.#command(step, place, env) : await this.#use(step, place, env)
    })
    const done = { ...result, ok: ok && result.ok }
    const seconds = (performance.now() - started) / 1000
    await this.#say(`=== ${done.ok ? 'ok' : 'failed'} after ${seconds.toFixed(1)} s`)
    // What an action consists of is told by its steps.
    if (place.action === undefined || step.run !== undefined) this.#context.onStep(title, seconds, done.ok)
    return done
  }

  /** What went wrong in a step is said where its output is. What is wrong in a file ends everything. */
  async #try(work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      if (!(error instanceof LabError) || error instanceof FileError) throw error
      await this.#say(`::error::${describeError(error)}`)
      return false
    }
  }

  async #command(step: Step, place: Place, env: Readonly<Record<string, string>>): Promise<JobResult> {
    const { machine, summary, log } = this.#context
    const script = at(step.where, () => textOf(interpolate(step.run ?? '', this.#scope(place))))
    const prefix = join(machine.temp, `_runner_file_commands_${++this.#count}`)
    const files = {
      output: `${prefix}_output`,
      env: `${prefix}_env`,
      path: `${prefix}_path`,
      summary: `${prefix}_summary`,
    }
    for (const [file, text] of [
      [`${prefix}.sh`, script],
      ...Object.values(files).map(file => [file, '']),
    ] as const) {
      await writeFile(machine.outside(file), text)
      await machine.give(file)
    }
    const options = step.shell === undefined ? ['-e'] : ['--noprofile', '--norc', '-eo', 'pipefail']
    const status = await machine.run({
      argv: ['bash', ...options, `${prefix}.sh`],
      cwd: machine.workspace,
      env: {
        ...this.#variables(place),
        ...{ GITHUB_OUTPUT: files.output, GITHUB_ENV: files.env, GITHUB_PATH: files.path },
        GITHUB_STEP_SUMMARY: files.summary,
        ...env,
        PATH: this.#path(),
      },
      log,
    })
    const read = (file: string) => readFile(machine.outside(file), 'utf8')
    Object.assign(this.#env, parseAssignments(await read(files.env)))
    const paths = (await read(files.path)).split('\n').filter(line => line !== '')
    this.#paths.unshift(...paths.reverse())
    const text = await read(files.summary)
    const bytes = Buffer.byteLength(text)
    if (bytes > SUMMARY_BYTES)
      throw new LabError(`the summary of this step has ${bytes} bytes, and GitHub takes ${SUMMARY_BYTES}`)
    await appendFile(summary, text)
    return { ok: status === 0, outputs: parseAssignments(await read(files.output)) }
  }

  async #use(step: Step, place: Place, env: Readonly<Record<string, string>>): Promise<JobResult> {
    const uses = step.uses ?? ''
    const given = this.#texts(step.with, place, step.where)
    const outputs = await standIn(uses, given, this.#forActions())
    if (outputs) return { ok: true, outputs }
    const folder = await this.#actionFolder(uses, step.where)
    const action = await readAction(this.#context.machine.outside(folder), uses)
    const inside: Place = {
      inputs: this.#actionInputs(action, given, uses, step.where),
      env,
      action: folder,
      steps: {},
      failed: false,
    }
    await this.#runSteps(action.steps, inside)
    const values = Object.entries(action.outputs).map(([name, { value }]) => [name, value])
    return { ok: !inside.failed, outputs: this.#texts(Object.fromEntries(values), inside, step.where) }
  }

  #actionInputs(
    action: Action,
    given: Readonly<Record<string, string>>,
    uses: string,
    where: string,
  ): Values {
    const stray = Object.keys(given).find(name => !Object.hasOwn(action.inputs, name))
    if (stray !== undefined) throw fileError(where, `${uses} has no input '${stray}'`)
    const found = Object.entries(action.inputs).map(([name, input]) => {
      const value = given[name] ?? input.default
      if (value === undefined && input.required) throw fileError(where, `${uses} needs the input '${name}'`)
      return [name, value ?? '']
    })
    return Object.fromEntries(found)
  }

  /** Where an action of ours is: in the workspace, or in a clone of the repository that has it. */
  async #actionFolder(uses: string, where: string): Promise<string> {
    const { machine, repositories } = this.#context
    if (uses.startsWith('./')) return machine.path(uses)
    const [name = '', version = ''] = uses.split('@')
    const repository = repositories[name]
    if (repository === undefined)
      throw fileError(
        where,
        `nothing stands in for the action ${uses}; known are ${[...knownActions(), ...Object.keys(repositories)].join(', ')}`,
      )
    const folder = join(machine.actions, name, version)
    await this.#clone(repository, folder)
    return folder
  }

  #forActions(): ActionJob {
    const { machine, stores, repositories, github, log } = this.#context
    return {
      machine,
      stores,
      checkout: folder => this.#clone(repositories[github.repository ?? ''] ?? '', folder),
      addPath: folder => void this.#paths.unshift(folder),
      command: (argv, files) =>
        machine.run({ argv, ...files, cwd: machine.workspace, env: machine.environment, log }),
      afterwards: work => void this.#afterwards.push(work),
      say: text => this.#say(text),
    }
  }

  /** A clean clone, as the job's user has it. */
  async #clone(repository: string, folder: string): Promise<void> {
    const { machine, built, repositories } = this.#context
    const target = machine.outside(folder)
    const git = ['-c', 'safe.directory=*', 'clone', '--quiet', '--no-hardlinks', repository, target]
    const { failed, stderr } = await execa('git', git, { stdin: 'ignore', reject: false })
    if (failed) throw new LabError(`the repository could not be cloned into ${folder}: ${stderr}`)
    if (built && repository === repositories[built.of]) await shareBuild(built.folder, target)
    await machine.give(folder)
  }

  #path(): string {
    return [...this.#paths, this.#context.machine.environment.PATH].join(':')
  }

  #variables(place: Place): Record<string, string> {
    const { machine, github, env, job } = this.#context
    const own = Object.entries(github).map(([name, value]) => [`GITHUB_${name.toUpperCase()}`, value])
    return {
      ...machine.environment,
      ...{ CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: machine.workspace },
      ...Object.fromEntries(own),
      ...(place.action === undefined ? {} : { GITHUB_ACTION_PATH: place.action }),
      ...this.#texts(env, place, job.where),
      ...this.#texts(job.env, place, job.where),
      ...this.#env,
    }
  }

  #scope({ inputs, env, steps, failed, action }: Place): Scope {
    const { github, matrix, needs, machine } = this.#context
    const { RUNNER_TEMP: temp = '', RUNNER_OS: os = '', RUNNER_ARCH: arch = '' } = machine.environment
    return {
      failed,
      workspace: machine.outside(machine.workspace),
      contexts: {
        github: {
          ...github,
          workspace: machine.workspace,
          ...(action === undefined ? {} : { action_path: action }),
        },
        runner: { temp, os, arch },
        env: { ...this.#env, ...env },
        ...{ inputs, steps, matrix, needs },
      },
    }
  }

  #texts(given: Readonly<Record<string, string>>, place: Place, where: string): Record<string, string> {
    const scope = this.#scope(place)
    return Object.fromEntries(
      Object.entries(given).map(([name, text]): [string, string] => [
        name,
        at(where, () => textOf(interpolate(text, scope))),
      ]),
    )
  }

  async #say(text: string): Promise<void> {
    await appendFile(this.#context.log, `${text}\n`)
  }
}

/** Saves a clean clone `npm ci` and the compiler: what they would make is there, and newer than the sources. */
async function shareBuild(built: string, clone: string): Promise<void> {
  await symlink(MODULES, join(clone, 'node_modules'))
  await execa('cp', ['-a', join(built, 'dist'), join(clone, 'dist')])
  await execa('touch', [
    '-r',
    join(built, 'node_modules/.package-lock.json'),
    join(clone, 'package-lock.json'),
  ])
  await execa('touch', [join(clone, 'dist/.built')])
}

/** Something wrong in a workflow or an action: there is no use in going on. */
class FileError extends LabError {
  override readonly name = 'FileError'
}

function fileError(where: string, message: string, remedy = ''): FileError {
  const { message: text, exitCode } = complaint(where, message)
  return new FileError(text, remedy, exitCode)
}

/** What an expression comes to; where it comes to nothing, with its file and line. */
function at<T extends Value>(where: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof FileError || !(error instanceof LabError)) throw error
    throw fileError(where, error.message, error.remedy)
  }
}
