/**
 * What a scenario could try to get at the machine with, for a test: `node reach-out.js JSON`, run as a command of a scenario.
 * Writes what came of each attempt, `reached …` or why not, into the file that is named.
 */
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, type NetConnectOpts } from 'node:net'
import koffi from 'koffi'

interface Asked {
  readonly name: string
  readonly addresses: readonly string[]
  readonly port: number
  readonly sockets: readonly string[]
  readonly sysctls: readonly string[]
  readonly devices: readonly string[]
  readonly namespaces: readonly string[]
  readonly other?: string
  readonly result: string
}

const CONNECT_TIMEOUT_MS = 300
const asked = JSON.parse(process.argv[2] ?? '') as Asked
const machine = [...asked.namespaces, ...(asked.other ? [asked.other] : [])]
const came: Record<string, string> = {}

for (const host of asked.addresses) came[`TCP to ${host}`] = await call({ host, port: asked.port })
for (const path of asked.sockets) came[`socket ${path.replace('\0', '@')}`] = await call({ path })
for (const path of [`/run/netns/${asked.name}`, '/run/docker.sock', '/run/dbus/system_bus_socket'])
  came[path] = existsSync(path) ? 'reached' : 'not there'
came['namespaces of all processes'] = told(
  readdirSync('/proc')
    .filter(pid => /^\d+$/.test(pid))
    .flatMap(pid => ['net', 'uts', 'ipc', 'mnt'].map(kind => link(`/proc/${pid}/ns/${kind}`))),
)
const shown = ['readlink', '/proc/self/ns/net']
came['nsenter --target 1 --net'] = told([output('nsenter', ['--target', '1', '--net', '--', ...shown])])
// With the world's own /run out of the way, in a mount namespace that is left again.
const UNCOVER = 'umount --lazy /run; exec nsenter --net="$1" -- readlink /proc/self/ns/net'
const uncover = ['--mount', 'sh', '-c', UNCOVER, 'sh', `/run/netns/${asked.name}`]
came['a namespace under /run'] = told([output('unshare', uncover)])
const handle = `/run/netns-lab/${asked.name}`
writeFileSync(handle, '')
output('mount', ['--bind', '/proc/1/ns/net', handle])
came['mount of /proc/1/ns/net'] = told([output('nsenter', [`--net=${handle}`, '--', ...shown])])
came['descriptors of the first process'] = stolen()
came['devices in /sys'] = asked.devices.some(
  device => existsSync(`/sys/class/net/${device}`) && device !== 'eth0',
)
  ? 'reached'
  : 'others'
for (const path of [
  '/sys/class/net/lo/ifalias',
  '/proc/sys/kernel/printk',
  '/proc/sys/user/max_net_namespaces',
])
  came[`write to ${path}`] = opened(path)
for (const key of asked.sysctls) {
  const path = `/proc/sys/${key.replaceAll('.', '/')}`
  writeFileSync(path, readFileSync(path, 'utf8').trim() === '0' ? '1' : '0')
  came[`sysctl ${key}`] = 'the namespace’s own'
}
writeFileSync(asked.result, JSON.stringify(came))

function call(to: NetConnectOpts): Promise<string> {
  return new Promise(resolve => {
    const socket = connect(to)
    const end = (how: string) => {
      socket.destroy()
      resolve(how)
    }
    socket.once('connect', () => end('reached'))
    socket.once('error', error => end((error as NodeJS.ErrnoException).code ?? error.message))
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => end('no answer'))
  })
}

function told(namespaces: readonly string[]): string {
  const found = namespaces.filter(namespace => machine.includes(namespace.trim()))
  return found.length > 0 ? `reached ${found.join(' ')}` : `${namespaces.length} looked at`
}

function link(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function output(file: string, args: readonly string[]): string {
  return spawnSync(file, args, { encoding: 'utf8' }).stdout
}

function opened(path: string): string {
  try {
    closeSync(openSync(path, 'r+'))
    return 'reached'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

/** Takes every descriptor of the lab's own process, and asks each for the namespace of its socket (ioctl_ns(2), SIOCGSKNS). */
function stolen(): string {
  const libc = koffi.load('libc.so.6')
  const syscall = libc.func('long syscall(long number, long a, long b, long c)')
  const ioctl = libc.func('int ioctl(int fd, ulong request, long argument)')
  const [PIDFD_OPEN, PIDFD_GETFD, SIOCGSKNS] = [434, 438, 0x894c]
  const lab = Number(syscall(PIDFD_OPEN, 1, 0, 0))
  const found: string[] = []
  for (let fd = 0; fd < 64; fd++) {
    const copy = Number(syscall(PIDFD_GETFD, lab, fd, 0))
    const namespace = copy < 0 ? -1 : Number(ioctl(copy, SIOCGSKNS, 0))
    if (namespace >= 0) found.push(link(`/proc/self/fd/${namespace}`))
  }
  return told(found)
}
