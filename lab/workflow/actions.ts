/**
 * What stands in for the actions of others, by name and commit: each does here, with folders, what the real one does with GitHub's
 * services. An input that it does not understand is an error, as is an action that is not here.
 */
import { cp, mkdir, rename, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { glob } from 'zx'
import { EXIT, LabError } from '../../src/base/errors.js'
import { unknownWord } from '../../src/base/nearest.js'
import type { Machine } from './machine.js'
import { nodeRelease } from './nodes.js'

/** What jobs hand to each other, and what is kept between runs: folders of the runner's own. */
export interface Stores {
  readonly artifacts: string
  readonly caches: string
}

/** A job as a stand-in sees it. */
export interface ActionJob {
  readonly machine: Machine
  readonly stores: Stores
  /** Makes a clean clone of the repository that the workflow is of, in a folder of the job's. */
  checkout(folder: string): Promise<void>
  /** Puts a folder before the others on the PATH of the steps that follow. */
  addPath(folder: string): void
  /** Runs a command in the workspace as the job's user, its input and output these files; resolves with its exit status. */
  command(
    argv: readonly string[],
    files: { readonly input?: string; readonly output?: string },
  ): Promise<number>
  /** Called when the job is over, and nothing of it has failed. */
  afterwards(work: () => Promise<void>): void
  say(text: string): void
}

type Inputs = Readonly<Record<string, string>>

interface StandIn {
  readonly commit: string
  readonly inputs: readonly string[]
  /** Resolves with the action's outputs. Throws LabError where the step fails. */
  run(inputs: Inputs, job: ActionJob): Promise<Readonly<Record<string, string>>>
}

/** Each with the commit that the version in the workflow's comment has. */
const STAND_INS: Readonly<Record<string, StandIn>> = {
  'actions/checkout': {
    commit: '8e8c483db84b4bee98b60c0593521ed34d9990e8',
    inputs: ['path', 'persist-credentials'],
    async run({ path = '.' }, job) {
      await job.checkout(job.machine.path(path))
      return {}
    },
  },

  'actions/setup-node': {
    commit: '2028fbc5c25fe9cf00d9f06a71cc4710d4507903',
    inputs: ['node-version', 'cache'],
    async run(inputs, job) {
      const { 'node-version': version = '', cache } = inputs
      const folder = join(job.machine.tools, 'node', version)
      // Links and all: npm's programs are links to what they belong to.
      const target = job.machine.outside(folder)
      await cp(await nodeRelease(version), target, { recursive: true, verbatimSymlinks: true })
      await job.machine.give(folder)
      job.addPath(join(folder, 'bin'))
      if (cache !== undefined && cache !== 'npm')
        throw new LabError(
          `setup-node keeps no cache of '${cache}' here`,
          "the input 'cache' is npm, or left out",
        )
      if (cache === 'npm') await keep('~/.npm', `npm-${process.arch}-${version}`, job)
      return { 'node-version': version }
    },
  },

  'actions/cache': {
    commit: '27d5ce7f107fe9357f9df03efb73ab90386fccae',
    inputs: ['path', 'key'],
    async run({ path = '', key = '' }, job) {
      if (path === '' || key === '') throw new LabError('actions/cache takes a path and a key')
      const hit = await keep(path, key, job)
      return { 'cache-hit': String(hit) }
    },
  },

  'actions/upload-artifact': {
    commit: 'b7c566a772e6b6bfb58ed0dc250532a479d7789f',
    inputs: ['name', 'path', 'if-no-files-found'],
    async run({ name = 'artifact', path = '', 'if-no-files-found': missing = 'warn' }, job) {
      const target = join(job.stores.artifacts, name)
      if (await exists(target))
        throw new LabError(`there is an artifact '${name}' already`, 'each of a run needs a name of its own')
      const files = await filesOf(path, job.machine)
      if (files.length === 0) {
        if (missing === 'error') throw new LabError(`no file at ${path}`)
        job.say(`no file at ${path}: there is no artifact '${name}'`)
        return {}
      }
      const root = commonFolder(files)
      for (const file of files) {
        const copy = join(target, relative(root, file))
        await mkdir(dirname(copy), { recursive: true })
        await cp(file, copy)
      }
      job.say(`artifact '${name}': ${files.length} files`)
      return {}
    },
  },

  'actions/download-artifact': {
    commit: '37930b1c2abaa49bbe596cd826c3c89aef350131',
    inputs: ['pattern', 'path', 'merge-multiple'],
    async run({ pattern = '*', path = '.', 'merge-multiple': merge = 'false' }, job) {
      const { artifacts } = job.stores
      const names = await glob(pattern, { cwd: artifacts, onlyDirectories: true, deep: 1 })
      const target = job.machine.path(path)
      for (const name of names.sort())
        await cp(join(artifacts, name), job.machine.outside(merge === 'true' ? target : join(target, name)), {
          recursive: true,
        })
      await job.machine.give(target)
      job.say(`artifacts: ${names.join(', ') || 'none'}`)
      return {}
    },
  },
}

/**
 * Does what an action of others does; `uses` is `owner/name@commit`. Resolves with its outputs; undefined where none is
 * of that name. Throws LabError where the commit is another one, for an input that is not understood, and where the step fails.
 */
export async function standIn(uses: string, inputs: Inputs, job: ActionJob): Promise<Inputs | undefined> {
  const [name = '', commit] = uses.split('@')
  const action = STAND_INS[name]
  if (!action) return undefined
  if (commit !== action.commit)
    throw new LabError(
      `${name} is pinned to ${commit}, and what stands in for it is made for ${action.commit}`,
      'see what changed in it, and put the new commit into lab/workflow/actions.ts',
      EXIT.usage,
    )
  const stray = Object.keys(inputs).find(input => !action.inputs.includes(input))
  if (stray !== undefined) throw unknownWord(`input of ${name}`, stray, action.inputs)
  return action.run(inputs, job)
}

/** The actions of others that something stands in for. */
export function knownActions(): string[] {
  return Object.keys(STAND_INS)
}

/** Packs what is at patterns, which are the shell's, and of the job's user. */
const PACK = `shopt -s nullglob
found=()
for pattern; do for path in $pattern; do [ ! -e "$path" ] || found+=("$path"); done; done
exec tar --absolute-names --create "\${found[@]}"`

/**
 * Brings back what a cache has under a key, and otherwise keeps it when the job is over. As the real action does, the job's
 * own user reads and writes, with tar. Resolves with whether it was there.
 */
async function keep(paths: string, key: string, job: ActionJob): Promise<boolean> {
  const archive = join(job.stores.caches, `${key.replace(/[^\w.+~-]/g, '_')}.tar`)
  if (await exists(archive)) {
    if ((await job.command(['tar', '--absolute-names', '--extract'], { input: archive })) !== 0)
      throw new LabError(`the cache '${key}' could not be brought back`)
    job.say(`cache '${key}': brought back`)
    return true
  }
  job.say(`cache '${key}': not there yet`)
  job.afterwards(async () => {
    const patterns = lines(paths).map(line => job.machine.path(line))
    const partial = `${archive}.${process.hrtime.bigint()}`
    if ((await job.command(['bash', '-c', PACK, 'bash', ...patterns], { output: partial })) !== 0)
      throw new LabError(
        `the cache '${key}' could not be kept: nothing is there, or not for the job's user to read`,
        'sudo chown what root has put there',
      )
    await rename(partial, archive)
    job.say(`cache '${key}': kept`)
  })
  return false
}

/** The files at some paths, patterns among them, without those that are hidden. */
async function filesOf(paths: string, machine: Machine): Promise<string[]> {
  const found: string[] = []
  for (const line of lines(paths)) {
    const path = machine.outside(machine.path(line))
    const pattern = (await stat(path).catch(() => undefined))?.isDirectory() ? join(path, '**') : path
    found.push(...(await glob(pattern, { onlyFiles: true, dot: false })))
  }
  return found.sort()
}

/** The folder that files have in common: an artifact's paths begin below it. */
function commonFolder(files: readonly string[]): string {
  const [first = '', ...others] = files.map(dirname)
  return others.reduce((common, folder) => {
    let shared = common
    while (!`${folder}/`.startsWith(`${shared}/`)) shared = dirname(shared)
    return shared
  }, first)
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
