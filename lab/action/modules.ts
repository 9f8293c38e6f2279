/** The runner's kernel modules: a run leaves none behind that were not there, unless it was asked to load them. */
import { readFile } from 'node:fs/promises'
import { execa } from 'execa'
import { ignoreMissing } from '../../src/base/files.js'

/** A loaded module, by /proc/modules. */
interface Module {
  readonly name: string
  readonly users: number
}

/** The modules that are loaded, by `file`, which is /proc/modules; none where the kernel has no modules. */
export async function loadedModules(file = '/proc/modules'): Promise<Module[]> {
  const text = (await readFile(file, 'utf8').catch(ignoreMissing)) ?? ''
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const [name = '', , users = '0'] = line.split(' ')
      return { name, users: Number(users) }
    })
}

/**
 * Takes away the modules that were not there before and that nobody uses, again and again, since one is used by another. `root`
 * are the words that make a command root's. Resolves with the names of those that stay, as somebody uses them or rmmod(8) fails.
 */
export async function unloadNew(
  before: readonly Module[],
  root: readonly string[],
  file = '/proc/modules',
): Promise<string[]> {
  const old = new Set(before.map(({ name }) => name))
  for (;;) {
    const came = (await loadedModules(file)).filter(({ name }) => !old.has(name))
    const free = came.filter(({ users }) => users === 0)
    const [command = 'rmmod', ...args] = [...root, 'rmmod', ...free.map(({ name }) => name)]
    if (free.length > 0) await execa(command, args, { reject: false, stdin: 'ignore' })
    const left = (await loadedModules(file)).filter(({ name }) => !old.has(name))
    if (left.length === came.length) return left.map(({ name }) => name)
  }
}
