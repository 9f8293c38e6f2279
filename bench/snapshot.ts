/** What a run must leave as it was: the host's processes, network and settings, as text that can be compared. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'

const POLL_MS = 50
/** How long the kernel gets to take away what a killed process had. */
const GRACE_MS = 5000

/** A process, as /proc has it. */
export interface Process {
  readonly pid: number
  readonly parent: number
  /** Name of its program, at most 15 characters (TASK_COMM_LEN in include/linux/sched.h). */
  readonly name: string
}

/** Every process that this one can see and that has not ended; one that has, and that nobody waited for, does not count. */
export function processes(): Process[] {
  return readdirSync('/proc').flatMap(entry => {
    if (!/^\d+$/.test(entry)) return []
    // The name may hold spaces and parentheses: what follows the last one counts.
    const stat = /^\d+ \((.*)\) (\S) (\d+)/s.exec(readOptional(`/proc/${entry}/stat`) ?? '')
    const [, name = '', state = '', parent = ''] = stat ?? []
    return stat && !'ZX'.includes(state) ? [{ pid: Number(entry), parent: Number(parent), name }] : []
  })
}

/** What a process was started as, its words ended by NUL; undefined when it has ended. */
export function commandLine(pid: number): string | undefined {
  return readOptional(`/proc/${pid}/cmdline`)
}

/** Processes that still belong to a world of the lab. */
export function worldProcesses(): Process[] {
  return processes().filter(
    ({ pid }) => readOptional(`/proc/${pid}/environ`)?.includes('NETNS_LAB_WORLD=') === true,
  )
}

/** What `find` still finds when the kernel has had its time, as `PID NAME`. */
export async function leftProcesses(find: () => readonly Process[]): Promise<string[]> {
  const begun = performance.now()
  while (find().length > 0 && performance.now() - begun < GRACE_MS) await delay(POLL_MS)
  return find().map(({ pid, name }) => `${pid} ${name}`)
}

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  links: ['ip', '-o', 'link'],
  namespaces: ['ip', 'netns', 'list'],
  rules: ['iptables-save'],
  rulesOfIpv6: ['ip6tables-save'],
  ruleset: ['nft', 'list', 'ruleset'],
  sysctls: [
    'sysctl',
    '-a',
    '--pattern',
    '^(net\\.(ipv4\\.conf|ipv6\\.conf|bridge|ipv4\\.ip_forward)|user\\.)',
  ],
}

/** Folders of the host that programs of a world would write to, were they not given others. */
export const WRITTEN_FOLDERS = [
  '/run',
  '/etc/libvirt',
  '/var/lib/libvirt',
  '/var/cache/libvirt',
  '/var/log/libvirt',
] as const

/** The host's links, named namespaces, mounts, rules and sysctls, and the names of all that is in `folders`. */
export async function hostState(folders: readonly string[] = []): Promise<Record<string, string>> {
  const state: Record<string, string> = { mounts: readFileSync('/proc/self/mounts', 'utf8') }
  for (const [name, [file = '', ...args]] of Object.entries(COMMANDS)) {
    const { stdout } = await execa(file, args, { stdin: 'ignore', stderr: 'ignore', reject: false })
    state[name] = stdout.replace(/^#.*$/gm, '').replace(/\[\d+:\d+\]/g, '')
  }
  for (const folder of folders) state[folder] = filesIn(folder).join('\n')
  return state
}

/** What of two states is not the same, a line for each that is in one only. */
export function stateChanges(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap(name => {
    const [old, now] = [before, after].map(state => (state[name] ?? '').split('\n'))
    const gone = (old ?? []).filter(line => !now?.includes(line)).map(line => `${name} lost: ${line}`)
    const come = (now ?? []).filter(line => !old?.includes(line)).map(line => `${name} got: ${line}`)
    return [...gone, ...come]
  })
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  } catch (error) {
    return [`cannot be read: ${(error as NodeJS.ErrnoException).code}`]
  }
}

/** Undefined when the process, and its file with it, is gone by now. */
function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
