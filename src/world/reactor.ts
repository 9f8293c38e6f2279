/**
 * Waiting for descriptors that Node.js has no handle type for (raw, netlink and packet sockets, /dev/kmsg) and for
 * sockets that were made in another network namespace. One thread of the pool sits in epoll_wait while anybody waits.
 */
import { readSync, writeSync } from 'node:fs'
import {
  controlEpoll,
  createEpoll,
  createEventFd,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLIN,
  pollOne,
  waitEpoll,
} from './libc.js'

interface Waiter {
  readonly events: number
  readonly resolve: (events: number) => void
}

const waiters = new Map<number, Waiter>()
let epoll = -1
let wake = -1
let running = false

/**
 * Resolves with the epoll events of `fd` once one of `events` (EPOLLIN, EPOLLOUT; errors always) is there, or with 0
 * after `timeoutMs`, or when `signal` aborts. One waiter at a time for a descriptor.
 */
export function ready(fd: number, events: number, timeoutMs?: number, signal?: AbortSignal): Promise<number> {
  if (waiters.has(fd)) throw new Error(`two waits for descriptor ${fd} at once`)
  if (signal?.aborted) return Promise.resolve(0)
  if (epoll < 0) {
    epoll = createEpoll()
    wake = createEventFd()
    controlEpoll(epoll, EPOLL_CTL_ADD, wake, EPOLLIN)
  }
  return new Promise(resolve => {
    let timer: NodeJS.Timeout | undefined
    const settle = (got: number) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
      waiters.delete(fd)
      controlEpoll(epoll, EPOLL_CTL_DEL, fd, 0)
      if (waiters.size === 0 && running) writeSync(wake, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]))
      resolve(got)
    }
    const cancel = () => settle(0)
    waiters.set(fd, { events, resolve: settle })
    controlEpoll(epoll, EPOLL_CTL_ADD, fd, events)
    // A busy process comes to its timers before it hears what the other thread has seen: look once more.
    if (timeoutMs !== undefined) timer = setTimeout(() => settle(pollOne(fd, events, 0)), timeoutMs)
    signal?.addEventListener('abort', cancel, { once: true })
    if (!running) void run()
  })
}

async function run(): Promise<void> {
  running = true
  const drain = Buffer.alloc(8)
  while (waiters.size > 0) {
    for (const fd of await waitEpoll(epoll, -1)) {
      if (fd === wake) {
        readSync(wake, drain)
        continue
      }
      // What the other thread has seen may be of a descriptor that is closed by now, and whose number is another one's.
      const waiter = waiters.get(fd)
      const events = waiter ? pollOne(fd, waiter.events, 0) : 0
      if (events !== 0) waiter?.resolve(events)
    }
  }
  running = false
}
