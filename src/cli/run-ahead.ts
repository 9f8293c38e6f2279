/** What `lab run` begins before its words have been looked at. */
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

/** Begins the world of a run that needs nothing else. */
export function runAhead(
  options: Elsewhere & { readonly rootless?: boolean; readonly onFailure?: string },
): void {
  if (isAlone(options)) openAhead(options.rootless ?? false, { shell: options.onFailure === 'shell' })
}
