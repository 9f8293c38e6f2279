/**
 * The only place that binds libc. Everything here is a thin, synchronous call of the calling thread: `setns` moves
 * just that thread, and a socket keeps the network namespace that it was made in.
 */
import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'

const libc = koffi.load('libc.so.6')

const raw = {
  setns: libc.func('int setns(int fd, int nstype)'),
  unshare: libc.func('int unshare(int flags)'),
  mount: libc.func(
    'int mount(const char *source, const char *target, const char *type, ulong flags, const char *data)',
  ),
  umount2: libc.func('int umount2(const char *target, int flags)'),
  pivotRoot: libc.func('int pivot_root(const char *root, const char *old)'),
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  bind: libc.func('int bind(int fd, const void *address, uint32_t length)'),
  connect: libc.func('int connect(int fd, const void *address, uint32_t length)'),
  listen: libc.func('int listen(int fd, int backlog)'),
  accept4: libc.func('int accept4(int fd, void *address, void *length, int flags)'),
  getsockopt: libc.func('int getsockopt(int fd, int level, int name, void *value, void *length)'),
  setsockopt: libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)'),
  sendto: libc.func(
    'int64_t sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t addressLength)',
  ),
  recvfrom: libc.func(
    'int64_t recvfrom(int fd, void *data, size_t length, int flags, void *address, void *addressLength)',
  ),
  recvmsg: libc.func('int64_t recvmsg(int fd, void *message, int flags)'),
  close: libc.func('int close(int fd)'),
  ioctl: libc.func('int ioctl(int fd, ulong request, void *argument)'),
  poll: libc.func('int poll(void *fds, ulong count, int timeout)'),
  epollCreate1: libc.func('int epoll_create1(int flags)'),
  epollCtl: libc.func('int epoll_ctl(int epoll, int operation, int fd, void *event)'),
  epollWait: libc.func('int epoll_wait(int epoll, void *events, int capacity, int timeout)'),
  eventfd: libc.func('int eventfd(uint32_t initial, int flags)'),
  shutdown: libc.func('int shutdown(int fd, int how)'),
  ifNameToIndex: libc.func('uint32_t if_nametoindex(const char *name)'),
  exit: libc.func('void _exit(int status)'),
  memfdCreate: libc.func('int memfd_create(const char *name, uint32_t flags)'),
  pipe2: libc.func('int pipe2(void *fds, int flags)'),
  posixSpawn: libc.func(
    'int posix_spawnp(void *pid, const char *file, const void *actions, const void *attributes, const char **argv, const char **envp)',
  ),
  actionsInit: libc.func('int posix_spawn_file_actions_init(void *actions)'),
  actionsDuplicate: libc.func('int posix_spawn_file_actions_adddup2(void *actions, int fd, int as)'),
  actionsDestroy: libc.func('int posix_spawn_file_actions_destroy(void *actions)'),
  attributesInit: libc.func('int posix_spawnattr_init(void *attributes)'),
  attributesFlags: libc.func('int posix_spawnattr_setflags(void *attributes, short flags)'),
  attributesSignals: libc.func('int posix_spawnattr_setsigdefault(void *attributes, const void *signals)'),
  allSignals: libc.func('int sigfillset(void *signals)'),
  waitpid: libc.func('int waitpid(int pid, void *status, int options)'),
  prctl: libc.func('int prctl(int option, ulong a, ulong b, ulong c, ulong d)'),
}

/** A system call that failed: `code` is the errno's name (`EPERM`), `syscall` what was called. */
export class SystemError extends Error {
  override readonly name = 'SystemError'
  readonly code: string

  constructor(
    readonly syscall: string,
    readonly errno: number,
    detail = '',
  ) {
    const code = getSystemErrorName(-errno)
    super(`${syscall}${detail && ` ${detail}`}: ${code}`)
    this.code = code
  }
}

function checked(syscall: string, result: number | bigint, detail?: string): number {
  const value = Number(result)
  if (value < 0) throw new SystemError(syscall, koffi.errno(), detail)
  return value
}

const EINTR = 4
const EAGAIN = 11
const EINPROGRESS = 115

export const AF_INET = 2
export const AF_INET6 = 10
export const AF_NETLINK = 16
export const AF_PACKET = 17
export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const SOCK_RAW = 3
export const SOL_SOCKET = 1
export const SO_REUSEADDR = 2
export const IPPROTO_ICMP = 1
export const IPPROTO_TCP = 6
export const IPPROTO_IP = 0
export const IPPROTO_IPV6 = 41
export const IPPROTO_ICMPV6 = 58
export const IPPROTO_RAW = 255
export const NETLINK_ROUTE = 0
export const NETLINK_NETFILTER = 12
export const SOL_NETLINK = 270
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const CLONE_NEWNET = 0x40000000
/** mount(2): the same files at another place. */
export const MS_BIND = 4096

export const EPOLLIN = 1
export const EPOLLOUT = 4

/** An IPv4 or IPv6 address with a port, as sockets see it. */
export interface SocketAddress {
  readonly address: string
  readonly port: number
}

/** Moves the calling thread into the network namespace that `fd` refers to. Throws SystemError. */
export function setNetworkNamespace(fd: number): void {
  checked('setns', raw.setns(fd, CLONE_NEWNET))
}

/** Moves the calling thread into a new network namespace. Throws SystemError: ENOSPC at the limit user.max_net_namespaces. */
export function enterNewNetworkNamespace(): void {
  checked('unshare', raw.unshare(CLONE_NEWNET), 'CLONE_NEWNET')
}

const MNT_DETACH = 2

/** Takes a mount away at once, whoever still uses it, umount2(MNT_DETACH). Throws SystemError. */
export function detachMount(target: string): void {
  checked('umount2', raw.umount2(target, MNT_DETACH), target)
}

/**
 * The same, beside everything else: the kernel waits until no CPU can be on its way through the mount any more
 * (namespace_unlock(), fs/namespace.c), some milliseconds for each. That it could not be taken away is left to who looks for it.
 */
export function detachMountAside(target: string): Promise<void> {
  return new Promise(resolve => raw.umount2.async(target, MNT_DETACH, () => resolve()))
}

/** Mounts a file system, mount(2). Throws SystemError. */
export function mount(source: string, target: string, type: string, flags: number, data = ''): void {
  checked('mount', raw.mount(source, target, type, flags, data), `${type || 'bind'} on ${target}`)
}

/** Makes a mount point the root of the mount namespace and takes the old root away, pivot_root(2). Throws SystemError. */
export function pivotRoot(folder: string): void {
  process.chdir(folder)
  checked('pivot_root', raw.pivotRoot('.', '.'), folder)
  // The old root lies over the new one now.
  detachMount('.')
  process.chdir('/')
}

/** Whether something went through; a kernel or a container that does not allow it is no reason to stop. */
export function attempt(change: () => void): boolean {
  try {
    change()
    return true
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    return false
  }
}

/** A file without a place in any file system, memfd_create(2). The caller closes the descriptor. Throws SystemError. */
export function memoryFile(name: string): number {
  const MFD_CLOEXEC = 1
  return checked('memfd_create', raw.memfdCreate(name, MFD_CLOEXEC))
}

/** A pipe, closed in programs that are started. Throws SystemError. */
export function makePipe(): { readonly read: number; readonly write: number } {
  const fds = Buffer.alloc(8)
  checked('pipe2', raw.pipe2(fds, SOCK_CLOEXEC))
  return { read: fds.readInt32LE(0), write: fds.readInt32LE(4) }
}

/** What posix_spawn(3) keeps in its two structures is less than this, whatever the processor. */
const SPAWN_STRUCTURE = 1024
/** posix_spawn(3): default signals, none of them blocked, in a session of its own. */
const SPAWN_FLAGS = 0x04 | 0x08 | 0x80

/**
 * Starts a program, found by PATH, in a session of its own and in the thread's present network namespace; `stdio` are the descriptors that
 * it gets as 0, 1 and 2. Its process id. It shares this process's memory until it runs (CLONE_VM): nothing is copied, however large
 * that is. Throws SystemError, also where there is no such program.
 */
export function startProgram(
  argv: readonly string[],
  environment: readonly string[],
  stdio: readonly number[],
): number {
  const pid = Buffer.alloc(4)
  const actions = Buffer.alloc(SPAWN_STRUCTURE)
  const attributes = Buffer.alloc(SPAWN_STRUCTURE)
  const signals = Buffer.alloc(SPAWN_STRUCTURE)
  const [file = ''] = argv
  raw.allSignals(signals)
  raw.attributesInit(attributes)
  raw.attributesFlags(attributes, SPAWN_FLAGS)
  raw.attributesSignals(attributes, signals)
  raw.actionsInit(actions)
  try {
    for (const [as, fd] of stdio.entries()) raw.actionsDuplicate(actions, fd, as)
    // It gives the number of the error itself.
    const errno = raw.posixSpawn(pid, file, actions, attributes, [...argv, null], [...environment, null])
    if (errno !== 0) throw new SystemError('posix_spawn', errno, file)
  } finally {
    raw.actionsDestroy(actions)
  }
  return pid.readInt32LE()
}

/** How a program that this process has started has ended; undefined where it goes on. Throws SystemError. */
export function programEnd(
  pid: number,
): { readonly exitCode: number } | { readonly signal: number } | undefined {
  const WNOHANG = 1
  const status = Buffer.alloc(4)
  if (checked('waitpid', raw.waitpid(pid, status, WNOHANG)) === 0) return undefined
  const value = status.readInt32LE()
  const signal = value & 0x7f
  return signal === 0 ? { exitCode: (value >> 8) & 0xff } : { signal }
}

/** Asks the kernel to kill this process with SIGKILL when its parent dies, prctl(PR_SET_PDEATHSIG). */
export function dieWithParent(): void {
  const PR_SET_PDEATHSIG = 1
  const SIGKILL = 9
  checked('prctl', raw.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
}

/**
 * Keeps other processes from taking this one's descriptors and memory, prctl(PR_SET_DUMPABLE): it then takes CAP_SYS_PTRACE
 * (__ptrace_may_access, kernel/ptrace.c).
 */
export function refusePtrace(): void {
  const PR_SET_DUMPABLE = 4
  checked('prctl', raw.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
}

/**
 * Ends the process at once. `process.exit` waits for the thread pool, and one of its threads may sit in epoll_wait for
 * ever. What was written to a stream and is not through yet is lost.
 */
export function exitNow(status: number): never {
  raw.exit(status)
  throw new Error('unreachable')
}

/** A non-blocking, close-on-exec socket in the thread's present network namespace. Throws SystemError. */
export function openSocket(family: number, type: number, protocol = 0): number {
  return checked('socket', raw.socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol))
}

/** Binds to an IPv4 or IPv6 address, or to raw socket-address bytes. Throws SystemError. */
export function bindSocket(fd: number, to: SocketAddress | Buffer): void {
  const bytes = Buffer.isBuffer(to) ? to : encodeSocketAddress(to)
  const detail = Buffer.isBuffer(to) ? undefined : `${to.address}:${to.port}`
  checked('bind', raw.bind(fd, bytes, bytes.length), detail)
}

/** Starts to listen with the given backlog. Throws SystemError. */
export function listenSocket(fd: number, backlog: number): void {
  checked('listen', raw.listen(fd, backlog))
}

/** Starts a connection; a non-blocking one is under way when this returns. Throws SystemError. */
export function connectSocket(fd: number, to: SocketAddress): void {
  const bytes = encodeSocketAddress(to)
  const result = raw.connect(fd, bytes, bytes.length)
  if (result < 0 && koffi.errno() !== EINPROGRESS) checked('connect', result, `${to.address}:${to.port}`)
}

/** Accepts a waiting connection, or undefined when there is none. Throws SystemError. */
export function acceptSocket(fd: number): { fd: number; peer: SocketAddress } | undefined {
  const address = Buffer.alloc(28)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(address.length)
  const result = raw.accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC)
  if (result < 0 && koffi.errno() === EAGAIN) return undefined
  return { fd: checked('accept4', result), peer: decodeSocketAddress(address) }
}

/** Reads a socket option as bytes; at most `size` of them. Throws SystemError. */
export function getSocketOption(fd: number, level: number, name: number, size: number): Buffer {
  const value = Buffer.alloc(size)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(size)
  checked('getsockopt', raw.getsockopt(fd, level, name, value, length))
  return value.subarray(0, length.readUInt32LE())
}

/** Reads a socket option that is asked for by what `question` holds, as many bytes as that has. Throws SystemError. */
export function askSocketOption(fd: number, level: number, name: number, question: Buffer): Buffer {
  const value = Buffer.from(question)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(value.length)
  checked('getsockopt', raw.getsockopt(fd, level, name, value, length))
  return value.subarray(0, length.readUInt32LE())
}

/** Sets a socket option; a number is written as a C int. Throws SystemError. */
export function setSocketOption(fd: number, level: number, name: number, value: number | Buffer): void {
  const bytes = typeof value === 'number' ? int32(value) : value
  checked('setsockopt', raw.setsockopt(fd, level, name, bytes, bytes.length), `level ${level} option ${name}`)
}

/** A peer that is gone is an error, and no signal. */
const MSG_NOSIGNAL = 0x4000

/** Sends, to `to` when given. Returns the bytes sent, or undefined when the socket is not ready. Throws SystemError. */
export function sendBytes(fd: number, data: Buffer, to?: SocketAddress): number | undefined {
  const bytes = to ? encodeSocketAddress(to) : null
  const result = Number(raw.sendto(fd, data, data.length, MSG_NOSIGNAL, bytes, bytes?.length ?? 0))
  if (result < 0 && koffi.errno() === EAGAIN) return undefined
  return checked('sendto', result)
}

/**
 * Sends without keeping this thread, in one of libuv's: rtnetlink does its work within the call, and waits there for whoever else
 * configures any namespace (rtnl_mutex). Throws SystemError.
 */
export async function sendBytesAside(fd: number, data: Buffer): Promise<void> {
  const result = await new Promise<number>((resolve, reject) => {
    raw.sendto.async(
      ...([fd, data, data.length, MSG_NOSIGNAL, null, 0] as const),
      (error: Error | null, sent: bigint | number) => (error ? reject(error) : resolve(Number(sent))),
    )
  })
  // Which error it was is known in that thread alone; nothing has been sent.
  if (result < 0) sendBytes(fd, data)
}

/** Receives at most `data.length` bytes; undefined when nothing is there; 0 bytes at end of stream. Throws SystemError. */
export function receiveBytes(fd: number, data: Buffer): { length: number; from: SocketAddress } | undefined {
  const address = Buffer.alloc(28)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(address.length)
  const result = Number(raw.recvfrom(fd, data, data.length, 0, address, length))
  if (result < 0 && koffi.errno() === EAGAIN) return undefined
  return {
    length: checked('recvfrom', result),
    // Few ask for it, and netlink has none.
    get from() {
      return decodeSocketAddress(address)
    },
  }
}

/** One frame from a packet socket. */
export interface ReceivedFrame {
  /** How many bytes there were, which may be more than fitted. */
  readonly length: number
  readonly interfaceIndex: number
  readonly direction: 'in' | 'out'
}

/** Receives one frame from a packet socket into `data`; undefined when none is there. Throws SystemError. */
export function receiveFrame(fd: number, data: Buffer): ReceivedFrame | undefined {
  const MSG_TRUNC = 0x20
  const PACKET_OUTGOING = 4
  const address = Buffer.alloc(20)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(address.length)
  const result = Number(raw.recvfrom(fd, data, data.length, MSG_TRUNC, address, length))
  if (result < 0 && koffi.errno() === EAGAIN) return undefined
  return {
    length: checked('recvfrom', result),
    interfaceIndex: address.readInt32LE(4),
    direction: address[10] === PACKET_OUTGOING ? 'out' : 'in',
  }
}

/**
 * When the kernel saw the last frame that came from a socket, in nanoseconds since 1970; 0 when it did not look at the clock. The
 * first call makes it take the time of each.
 */
export function frameTime(fd: number): bigint {
  const SIOCGSTAMPNS_OLD = 0x8907
  const timespec = Buffer.alloc(16)
  // ENOENT: none came yet.
  if (raw.ioctl(fd, SIOCGSTAMPNS_OLD, timespec) < 0) return 0n
  return timespec.readBigInt64LE(0) * 1_000_000_000n + timespec.readBigInt64LE(8)
}

/** Index of a device of the thread's present network namespace. Throws SystemError: ENODEV when there is none of that name. */
export function deviceIndex(name: string): number {
  const index = raw.ifNameToIndex(name)
  if (index === 0) throw new SystemError('if_nametoindex', koffi.errno(), name)
  return index
}

/** Says that nothing more will be sent, shutdown(SHUT_WR). Throws SystemError. */
export function shutdownSending(fd: number): void {
  const SHUT_WR = 1
  checked('shutdown', raw.shutdown(fd, SHUT_WR))
}

/** Closes a descriptor; an already closed one is not an error. */
export function closeFd(fd: number): void {
  raw.close(fd)
}

/**
 * Closes a descriptor beside everything else: for one of a packet socket the kernel waits until no CPU can look at it any more
 * (packet_release(), net/packet/af_packet.c), some milliseconds for each.
 */
export function closeAside(fd: number): void {
  raw.close.async(fd, () => {})
}

/** poll(2); how many of these entries have something. A signal ends it early now and then, and nothing of it is lost. Throws SystemError. */
function poll(entries: Buffer, count: number, timeoutMs: number): number {
  for (;;) {
    const found = raw.poll(entries, count, timeoutMs)
    if (Number(found) >= 0 || koffi.errno() !== EINTR) return checked('poll', found)
  }
}

/** poll(2) over one descriptor, blocking the thread for up to `timeoutMs`; the events that came. Throws SystemError. */
export function pollOne(fd: number, events: number, timeoutMs: number): number {
  const entry = Buffer.alloc(8)
  entry.writeInt32LE(fd, 0)
  entry.writeInt16LE(events, 4)
  poll(entry, 1, timeoutMs)
  return entry.readInt16LE(6)
}

export const EPOLL_CTL_ADD = 1
export const EPOLL_CTL_DEL = 2
/** Those of these descriptors that have something to read now. Throws SystemError. */
export function readableNow(fds: readonly number[]): Set<number> {
  const entries = Buffer.alloc(8 * fds.length)
  for (const [index, fd] of fds.entries()) {
    entries.writeInt32LE(fd, 8 * index)
    entries.writeInt16LE(EPOLLIN, 8 * index + 4)
  }
  if (poll(entries, fds.length, 0) === 0) return new Set()
  return new Set(fds.filter((_, index) => entries.readInt16LE(8 * index + 6) !== 0))
}

/** sizeof(struct epoll_event), which is packed on x86-64 only. */
const EPOLL_EVENT_SIZE = process.arch === 'x64' ? 12 : 16
const EPOLL_DATA_OFFSET = EPOLL_EVENT_SIZE - 8

/** A new epoll descriptor. Throws SystemError. */
export function createEpoll(): number {
  return checked('epoll_create1', raw.epollCreate1(SOCK_CLOEXEC))
}

/** Adds or removes a descriptor. Throws SystemError. */
export function controlEpoll(epoll: number, operation: number, fd: number, events: number): void {
  const event = Buffer.alloc(EPOLL_EVENT_SIZE)
  event.writeUInt32LE(events, 0)
  event.writeInt32LE(fd, EPOLL_DATA_OFFSET)
  checked('epoll_ctl', raw.epollCtl(epoll, operation, fd, event), `fd ${fd}`)
}

/** Waits on another thread for up to `timeoutMs` (-1: for ever); resolves to the descriptors that were ready then. */
export function waitEpoll(epoll: number, timeoutMs: number): Promise<number[]> {
  const capacity = 64
  const events = Buffer.alloc(EPOLL_EVENT_SIZE * capacity)
  return new Promise((resolve, reject) => {
    raw.epollWait.async(epoll, events, capacity, timeoutMs, (error: unknown, count: number) => {
      if (error) reject(error)
      else
        resolve(
          Array.from({ length: Math.max(0, count) }, (_, i) =>
            events.readInt32LE(i * EPOLL_EVENT_SIZE + EPOLL_DATA_OFFSET),
          ),
        )
    })
  })
}

/** An eventfd to wake an epoll wait with: write eight bytes to it. Throws SystemError. */
export function createEventFd(): number {
  return checked('eventfd', raw.eventfd(0, SOCK_NONBLOCK | SOCK_CLOEXEC))
}

/** A C int in native byte order (every platform that this runs on is little-endian). */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

function encodeSocketAddress({ address, port }: SocketAddress): Buffer {
  if (!address.includes(':')) {
    const bytes = Buffer.alloc(16)
    bytes.writeUInt16LE(AF_INET, 0)
    bytes.writeUInt16BE(port, 2)
    Buffer.from(address.split('.').map(Number)).copy(bytes, 4)
    return bytes
  }
  const [base = '', scope] = address.split('%')
  const bytes = Buffer.alloc(28)
  bytes.writeUInt16LE(AF_INET6, 0)
  bytes.writeUInt16BE(port, 2)
  ipv6Bytes(base).copy(bytes, 8)
  if (scope) bytes.writeUInt32LE(Number(scope), 24)
  return bytes
}

function decodeSocketAddress(bytes: Buffer): SocketAddress {
  const port = bytes.readUInt16BE(2)
  if (bytes.readUInt16LE(0) === AF_INET) return { address: [...bytes.subarray(4, 8)].join('.'), port }
  return { address: ipv6Text(bytes.subarray(8, 24)), port }
}

/** The sixteen bytes of an IPv6 address in its text form (`fe80::1`). */
export function ipv6Bytes(text: string): Buffer {
  const [head = '', tail] = text.split('::')
  const words = (part: string) => (part ? part.split(':').map(word => Number.parseInt(word, 16)) : [])
  const left = words(head)
  const right = tail === undefined ? [] : words(tail)
  const all = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
  const bytes = Buffer.alloc(16)
  for (const [index, word] of all.entries()) bytes.writeUInt16BE(word, index * 2)
  return bytes
}

/** The text form of an address of either family; in hexadecimal digits what is none of these. */
export function addressText(bytes: Buffer): string {
  return bytes.length === 4 ? bytes.join('.') : bytes.length === 16 ? ipv6Text(bytes) : bytes.toString('hex')
}

/** The text form of an IPv6 address, the longest run of zeros shortened (RFC 5952). */
export function ipv6Text(bytes: Buffer): string {
  const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16))
  const text = words.join(':')
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length)
  const longest = runs[0]
  if (!longest) return text
  const before = text.slice(0, longest.index)
  const after = text.slice(longest.index + longest[0].length)
  return `${before}::${after.replace(/^:/, '')}`
}
