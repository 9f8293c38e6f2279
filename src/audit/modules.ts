/** Which modules the kernel has, so that nothing is asked that would load one. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { release } from 'node:os'

/** Where the kernel says which modules are loaded; a kernel that takes none has no such file. */
const LOADED = '/proc/modules'

/** Whether code of the kernel is there, loaded or built in: to ask for what is not there would load it (request_module()). */
export function moduleIsThere(name: string): boolean {
  if (existsSync(`/sys/module/${name}`) || !existsSync(LOADED)) return true
  const builtIn = readText(`/lib/modules/${release()}/modules.builtin`)
  if (builtIn !== undefined) return builtIn.split('\n').some(line => line.endsWith(`/${name}.ko`))
  // Its symbols are named whether their addresses are told or not; one of them has the module's name as a prefix.
  return readText('/proc/kallsyms')?.includes(` ${name}_`) ?? false
}

/** The modules that are loaded, and what is built in and has parameters. */
export function modulesThere(): string[] {
  try {
    return readdirSync('/sys/module')
  } catch {
    return []
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
