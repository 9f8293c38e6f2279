import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { LabError } from '../errors.js'
import { readConntrackStatistics } from '../evidence/counters.js'
import type { LoadReport } from './load-client.js'
import type { ProbeKind } from './probe.js'

/**
 * Clients that connect to one server as fast as they can, with the same source ports in the same order and at the same
 * time, as many containers behind one masquerade do by chance: the race itself, and its rate.
 */
export interface ManyConnectionsSpec {
  readonly kind: 'many-connections'
  readonly clients: readonly string[]
  readonly to: string
  readonly port: number
  /** The node that does the source NAT, for its connection tracking statistics. */
  readonly router: string
  /** Node of the server, which only accepts and closes. */
  readonly server: string
  /** Connections of each client. */
  readonly connections: number
}

/** How long the clients go on at most; a slow machine makes fewer connections in it, and their rate is the same. */
const BUDGET_MS = 3000

const CLIENT = fileURLToPath(new URL('./load-client.js', import.meta.url))
const SERVER = fileURLToPath(new URL('./load-server.js', import.meta.url))

export const manyConnectionsProbe: ProbeKind<ManyConnectionsSpec> = {
  describe: ({ clients, to, port, connections }) =>
    `${clients.length} × ${connections} connections to ${to}:${port}`,

  async run({ clients, to, port, router, server, connections }, { netns }) {
    const child = (node: string, script: string, args: readonly string[]) =>
      netns(node).inside(() => ({
        process: spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }),
      })).process
    const before = readConntrackStatistics(netns(router))
    const listener = child(server, SERVER, [String(port)])
    const failed = text(listener.stderr)
    try {
      await Promise.race([once(listener.stdout, 'data'), once(listener, 'exit')])
      if (listener.exitCode !== null) throw new LabError(`the load server did not start: ${await failed}`)
      // All clients start at the same moment of the machine's own clock, once each is up.
      const startAt = Date.now() + 250
      const reports = await Promise.all(
        clients.map(async client => {
          const load = child(client, CLIENT, [
            to,
            String(port),
            String(connections),
            String(startAt),
            String(BUDGET_MS),
          ])
          const [out, err] = await Promise.all([text(load.stdout), text(load.stderr)])
          if (!out) throw new LabError(`the load client in ${client} failed: ${err.trim()}`)
          return JSON.parse(out) as LoadReport
        }),
      )
      const after = readConntrackStatistics(netns(router))
      const clashes = (after?.get('insert_failed') ?? 0) - (before?.get('insert_failed') ?? 0)
      const total = reports.reduce((sum, report) => sum + report.attempted, 0)
      const lost = reports.reduce((sum, report) => sum + report.lost, 0)
      const seconds = Math.max(...reports.map(report => report.elapsedMs)) / 1000
      const latencies = reports.flatMap(report => report.latenciesUs).sort((a, b) => a - b)
      const percentile = (share: number) =>
        latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
      return {
        outcome: clashes > 0 && lost > 0 ? 'fails' : 'works',
        says: `${lost} of ${total} connections lost their SYN (${((100 * lost) / total).toFixed(2)} %), ${clashes} insertions failed, ${Math.round(total / seconds)} connections per second`,
        measured: {
          connections: total,
          lost,
          insertFailed: clashes,
          perSecond: Math.round(total / seconds),
          p50Us: percentile(0.5),
          p99Us: percentile(0.99),
        },
      }
    } finally {
      listener.kill('SIGKILL')
      // The next trial's server wants the same port.
      if (listener.exitCode === null && listener.signalCode === null) await once(listener, 'exit')
    }
  },
}
