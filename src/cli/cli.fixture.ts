/** The command line, for tests that run it. */
import { join } from 'node:path'
import { execa } from 'execa'
import { projectRoot } from '../base/root.js'

/** The compiled command line. */
export const MAIN = join(projectRoot(), 'dist/src/cli/main.js')

/** Runs the command line, with these variables besides the environment's own, whatever its exit status. */
export function lab(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return execa(process.execPath, [MAIN, ...args], { reject: false, stdin: 'ignore', env })
}
