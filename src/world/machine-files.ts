/**
 * What of the machine's file system is taken out of the world's reach: the parts of it that are switches of the kernel, and
 * names of other namespaces. It guards against accidents; a root that means to can mount things again.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { attempt, detachMount, MS_BIND, mount } from './libc.js'

const MS_RDONLY = 1
const MS_NOSUID = 2
const MS_NODEV = 4
const MS_NOEXEC = 8
const MS_REMOUNT = 32
const PLAIN = MS_NOSUID | MS_NODEV | MS_NOEXEC

/** What a container runtime makes read-only, for the same reason: it is not the namespace's but the kernel's. */
const READ_ONLY = ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus', '/proc/fs']

/**
 * Gives the world its own /run, /sys and /proc/sys: of the kernel's settings just those of network namespaces can be
 * written. Throws SystemError where /run cannot be mounted; what a container forbids of the rest, it has read-only itself.
 */
export function hideMachine(rootless: boolean): void {
  // In a user namespace they are locked to the mount that they came with (lock_mnt_tree, fs/namespace.c), and of no use.
  if (!rootless) for (const path of [...namespaceMounts(), '/run', '/sys']) attempt(() => detachMount(path))
  mount('tmpfs', '/run', 'tmpfs', MS_NOSUID | MS_NODEV, 'mode=755')
  mkdirSync('/run/netns', { mode: 0o755 })
  mkdirSync('/run/netns-lab', { mode: 0o700 })
  // A sysfs shows the devices of the network namespace that mounted it: the machine's one has switches of the machine's.
  if (!attempt(() => mount('sysfs', '/sys', 'sysfs', MS_RDONLY | PLAIN)))
    attempt(() => remount('/sys', MS_RDONLY))
  for (const path of READ_ONLY)
    attempt(() => {
      mount(path, path, '', MS_BIND)
      remount(path, MS_RDONLY)
    })
  // /proc/sys/net is that of whoever looks (net_ctl_root, net/sysctl_net.c), so it can be the same mount for all nodes.
  attempt(() => {
    mount('/proc/sys/net', '/proc/sys/net', '', MS_BIND)
    remount('/proc/sys/net', 0)
  })
}

function remount(path: string, flags: number): void {
  mount('none', path, '', MS_REMOUNT | MS_BIND | PLAIN | flags)
}

/** Where the machine has a file that holds a namespace: `ip netns`, container runtimes. The last one first. */
function namespaceMounts(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n')
  return lines
    .filter(line => line.includes(' - nsfs '))
    .map(line =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    )
    .reverse()
}
