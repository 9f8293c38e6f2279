/**
 * A client process of the statistical race, in its own network namespace: `node load-client.js ADDRESS PORT`. It says
 * `ready`, and reads `START FIRST-PORT COUNT BUDGET PATIENCE` from its standard input, a line for each round. Beginning at
 * START (nanoseconds of CLOCK_MONOTONIC), for BUDGET milliseconds at most, it connects COUNT times from FIRST-PORT upwards,
 * one in each slot, and writes its report as a line. A connect that has no answer yet does not hold up the next one: it is
 * looked at again until PATIENCE milliseconds after the last.
 */
import { constants, setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import {
  AF_INET,
  bindSocket,
  closeFd,
  connectSocket,
  dieWithParent,
  EPOLLOUT,
  int32,
  openSocket,
  pollOne,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  SystemError,
  setSocketOption,
} from '../world/libc.js'
import { retransmissions, socketError } from '../world/tcp-state.js'

/** What one client reports. */
export interface LoadReport {
  readonly attempted: number
  /** Connections whose SYN was lost: sent again, or without an answer to the end. */
  readonly lost: number
  /** SYNs that were sent again. */
  readonly retransmissions: number
  /** Connections that the kernel refused for another reason. */
  readonly refused: number
  /** Milliseconds from the first connect to the last, without the patience at the end. */
  readonly elapsedMs: number
  /** Microseconds that each successful connect took. */
  readonly latenciesUs: readonly number[]
}

const SO_LINGER = 13
/** A connect that takes longer than this waits aside. */
const AT_ONCE_MS = 2
/** Time between two connections of one client, 200 µs. */
const SLOT_NS = 200_000n
const MS_NS = 1_000_000n

dieWithParent()
// What else the machine runs at the same time has deadlines.
setPriority(constants.priority.PRIORITY_LOW)
const [address = '', port = ''] = process.argv.slice(2)
process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  const [startAt = '0', firstPort, count, budget = '0', patience = '0'] = line.split(' ')
  const round = {
    startAt: BigInt(startAt),
    firstPort: Number(firstPort),
    attempts: Number(count),
    budgetNs: BigInt(budget) * MS_NS,
    patienceNs: BigInt(patience) * MS_NS,
  }
  process.stdout.write(`${JSON.stringify(load({ address, port: Number(port) }, round))}\n`)
}

interface Round {
  readonly startAt: bigint
  readonly firstPort: number
  readonly attempts: number
  readonly budgetNs: bigint
  readonly patienceNs: bigint
}

interface Pending {
  readonly fd: number
  readonly sent: bigint
}

function load(
  to: { address: string; port: number },
  { startAt, firstPort, attempts, budgetNs, patienceNs }: Round,
): LoadReport {
  // The sockets are closed with a reset, so that no TIME_WAIT keeps a port from the next run.
  const linger = Buffer.concat([int32(1), int32(0)])
  const latenciesUs: number[] = []
  let pending: Pending[] = []
  const until = startAt + budgetNs
  let refused = 0
  let attempted = 0
  let lost = 0
  let again = 0
  /** Whether a connection has its answer, which is then counted. */
  const settle = ({ fd, sent }: Pending, timeoutMs: number): boolean => {
    if (pollOne(fd, EPOLLOUT, timeoutMs) === 0) return false
    if (socketError(fd) === 0) latenciesUs.push(Number((process.hrtime.bigint() - sent) / 1000n))
    else refused++
    const times = retransmissions(fd)
    again += times
    if (times > 0) lost++
    closeFd(fd)
    return true
  }
  for (; attempted < attempts && process.hrtime.bigint() < until; attempted++) {
    const fd = openSocket(AF_INET, SOCK_STREAM)
    setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)
    setSocketOption(fd, SOL_SOCKET, SO_LINGER, linger)
    try {
      bindSocket(fd, { address: '0.0.0.0', port: firstPort + attempted })
      // CLOCK_MONOTONIC is the same for all processes: the clients meet again at the beginning of every slot.
      const slot = startAt + BigInt(attempted) * SLOT_NS
      while (process.hrtime.bigint() < slot);
      const connection = { fd, sent: process.hrtime.bigint() }
      connectSocket(fd, to)
      if (!settle(connection, AT_ONCE_MS)) pending.push(connection)
      else if (pending.length > 0) pending = pending.filter(one => !settle(one, 0))
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      refused++
      closeFd(fd)
    }
  }
  const ended = process.hrtime.bigint()
  const last = ended + patienceNs
  while (pending.length > 0) {
    pending = pending.filter((one, index) => !settle(one, index === 0 ? 1 : 0))
    if (process.hrtime.bigint() > last) break
  }
  lost += pending.length
  for (const { fd } of pending) {
    again += retransmissions(fd)
    closeFd(fd)
  }
  return {
    attempted,
    lost,
    retransmissions: again,
    refused,
    elapsedMs: Number(ended - startAt) / Number(MS_NS),
    latenciesUs,
  }
}
