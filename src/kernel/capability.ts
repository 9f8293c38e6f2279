/** One thing that a kernel or a machine may lack, and how to find out. */
import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { EXIT, LabError } from '../base/errors.js'
import { CommandKilled, runCommand } from '../world/command.js'

export interface Capability {
  readonly id: string
  /** What it is, as part of a sentence: `iptables on bridged packets`. */
  readonly title: string
  /** The CONFIG_ options that bring it, where the kernel does. */
  readonly config: readonly string[]
  /** The modules that bring it where it is not built in; they are not loaded unless the user asks for it. */
  readonly modules: readonly string[]
  /** False where no use of it makes the kernel load its modules (request_module): somebody has to. */
  readonly onDemand?: false
  /** The Debian packages that bring it. */
  readonly packages: readonly string[]
  /** What is missing, in a sentence; undefined when nothing is. Runs in the world, leaves nothing behind. */
  check(): Promise<string | undefined> | string | undefined
}

/** Where the kernel shows what is loaded, and what is built in and has parameters. */
export const LOADED = '/sys/module'

/** Whether the running kernel has something as a module, and it is not loaded. `modules` is where its modules are, `loaded` as LOADED. */
export function isUnloaded(module: string, modules = `/lib/modules/${release()}`, loaded = LOADED): boolean {
  const known = readIfThere(join(modules, 'modules.dep'))
  return new RegExp(`/${module}\\.ko[^/:]*:`, 'm').test(known) && !existsSync(join(loaded, module))
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const TRY_TIMEOUT_MS = 30_000

/** Tries a command in a network namespace of its own; what it said when it failed. Throws LabError when it is not installed, or no namespace can be made; CommandKilled. */
export async function tryCommand(argv: readonly string[], stdin?: string): Promise<string | undefined> {
  const record = await runCommand(['unshare', '--net', ...argv], {
    node: null,
    stdin,
    timeoutMs: TRY_TIMEOUT_MS,
  })
  if (record.exitCode === 0) return undefined
  if (record.signal)
    throw new CommandKilled(`'${argv.join(' ')}' was ended by ${record.signal}`, 'run it again')
  const said = (record.stderr || record.stdout).trim().replace(/\s+/g, ' ')
  if (/^unshare: .*No space left on device/.test(said))
    throw new LabError(
      'no more network namespaces can be made: the limit user.max_net_namespaces is reached (ENOSPC)',
      'sudo sysctl user.max_net_namespaces=100000',
      EXIT.unavailable,
    )
  return `'${argv.join(' ')}' fails: ${said || `exit status ${record.exitCode}`}`
}
