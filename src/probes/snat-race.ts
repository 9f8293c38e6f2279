import type { ProbeContext, ProbeKind, ProbeResult } from '../model/probe.js'
import { PacketQueue } from './packet-queue.js'
import { newSourcePort } from './source-port.js'
import { type Connection, TcpClient } from './tcp-client.js'

/**
 * Clients with the same source port connect to one server through a source NAT, at what counts as the same time: a queue
 * between the choice of the port and its confirmation holds every SYN until all are there, then lets them go in order.
 */
export interface SnatRaceSpec {
  readonly kind: 'snat-race'
  readonly clients: readonly string[]
  readonly to: string
  readonly port: number
  /** Node and number of the queue. */
  readonly queue: { readonly node: string; readonly number: number }
}

/** A race that was held for longer than this is void: a SYN that is sent again meanwhile looks like one that was lost. */
const LONGEST_HOLD_MS = 800
const ATTEMPTS = 8

/** The initial retransmission time-out of TCP is one second (TCP_TIMEOUT_INIT); a lost SYN shows as a connect of that length. */
const SYN_RETRANSMISSION_MS = 1000

export const snatRaceProbe: ProbeKind<SnatRaceSpec> = {
  describe: ({ clients, to, port }) => `${clients.length} × connect to ${to}:${port} from one source port`,

  typicalMs: (_, outcome) => (outcome === 'fails' ? SYN_RETRANSMISSION_MS : 20),

  async run(spec, context) {
    for (let attempt = 1; ; attempt++) {
      const { heldMs, result } = await race(spec, context)
      if (heldMs <= LONGEST_HOLD_MS) return result
      if (attempt < ATTEMPTS) continue
      if (result.outcome === 'not-triggered') return result
      const says = `the SYNs were held for ${Math.round(heldMs)} ms: this machine is too busy for the race`
      return { outcome: 'not-triggered', says, ...(result.measured ? { measured: result.measured } : {}) }
    }
  },
}

/** One race, and how long the first SYN was on its way before all were let go, in milliseconds. */
async function race(
  { clients, to, port, queue: where }: SnatRaceSpec,
  { netns, deadlineMs }: ProbeContext,
): Promise<{ readonly heldMs: number; readonly result: ProbeResult }> {
  // A port of its own for each run: an entry that is left from another one would be avoided by the NAT.
  const sourcePort = newSourcePort()
  const queue = new PacketQueue(netns(where.node), where.number)
  const done = new AbortController()
  const sockets = clients.map(client => new TcpClient(netns(client), sourcePort))
  let passing: Promise<void> | undefined
  try {
    const started = performance.now()
    const connecting = sockets.map(socket =>
      socket.connect({ address: to, port }, deadlineMs + SYN_RETRANSMISSION_MS),
    )
    const held = await queue.hold(clients.length, deadlineMs)
    for (const id of held) queue.accept(id)
    const heldMs = performance.now() - started
    passing = queue.pass(done.signal)
    const connections = await Promise.all(connecting)
    const measured = {
      held: held.length,
      retransmissions: connections.reduce((sum, { retransmissions }) => sum + retransmissions, 0),
      slowestConnectMs: Math.round(Math.max(...connections.map(({ connectMs }) => connectMs))),
    }
    if (held.length < clients.length)
      return {
        heldMs,
        result: {
          outcome: 'not-triggered',
          says: `only ${held.length} of ${clients.length} SYNs came to the queue`,
          measured,
        },
      }
    const lost = connections.filter(({ connected, retransmissions }) => !connected || retransmissions > 0)
    return {
      heldMs,
      result: {
        outcome: lost.length === 0 ? 'works' : 'fails',
        says: `source port ${sourcePort}: ${connections.map(describe).join('; ')}`,
        measured,
      },
    }
  } finally {
    await Promise.all(sockets.map(socket => socket.close()))
    done.abort()
    await passing
    queue.close()
  }
}

function describe({ says, retransmissions }: Connection, index: number): string {
  return `client ${index + 1} ${says}${retransmissions > 0 ? ` with ${retransmissions} SYN retransmission` : ''}`
}
