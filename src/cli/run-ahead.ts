/** What `lab run` begins before its words have been looked at. */
import { EXIT, LabError } from '../base/errors.js'
import { openAhead } from './world.js'

/** What of the options makes it more than a run inside a world. */
interface Elsewhere {
  readonly distro?: string | undefined
  readonly rootfs?: string | undefined
  readonly sysctl?: readonly string[]
  readonly loadModules?: boolean
}

/** Whether all can be done inside the world: no other root is asked for, and no module. */
export function isAlone({ distro, rootfs, sysctl = [], loadModules = false }: Elsewhere): boolean {
  return distro === undefined && rootfs === undefined && sysctl.length === 0 && !loadModules
}

/**
 * Begins the world of a run that needs nothing else, and calls `rest`, which says with what status the run ends. Outside, there is
 * nothing left to do but to wait, unless a folder is to be made first: whatever is wrong with the words is said inside, and only where
 * there can be no world, out here.
 */
export async function runAhead(
  options: Elsewhere & { readonly rootless?: boolean; readonly onFailure?: string; readonly out?: string },
  rest: () => Promise<number>,
): Promise<number> {
  if (!isAlone(options)) return rest()
  const world = openAhead(options.rootless ?? false, { shell: options.onFailure === 'shell' })
  if (!world || options.out !== undefined) return rest()
  return world.go().catch((error: unknown) => {
    if (error instanceof LabError && error.exitCode === EXIT.unavailable) return rest()
    throw error
  })
}
