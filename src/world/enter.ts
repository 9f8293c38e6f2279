/**
 * The world: a private mount, network, PID (and user) namespace in which a run happens. The command line starts itself
 * again inside one; when that process ends, for whatever reason, the kernel takes away everything that it had made.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { EXIT, LabError } from '../base/errors.js'
import { withoutOtherCapabilities } from './capabilities.js'
import { dieWithParent, exitNow, refusePtrace } from './libc.js'
import { hideMachine } from './machine-files.js'
import { enterRoot, type OtherRoot, otherRoot, rootEnvironment } from './root.js'

const MARK = 'NETNS_LAB_WORLD'
/** Descriptor of the pipe between the process outside and the one inside: it says that the other is alive. */
const PIPE = 3
/** How long what came through the pipe may take after the process at its other end is gone. */
const LAST_WORD_MS = 1000
/** What lets the process inside go on. */
const GO = 'go'
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/** Whether this process is the one inside. */
export function insideWorld(): boolean {
  return process.env[MARK] !== undefined
}

/** Whether the world has a user namespace of its own: what is the machine's alone (kernel log, tracefs) is out of reach. */
export function rootlessWorld(): boolean {
  return process.env[MARK] === 'rootless'
}

/** What a world is to be. */
export interface WorldOptions {
  /** Whether it gets a user namespace of its own. */
  readonly rootless: boolean
  /** Whether the user gets a shell there. */
  readonly shell: boolean
  /** Another root than the machine's. */
  readonly root?: OtherRoot | undefined
}

/** A world that has been begun. */
export interface OpenWorld {
  /**
   * Has the process inside do what it was started for, and resolves with its exit status. Throws LabError (exit 69) when the
   * machine does not allow the namespaces, with what allows them.
   */
  go(): Promise<number>
}

/**
 * Starts `argv` with this Node.js in a new world. It loads what it needs, and waits until it may go on (`waitOutside`): what is
 * outside may look at the words of the command line in the meantime. Where it never lets it, the world ends with this process.
 */
export function openWorld(argv: readonly string[], { rootless, shell, root }: WorldOptions): OpenWorld {
  const flags = [
    '--mount',
    '--net',
    '--pid',
    '--uts',
    '--ipc',
    '--fork',
    '--kill-child',
    '--mount-proc',
    '--propagation',
    'private',
  ]
  const unshare = ['unshare', ...flags, ...(rootless ? ['--user', '--map-root-user'] : [])]
  // Not execa, which has no stream that is read and written, as the fourth descriptor is.
  // The kernel kills `unshare` with this process, and with it the first process of the PID namespace: all of them.
  const inside = [...withoutOtherCapabilities(rootless, shell), process.execPath, ...argv]
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...unshare, ...inside], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, [MARK]: rootless ? 'rootless' : 'root', ...rootEnvironment(root) },
  })
  const pipe = child.stdio[PIPE] as Socket
  let said = ''
  pipe.on('data', data => (said += data))
  pipe.on('error', () => {})
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  // Whoever lets it go on is told.
  ended.catch(() => {})
  child.unref()
  pipe.unref()
  // A terminal sends its signal to the process inside as well; `kill` does not.
  const forward = (signal: NodeJS.Signals) => pipe.write(`${signal}\n`)
  return {
    async go() {
      child.ref()
      pipe.ref()
      for (const signal of SIGNALS) process.on(signal, forward)
      pipe.write(`${GO}\n`)
      try {
        const [code, signal] = await ended
        if (!pipe.closed) await Promise.race([once(pipe, 'close'), delay(LAST_WORD_MS)])
        // Not unshare's own status: where the process inside is killed, that is 1, as after a regression.
        const end = /^end (\d+)$/m.exec(said)?.[1]
        if (end !== undefined) return Number(end)
        if (said.startsWith('up'))
          throw new LabError(
            `the run was ended by ${signal ?? 'a signal'}`,
            'everything that it made is gone, and nothing is known about the kernel: run it again',
            signal === null || signal === 'SIGKILL' ? EXIT.error : EXIT.interrupted,
          )
        // unshare's and setpriv's own failures end with these; any other status is that of the process inside, which has said why.
        if (code !== null && ![1, 126, 127].includes(code)) return code
        throw cannotEnter(`unshare ended with ${signal ?? `status ${code}`}`, rootless)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT')
          throw new LabError("'setpriv' is not installed", 'apt-get install util-linux', EXIT.unavailable)
        throw error
      } finally {
        for (const signal of SIGNALS) process.off(signal, forward)
      }
    },
  }
}

let mayGoOn = false

/** Inside, waits until the process outside lets this one go on. Ends it where that wants it to end, or is gone. */
export function waitOutside(): void {
  if (mayGoOn || !insideWorld()) return
  mayGoOn = true
  const byte = Buffer.alloc(1)
  let line = ''
  // One byte at a time: what follows is for whoever reads next.
  while (!line.endsWith('\n')) {
    if (readSync(PIPE, byte) === 0) exitNow(EXIT.interrupted)
    line += byte.toString('latin1')
  }
  if (line.trim() !== GO) exitNow(EXIT.interrupted)
}

/** Ends the process inside, and with it the world. The process outside gets the status from here. */
export function leaveWorld(status: number): never {
  try {
    writeSync(PIPE, `end ${status}\n`)
  } catch {
    // Nobody is left out there who would want to know.
  }
  return exitNow(status)
}

/** Why no world can be made here, and what would allow it. */
function cannotEnter(what: string, rootless: boolean): LabError {
  const message = `no private namespaces can be made on this machine (${what})`
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8').trim()
    } catch {
      return undefined
    }
  }
  const remedy = !rootless
    ? 'this root lacks CAP_SYS_ADMIN: run it on a real or virtual machine, or in a container with --privileged'
    : read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1'
      ? 'AppArmor forbids user namespaces to ordinary users here: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or run it as root'
      : read('/proc/sys/kernel/unprivileged_userns_clone') === '0'
        ? 'user namespaces are switched off: sudo sysctl kernel.unprivileged_userns_clone=1, or run it as root'
        : read('/proc/sys/user/max_user_namespaces') === '0'
          ? 'user namespaces are switched off: sudo sysctl user.max_user_namespaces=10000, or run it as root'
          : read('/proc/sys/user/max_user_namespaces') === undefined
            ? 'this kernel has no user namespaces (CONFIG_USER_NS): run it as root'
            : 'run it as root'
  return new LabError(message, remedy, EXIT.unavailable)
}

/**
 * Makes the inside of the world ready: its root, its own /run, /sys and /proc/sys, and an end as soon as the process outside is gone.
 * `interrupted` is called for every signal. Throws SystemError, and
 * LabError where a root cannot be entered.
 */
export function settleInWorld(interrupted: (signal: NodeJS.Signals) => void): void {
  dieWithParent()
  // The pipe is a socket of the machine's network namespace, and would lead back there (SIOCGSKNS).
  if (!rootlessWorld()) refusePtrace()
  const root = otherRoot()
  if (root) enterRoot(root)
  hideMachine(rootlessWorld())
  for (const signal of SIGNALS) process.on(signal, interrupted)
  const pipe = new Socket({ fd: PIPE, readable: true, writable: true })
  pipe.on('data', data => interrupted(data.toString().split('\n')[0] as NodeJS.Signals))
  pipe.on('close', () => exitNow(EXIT.interrupted))
  pipe.on('error', () => exitNow(EXIT.interrupted))
  pipe.write('up\n')
  pipe.unref()
}
