/**
 * A client process of the statistical race: `node load-client.js ADDRESS PORT COUNT START BUDGET`, in its own network
 * namespace. It connects COUNT times, from ports 10000 upwards, one after the other, beginning at START (milliseconds
 * since 1970). A connect without an answer after 100 ms has lost its SYN and is given up.
 */
import { constants, setPriority } from 'node:os'
import {
  AF_INET,
  bindSocket,
  closeFd,
  connectSocket,
  dieWithParent,
  EPOLLOUT,
  getSocketOption,
  int32,
  openSocket,
  pollOne,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  SystemError,
  setSocketOption,
} from '../world/libc.js'

/** What one client reports. */
export interface LoadReport {
  readonly attempted: number
  /** Connections whose SYN was lost. */
  readonly lost: number
  /** Connections that the kernel refused for another reason. */
  readonly refused: number
  readonly elapsedMs: number
  /** Microseconds that each successful connect took. */
  readonly latenciesUs: readonly number[]
}

const SO_ERROR = 4
const SO_LINGER = 13
const FIRST_PORT = 10_000
const LOST_AFTER_MS = 100
/** Time between two connections of one client, 200 µs. */
const SLOT_NS = 200_000n

dieWithParent()
// What else the machine runs at the same time has deadlines.
setPriority(constants.priority.PRIORITY_LOW)
const [address = '', port = '', count = '', startAt = '', budget = ''] = process.argv.slice(2)
process.stdout.write(`${JSON.stringify(load({ address, port: Number(port) }, Number(count)))}\n`)

function load(to: { address: string; port: number }, attempts: number): LoadReport {
  // The sockets are closed with a reset, so that no TIME_WAIT keeps a port from the next run.
  const linger = Buffer.concat([int32(1), int32(0)])
  const latenciesUs: number[] = []
  let lost = 0
  let refused = 0
  let attempted = 0
  while (Date.now() < Number(startAt));
  const started = performance.now()
  // CLOCK_MONOTONIC is the same for all processes: the clients meet again at the beginning of every slot.
  const slots = process.hrtime.bigint() / SLOT_NS
  for (; attempted < attempts && performance.now() - started < Number(budget); attempted++) {
    const slot = slots + BigInt(attempted) + 1n
    const fd = openSocket(AF_INET, SOCK_STREAM)
    setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)
    setSocketOption(fd, SOL_SOCKET, SO_LINGER, linger)
    try {
      bindSocket(fd, { address: '0.0.0.0', port: FIRST_PORT + attempted })
      while (process.hrtime.bigint() < slot * SLOT_NS);
      const sent = performance.now()
      connectSocket(fd, to)
      if (pollOne(fd, EPOLLOUT, LOST_AFTER_MS) === 0) lost++
      else if (getSocketOption(fd, SOL_SOCKET, SO_ERROR, 4).readInt32LE() === 0)
        latenciesUs.push(Math.round((performance.now() - sent) * 1000))
      else refused++
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      refused++
    }
    closeFd(fd)
  }
  return { attempted, lost, refused, elapsedMs: performance.now() - started, latenciesUs }
}
