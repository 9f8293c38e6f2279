import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { LabError } from '../base/errors.js'
import { type FieldsOf, ipv4, milliseconds, node, port } from '../model/fields.js'
import { type ProbeResult, probeKind } from '../model/probe.js'
import type { Netns } from '../world/netns.js'
import { readConntrackStatistics } from '../world/proc-net.js'
import type { LoadReport } from './load-client.js'

const SHAPE = {
  clients: z.array(node()).min(1),
  to: ipv4(),
  port: port(),
  /** The node that does the source NAT, for its connection tracking statistics. */
  router: node(),
  /** Node of the server, which only accepts and closes. */
  server: node(),
  /** Connections of each client. */
  connections: z.int().min(1),
  /**
   * Milliseconds after the last connection in which one that has no answer yet may still get it. A SYN that was lost is
   * sent again after a second; less than that only counts it, more shows what its user has to wait.
   */
  patienceMs: milliseconds(),
}
type Spec = FieldsOf<typeof SHAPE>

/** How long the clients go on at most; a slow machine makes fewer connections in it, and their rate is the same. */
const BUDGET_MS = 20_000
/** From the last client's word that it is ready to the first connection. */
const HEAD_START_NS = 5_000_000n

/**
 * The share of lost connections that is a failure. Ports picked at random meet too, once in 64,512 pairs (the range of
 * nf_nat_l4proto_unique_tuple), two orders of magnitude below it.
 */
const FAILS_ABOVE = 0.001

const CLIENT = fileURLToPath(new URL('./load-client.js', import.meta.url))
const SERVER = fileURLToPath(new URL('./load-server.js', import.meta.url))

/**
 * Clients that connect to one server as fast as they can, with the same source ports in the same order and at the same
 * time, as many containers behind one masquerade do by chance: the race itself, and its rate.
 */
export const manyConnections = probeKind('many-connections', SHAPE, {
  describe: ({ clients, to, port, connections }) =>
    `${clients.length} × ${connections} connections to ${to}:${port}`,

  from: ({ clients }) => clients.at(-1) ?? '',

  to: ({ to }) => to,

  typicalMs: () => 400,

  async run({ clients, to, port, router, server, connections, patienceMs }, { netns, keep }) {
    const load = keep(`load on ${to}:${port}`, () => new Load(netns, { clients, to, port, server }))
    const before = readConntrackStatistics(netns(router))
    const reports = await load.round(connections, patienceMs)
    const after = readConntrackStatistics(netns(router))
    return summarize(reports, (after?.get('insert_failed') ?? 0) - (before?.get('insert_failed') ?? 0))
  },
})

/** Source ports of the load, below those that the kernel hands out by itself. */
const FIRST_PORT = 2000
const LAST_PORT = 32_000

/** The clients and their server, ready for one round after the other. */
class Load {
  readonly #server: LoadProcess
  readonly #clients: readonly LoadProcess[]
  readonly #ready: Promise<unknown>
  #port = FIRST_PORT

  constructor(
    netns: (node: string) => Netns,
    { clients, to, port, server }: Pick<Spec, 'clients' | 'to' | 'port' | 'server'>,
  ) {
    this.#server = new LoadProcess(netns(server), SERVER, [port])
    this.#clients = clients.map(client => new LoadProcess(netns(client), CLIENT, [to, port]))
    this.#ready = Promise.all([this.#server, ...this.#clients].map(one => one.line()))
  }

  /** Has every client connect so many times. Throws LabError when a process is gone. */
  async round(connections: number, patienceMs: number): Promise<LoadReport[]> {
    await this.#ready
    // Ports that no round had before: what connection tracking still has an entry for is not translated anew.
    if (this.#port + connections > LAST_PORT) this.#port = FIRST_PORT
    const startAt = process.hrtime.bigint() + HEAD_START_NS
    for (const client of this.#clients)
      client.tell(`${[startAt, this.#port, connections, BUDGET_MS, patienceMs].join(' ')}\n`)
    this.#port += connections
    const lines = await Promise.all(this.#clients.map(client => client.line()))
    return lines.map(line => JSON.parse(line) as LoadReport)
  }

  close(): void {
    for (const one of [this.#server, ...this.#clients]) one.close()
  }
}

/** One of the processes that make the load. */
class LoadProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #said = ''

  constructor(
    netns: Netns,
    private readonly script: string,
    args: readonly (string | number)[],
  ) {
    this.#child = netns.inside(() => spawn(process.execPath, [script, ...args.map(String)]))
    // That it could not be started, or is gone before it reads what it is told, shows as a line that does not come.
    this.#child.on('error', error => (this.#said += error.message))
    this.#child.stdin.on('error', () => {})
    this.#child.stderr.on('data', data => (this.#said += data))
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Its next line. Throws LabError when it ends without one. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done)
      throw new LabError(
        `${basename(this.script)} ended without an answer: ${this.#said.trim() || 'it said nothing'}`,
      )
    return value
  }

  tell(text: string): void {
    this.#child.stdin.write(text)
  }

  close(): void {
    this.#child.kill('SIGKILL')
  }
}

/** What came of all clients together, with what can be said of the true share of lost connections. */
function summarize(reports: readonly LoadReport[], clashes: number): ProbeResult {
  const sum = (value: (report: LoadReport) => number) => reports.reduce((total, one) => total + value(one), 0)
  const total = sum(({ attempted }) => attempted)
  const lost = sum(one => one.lost)
  const seconds = Math.max(...reports.map(({ elapsedMs }) => elapsedMs)) / 1000
  const latencies = reports.flatMap(({ latenciesUs }) => latenciesUs).sort((a, b) => a - b)
  const percentile = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
  const [low, high] = wilson(lost, total)
  const percent = (share: number) => (100 * share).toFixed(2)
  return {
    outcome: clashes > 0 && low > FAILS_ABOVE ? 'fails' : 'works',
    says: `${lost} of ${total} connections lost their SYN (${percent(lost / total)} %, with 95 % confidence ${percent(low)} to ${percent(high)} %), ${clashes} insertions failed, ${Math.round(total / seconds)} connections per second`,
    measured: {
      connections: total,
      lost,
      lostShareLow: low,
      lostShareHigh: high,
      insertFailed: clashes,
      retransmissions: sum(one => one.retransmissions),
      refused: sum(one => one.refused),
      perSecond: Math.round(total / seconds),
      p50Us: percentile(0.5),
      p90Us: percentile(0.9),
      p99Us: percentile(0.99),
      p999Us: percentile(0.999),
      maxUs: latencies.at(-1) ?? 0,
    },
  }
}

/** Wilson's score interval at 95 %: between these the true share lies, also where nothing was lost at all. */
export function wilson(hits: number, total: number): [number, number] {
  if (total === 0) return [0, 1]
  const z = 1.96
  const share = hits / total
  const spread = z * Math.sqrt((share * (1 - share)) / total + (z * z) / (4 * total * total))
  const middle = share + (z * z) / (2 * total)
  const scale = 1 + (z * z) / total
  return [Math.max(0, (middle - spread) / scale), Math.min(1, (middle + spread) / scale)]
}
