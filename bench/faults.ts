/** What can happen to a run: one entry for each way to disturb it, before it starts or at some moment while it lasts. */
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execaSync } from 'execa'
import { pick } from '../src/base/random.js'
import { commandLine, type Process, processes } from './snapshot.js'

/** A run that is under way. */
interface Target {
  /** Its first process, which the user started. */
  readonly outer: number
  /** A small file system of its own, with the folder of `--out` in it. */
  readonly disk: string
  /** The folder that is its whole PATH. */
  readonly tools: string
  /** Stops reading what it prints. */
  hangUp(): void
}

export interface Fault {
  readonly name: string
  /** Words in front of the command. */
  readonly wrapper?: (random: () => number) => readonly string[]
  /** Size of the disk in KiB; one that a run fits on when left out. */
  readonly diskKb?: (random: () => number) => number
  /** Does it, and says what it did in a few words; undefined when there is nothing to do it to (yet). */
  readonly strike?: (target: Target, random: () => number) => Promise<string | undefined>
  /** A scenario that has what it strikes at. */
  readonly scenario?: string
  /** Whether what it takes away makes a trial skipped by right, if it is gone before it is first looked for. */
  readonly maySkip?: true
}

/** Nobody on any machine, so that what the kernel counts by user is the run's alone. */
const USER = 61_234
const ORDINARY = ['setpriv', '--reuid', `${USER}`, '--regid', `${USER}`, '--clear-groups', '--']
const LIMIT_NAMESPACES = 'echo "$1" > /proc/sys/user/max_net_namespaces; shift; exec "$@"'
const EMPTY_NETNS = 'for file in /run/netns/*; do umount -l "$file"; rm -f "$file"; done'
const TOOLS =
  'ip iptables iptables-restore iptables-save ip6tables ip6tables-restore sysctl bridge tc ebtables nft conntrack radvd libvirtd virsh unshare sh'
const CAUGHT = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGKILL'] as const
const ANY_SIGNAL = Object.keys(constants.signals).filter(
  (name): name is NodeJS.Signals => name !== 'SIGSTOP' && name !== 'SIGTSTP' && !/^SIGTT/.test(name),
)

const below = (random: () => number, from: number, to: number) => from + Math.floor(random() * (to - from))

function childOf(parent: number): number | undefined {
  return processes().find(process => process.parent === parent)?.pid
}

/** `unshare`, which makes the world and waits for it. */
const unshareOf = ({ outer }: Target) => childOf(outer)

/** The process inside the world. */
function worldOf(target: Target): number | undefined {
  const unshare = unshareOf(target)
  return unshare === undefined ? undefined : childOf(unshare)
}

/** Whatever runs in the world besides the lab itself. */
function workersOf(target: Target): Process[] {
  const world = worldOf(target)
  const all = processes()
  const under = (parent: number): Process[] =>
    all.filter(process => process.parent === parent).flatMap(child => [child, ...under(child.pid)])
  return world === undefined ? [] : under(world)
}

function send(pid: number | undefined, signal: NodeJS.Signals): string | undefined {
  try {
    if (pid === undefined) return undefined
    process.kill(pid, signal)
    return signal
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined
    throw error
  }
}

function signalTo(name: string, whom: (target: Target) => number | undefined): Fault {
  return {
    name,
    strike: async (target, random) =>
      send(whom(target), random() < 0.6 ? pick(CAUGHT, random) : pick(ANY_SIGNAL, random)),
  }
}

/** Kills a worker. */
function killWorker(name: string, wanted: (worker: Process) => boolean, scenario?: string): Fault {
  return {
    name,
    ...(scenario === undefined ? {} : { scenario }),
    async strike(target, random) {
      const found = workersOf(target).filter(wanted)
      const victim = found.length === 0 ? undefined : pick(found, random)
      return victim && send(victim.pid, 'SIGKILL') ? victim.name : undefined
    },
  }
}

/** One that serves a topology, and was not just asked for its version. */
function isDaemon(program: string): (worker: Process) => boolean {
  return ({ name, pid }) => name === program && commandLine(pid)?.includes('--version') === false
}

/** Whether a command ends well. */
function succeeds(file: string, args: readonly string[]): boolean {
  return execaSync(file, args, { reject: false }).exitCode === 0
}

/** Whether a world has a /run of its own yet: until then, the lab has not begun in it, and its /run is that of the host. */
function hasOwnRun(world: number): boolean {
  return existsSync(`/proc/${world}/root/run/netns-lab`)
}

/** Runs a program among the world's mounts; it needs the world's /proc to know them by. */
function inMounts(name: string, argv: readonly string[], what: string): Fault {
  return {
    name,
    async strike(target) {
      const world = worldOf(target)
      if (world === undefined || !hasOwnRun(world)) return undefined
      return succeeds('nsenter', ['--target', `${world}`, '--mount', '--pid', ...argv]) ? what : undefined
    },
  }
}

/** Sets a limit of the process in the world while it runs. */
function limitWorld(name: string, resource: string, from: number, to: number, ordinary: boolean): Fault {
  return {
    name,
    maySkip: true,
    ...(ordinary ? { wrapper: () => ORDINARY } : {}),
    async strike(target, random) {
      const world = worldOf(target)
      const limit = `--${resource}=${below(random, from, to)}`
      // Node.js waits for a thread for ever that it may not have, before it comes to the lab.
      if (world === undefined || !hasOwnRun(world)) return undefined
      // One's own process needs no privilege; that of another user namespace would take CAP_SYS_RESOURCE in it.
      const [file = '', ...args] = [...(ordinary ? ORDINARY : []), 'prlimit', '--pid', `${world}`, limit]
      return succeeds(file, args) ? limit : undefined
    },
  }
}

/** Does something to files; what is not there any more, or not yet, is no target. */
function toFiles(name: string, what: string, act: (target: Target) => void): Fault {
  return {
    name,
    async strike(target) {
      try {
        act(target)
        return what
      } catch (error) {
        if (['ENOENT', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
        throw error
      }
    },
  }
}

function fill(disk: string): void {
  try {
    for (let size = 1 << 20; size >= 1; size >>= 4)
      for (let count = 0; count < 64; count++)
        writeFileSync(join(disk, `full-${size}-${count}`), 'x'.repeat(size))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

/** Every way to disturb a run. */
export const FAULTS: readonly Fault[] = [
  signalTo('signal to the outer process', ({ outer }) => outer),
  signalTo('signal to unshare', unshareOf),
  signalTo('signal to the process inside', worldOf),
  {
    name: 'signal to all, as a terminal does',
    strike: async ({ outer }, random) => send(-outer, pick(CAUGHT, random)),
  },
  {
    name: 'stopped, and continued later',
    async strike(target, random) {
      const [whom, pid] = pick(
        [
          ['outer', target.outer],
          ['unshare', unshareOf(target)],
          ['inside', worldOf(target)],
        ] as const,
        random,
      )
      const ms = below(random, 50, 2000)
      if (!send(pid, 'SIGSTOP')) return undefined
      await delay(ms)
      send(pid, 'SIGCONT')
      return `${whom} for ${ms} ms`
    },
  },
  killWorker('kill -9 of a child', () => true),
  killWorker('kill -9 of libvirtd', isDaemon('libvirtd'), 'hairpin-ipv6-dad'),
  killWorker('kill -9 of radvd', isDaemon('radvd'), 'hairpin-ipv6-dad'),
  { name: 'disk too small', diskKb: random => 4 * below(random, 1, 32) },
  {
    name: 'disk fills up',
    diskKb: () => 4096,
    strike: async ({ disk }) => {
      fill(disk)
      return 'full'
    },
  },
  {
    name: 'disk turns read-only',
    strike: async ({ disk }) => (succeeds('mount', ['-o', 'remount,ro', disk]) ? 'read-only' : undefined),
  },
  toFiles('--out goes', 'removed', ({ disk }) => {
    // Out of the run's way first: it would go on to write into what is being emptied.
    renameSync(join(disk, 'out'), join(disk, 'gone'))
    rmSync(join(disk, 'gone'), { recursive: true })
  }),
  {
    ...toFiles('--out may not be written', 'mode 0', ({ disk }) => {
      chmodSync(join(disk, 'out'), 0)
      chmodSync(disk, 0)
    }),
    wrapper: () => ORDINARY,
  },
  { name: 'files may not grow', wrapper: random => ['prlimit', `--fsize=${4096 * below(random, 0, 20)}`] },
  {
    name: 'few namespaces',
    maySkip: true,
    wrapper: random => {
      const limit = `${below(random, 0, 20)}`
      return ['unshare', '--user', '--map-root-user', 'sh', '-c', LIMIT_NAMESPACES, 'sh', limit]
    },
  },
  inMounts('/run turns read-only', ['mount', '-o', 'remount,ro', '/run'], 'read-only'),
  inMounts('/run/netns is emptied', ['sh', '-c', EMPTY_NETNS], 'emptied'),
  inMounts('/run goes', ['umount', '--lazy', '/run'], 'unmounted'),
  {
    name: 'a tool goes',
    maySkip: true,
    async strike({ tools }, random) {
      const here = readdirSync(tools)
      const tool = pick(
        TOOLS.split(' ').filter(name => here.includes(name)),
        random,
      )
      unlinkSync(join(tools, tool))
      return tool
    },
  },
  {
    name: 'all tools go',
    maySkip: true,
    async strike({ tools }) {
      renameSync(tools, `${tools}-gone`)
      return 'all'
    },
  },
  {
    name: 'few descriptors',
    maySkip: true,
    wrapper: random => ['prlimit', `--nofile=${below(random, 20, 120)}`],
  },
  limitWorld('descriptors run out', 'nofile', 10, 100, false),
  {
    name: 'few processes',
    maySkip: true,
    // With fewer, Node.js itself aborts or waits for a thread for ever before it comes to the lab.
    wrapper: random => ['prlimit', `--nproc=${below(random, 28, 60)}`, ...ORDINARY],
  },
  limitWorld('processes run out', 'nproc', 1, 40, true),
  {
    name: 'nobody reads what it prints',
    strike: async target => {
      target.hangUp()
      return 'hung up'
    },
  },
]
