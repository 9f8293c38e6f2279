/** Starting the command line again inside the world, for the commands that need one. */
import { getuid } from 'node:process'
import { EXIT, LabError } from '../base/errors.js'
import { missingTool } from '../base/tools.js'
import {
  insideWorld,
  leaveWorld,
  type OpenWorld,
  openWorld,
  rootlessWorld,
  settleInWorld,
  type WorldOptions,
  waitOutside,
} from '../world/enter.js'
import { otherRoot } from '../world/root.js'
import { complain } from './usage.js'

/** What every world is made with. */
const ESSENTIAL = ['ip', 'sysctl', 'unshare', 'setpriv']

/** What a command gets inside the world. */
export interface Inside {
  readonly rootless: boolean
  /** Aborts when the user or the process outside wants it to end. */
  readonly signal: AbortSignal
}

/** What a command asks of its world. */
interface Wanted extends Pick<WorldOptions, 'root'> {
  readonly shell?: boolean
}

let ahead: OpenWorld | undefined

/**
 * Opens the world of a command before anything else is done: inside, everything is loaded while the words of the command line are
 * looked at out here. `inWorld`, or whoever gets it here, lets it go on. Undefined inside, and where it cannot be opened.
 */
export function openAhead(rootless: boolean, wanted: Wanted = {}): OpenWorld | undefined {
  if (!insideWorld() && ESSENTIAL.every(tool => missingTool(tool) === undefined))
    ahead = open(rootless, wanted)
  return ahead
}

function open(rootless: boolean, { shell = false, root }: Wanted): OpenWorld {
  return openWorld(process.argv.slice(1), { rootless: rootless || getuid?.() !== 0, shell, root })
}

/**
 * Calls `work` in the world and resolves with its exit status: outside, by running the same command line in a new world;
 * inside, by getting on with it. Throws LabError (exit 69) where no world can be made.
 */
export async function inWorld(
  rootless: boolean,
  work: (inside: Inside) => Promise<number>,
  wanted: Wanted = {},
): Promise<number> {
  if (!insideWorld()) {
    requireEssential('')
    return (ahead ?? open(rootless, wanted)).go()
  }
  waitOutside()
  const controller = new AbortController()
  settleInWorld(signal => {
    controller.abort(signal)
    // Nothing is worth waiting for: all that was made goes with this process, the first one of its PID namespace.
    process.stderr.write(`\nlab: ended by ${signal}; everything that it made is gone\n`)
    leaveWorld(EXIT.interrupted)
  })
  const fail = (error: unknown): never => {
    return leaveWorld(complain(error))
  }
  // What a timer or a child throws reaches nobody else; and a thread that still waits must not keep a failed run alive.
  process.on('uncaughtException', fail)
  const other = otherRoot()
  if (other)
    await Promise.resolve(` in ${other.id ?? other.folder}`)
      .then(requireEssential)
      .catch(fail)
  const status = await work({ rootless: rootlessWorld(), signal: controller.signal }).catch(fail)
  // A pipe whose reader is slow takes what was written only bit by bit.
  for (const stream of [process.stdout, process.stderr]) await new Promise(done => stream.write('', done))
  return leaveWorld(status)
}

/** Throws LabError (exit 69) where a program is missing without which nothing can run; `where` ends the message. */
function requireEssential(where: string): void {
  for (const tool of ESSENTIAL) {
    const missing = missingTool(tool)
    if (missing) throw new LabError(`${missing}${where}`, 'nothing can run without it', EXIT.unavailable)
  }
}
