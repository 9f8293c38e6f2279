/** The root of `--distro` and `--rootfs`, with what of the machine a run takes along into it. */
import { existsSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { EXIT, LabError } from '../base/errors.js'
import { projectRoot } from '../base/root.js'
import { nodeLibraries } from '../distro/libraries.js'
import { resolveRootfs } from '../distro/rootfs.js'
import { type FetchedRoot, findRoot } from '../distro/store.js'
import type { OtherRoot } from '../world/root.js'

/** Which root the user asked for, if any. */
export interface RootChoice {
  readonly distro?: string | undefined
  readonly rootfs?: string | undefined
}

/** Folders that are a root's own, whatever the machine has in them. */
const OWN = ['bin', 'boot', 'etc', 'lib', 'lib32', 'lib64', 'run', 'sbin', 'sys', 'usr', 'var']

/**
 * The root that was asked for; undefined where it is the machine's own. `outputs` are files that are written
 * inside, `sysctlFiles` the user's own, which are put where they would be there. Throws LabError where there is no such root, and (exit 2) where something would be written into it.
 */
export async function chooseRoot(
  { distro, rootfs }: RootChoice,
  outputs: readonly string[],
  sysctlFiles: readonly string[] = [],
): Promise<OtherRoot | undefined> {
  if (distro === undefined && rootfs === undefined) return undefined
  const found = distro === undefined ? undefined : await releaseRoot(distro)
  const folder = found?.root ?? (await resolveRootfs(rootfs ?? ''))
  const folders = outputs.map(path => outputFolder(path, folder))
  const cwd = process.cwd()
  const machine = new Map<string, boolean>()
  for (const path of [process.execPath, programFolder(), ...(await nodeLibraries(folder))])
    machine.set(path, false)
  for (const path of [...folders, ...(isOwn(cwd, folder) ? [] : [cwd])]) machine.set(path, true)
  return {
    ...(found ? { id: found.name } : {}),
    folder,
    machine: [
      ...[...machine].map(([path, writable]) => ({ path, writable })),
      ...sysctlFiles.map(file => ({ path: realFile(file), at: sysctlPlace(file), writable: false })),
    ],
  }
}

/**
 * The root of a release in the cache, by the release's name; says on standard error what it lacks that is wanted now. Throws
 * DistroError `unknown-distro` or `not-fetched`.
 */
export async function releaseRoot(name: string): Promise<FetchedRoot> {
  const root = await findRoot(name)
  if (root.lacks.length > 0)
    process.stderr.write(
      `${root.name} is in the cache without ${root.lacks.join(', ')}: what needs that is skipped\n  → make it anew: lab distro fetch ${root.name}\n`,
    )
  return root
}

/** The path of a file, without links. Throws LabError (exit 2) where there is none. */
export function realFile(file: string): string {
  const path = resolve(file)
  if (existsSync(path) && statSync(path).isFile()) return realpathSync(path)
  throw new LabError(`${file} is no file`, 'give the path of a file', EXIT.usage)
}

/** Where a file of settings is on a real system: /etc/sysctl.conf by that name, else a file of sysctl.d. */
function sysctlPlace(file: string): string {
  const name = basename(file)
  if (name === 'sysctl.conf') return '/etc/sysctl.conf'
  if (name.endsWith('.conf')) return `/etc/sysctl.d/${name}`
  throw new LabError(
    `${file} would not be read: its name does not end in .conf`,
    'give it the name that it has on the real system: it decides the order',
    EXIT.usage,
  )
}

/** The folder to take along for a file or a folder that is written to. */
function outputFolder(output: string, root: string): string {
  const path = resolve(output)
  const folder = dirname(path)
  if (!isOwn(folder, root)) return folder
  throw new LabError(
    `${output} cannot be written: in the root that the run is in, ${folder} is another folder`,
    'write it below your home, /tmp or the working directory',
    EXIT.usage,
  )
}

/** Whether a folder of the machine would hide one of the root's. */
function isOwn(folder: string, root: string): boolean {
  const [, top = ''] = folder.split('/')
  return top === '' || (OWN.includes(top) && existsSync(join(root, folder)))
}

/** This program, or all of node_modules where it is installed in one, as its packages may lie beside it. */
function programFolder(): string {
  const root = projectRoot()
  const at = root.indexOf('/node_modules/')
  return at < 0 ? root : root.slice(0, at + '/node_modules'.length)
}
