import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { type FieldsOf, ipv4, milliseconds, node, port } from '../model/fields.js'
import { type ProbeContext, type ProbeResult, probeKind } from '../model/probe.js'
import { closeFd, sendBytes } from '../world/libc.js'
import { sequenceNumbers } from '../world/tcp-state.js'
import { BothEnds, type Fault } from './both-ends.js'
import { CONNECTION_LIBRARY } from './connection-script.js'
import { openRawSender } from './raw-udp.js'
import { newSourcePort } from './source-port.js'
import { segmentPacket } from './tcp-segment.js'
import { tooBusy } from './too-busy.js'

/** A stray segment that is slower than so many answers does not come any more. */
const TURNS_OF_A_STRAY = 10
const SETTLE_MS = 20
/** What takes longer than this may have been forgotten on the way: the shortest time-out of connection tracking is a second. */
const LATEST_MS = 500
/** How often a silence is looked at. */
const LOOK_MS = 50

const SHAPE = {
  from: node(),
  to: ipv4(),
  port: port(),
  /** The node that the probe's own server is on, and its port there. */
  server: node(),
  serverPort: port(),
  /**
   * A segment that comes once all is said, as if the server had sent it: from the server's own address, so many bytes before what it
   * sends next (below 0) or behind it.
   */
  stray: z.strictObject({ source: ipv4(), distance: z.int() }).optional(),
  /** The server ends its half of the connection before the silence; the client does not. */
  serverEnds: z.literal(true).optional(),
  /** For how long nobody says anything; 0 when left out. */
  idleMs: milliseconds().optional(),
  /** Whether the client asks now and then whether the server is still there (SO_KEEPALIVE). */
  keepAlive: z.literal(true).optional(),
  /** Who breaks the silence. */
  speaks: z.enum(['client', 'server']),
}
type Spec = FieldsOf<typeof SHAPE>

/**
 * A TCP connection that something happens to once it has carried a word to and fro. Works when it carries one after that as well: to the
 * server where that has ended its own half, else to and fro.
 */
export const connection = probeKind('connection', SHAPE, {
  describe: ({ to, port: at, idleMs = 0, speaks, stray, serverEnds }) =>
    [
      `nc ${to} ${at}`,
      ...(stray ? [`a segment ${stray.distance} bytes from the next`] : []),
      ...(serverEnds ? ['FIN from the server'] : []),
      ...(idleMs > 0 ? [`${idleMs} ms of silence`] : []),
      `a word from the ${speaks}`,
    ].join(', '),
  from: ({ from }) => from,
  to: ({ to }) => to,
  goesOn: true,
  typicalMs: ({ idleMs = 0 }) => idleMs + 20,
  script: ({ from, to, port: at, server, serverPort, stray, serverEnds, idleMs = 0, keepAlive, speaks }) => ({
    words: [
      ...['connection', from, to, String(at), server, String(serverPort)],
      ...(stray ? [stray.source, String(stray.distance)] : ['-', '0']),
      ...[serverEnds ? 'yes' : 'no', String(idleMs / 1000), keepAlive ? 'yes' : 'no'],
      // Words of its own, as nodes have these names.
      speaks === 'client' ? 'connecting' : 'accepting',
    ],
    library: CONNECTION_LIBRARY,
    tools: ['python3'],
  }),

  async run(spec, context) {
    const { from, to, port: at, server, serverPort } = spec
    const source = newSourcePort()
    const started = performance.now()
    const opened = await BothEnds.open(
      { client: context.netns(from), server: context.netns(server) },
      { source, to: { address: to, port: at }, server: serverPort },
      context,
    )
    if (typeof opened === 'string') return { outcome: 'fails', says: opened }
    const result = await live(spec, opened, started, context)
    if (result.outcome === 'works') await opened.end(context)
    else opened.forget()
    return result
  },
})

async function live(spec: Spec, ends: BothEnds, opened: number, context: ProbeContext): Promise<ProbeResult> {
  const { from, to, server, stray, serverEnds, idleMs = 0, keepAlive, speaks } = spec
  const patience = { deadlineMs: context.deadlineMs }
  const saw = { serverSaw: ends.peer.address }
  const before = await ends.speak('client', patience)
  const elapsedMs = performance.now() - opened
  if (before !== undefined && elapsedMs > LATEST_MS)
    throw tooBusy(
      `a connection's first word was lost, ${Math.round(elapsedMs)} ms after its SYN`,
      'the shortest time-outs',
    )
  if (before !== undefined)
    return { outcome: 'fails', ...saw, says: `connected, but the first word was lost${because(before)}` }
  if (serverEnds) await ends.endServersHalf(patience)
  if (stray) sendStray(stray, ends, spec, context)
  let longest = 0
  if (idleMs > 0) {
    ends.acknowledge()
    // The client's clock starts after everybody else's: who remembers for as long as that has forgotten by then.
    await delay(SETTLE_MS)
    if (keepAlive) {
      ends.keepAlive()
      // The first question comes a second from now: who remembers for two may have forgotten by then.
      if (ends.silenceMs > LATEST_MS)
        throw tooBusy(`a client that was to ask each second was silent for ${ends.silenceMs} ms before`)
    }
    longest = await silenceWithin(idleMs, ends)
    // A segment that was sent again meanwhile, as on a busy machine, was no silence: it begins anew with it.
    for (let silent = ends.silenceMs; !keepAlive && silent < idleMs; silent = ends.silenceMs)
      await delay(idleMs - silent)
  }
  const fault = await afterwards(spec, ends, context)
  if (keepAlive && fault !== undefined) {
    const asksMs = Number(context.netns(from).readSysctl('net.ipv4.tcp_keepalive_time')) * 1000
    if (asksMs < idleMs && longest > asksMs + LATEST_MS)
      throw tooBusy(`a client that was to ask each ${asksMs} ms may have been silent for ${longest} ms`)
  }
  const what = `a word from the ${speaks}${serverEnds ? ', whose server has ended its half,' : ''}`
  const when = idleMs > 0 ? ` after ${idleMs} ms` : ''
  if (fault === undefined)
    return {
      outcome: 'works',
      answeredBy: to,
      ...saw,
      says: `${what} came through${when}, ${server} saw ${ends.peer.address}`,
    }
  return {
    outcome: 'fails',
    ...saw,
    says: `${what} was lost${when}${because(fault)}, seen from ${speaks === 'client' ? from : server}`,
    ...(fault === '' ? {} : { refused: { call: 'recv', code: fault } }),
  }
}

/** Waits, and says for how many milliseconds both ends may have been silent at a time: more than they were where nobody looked in time. */
async function silenceWithin(ms: number, ends: BothEnds): Promise<number> {
  const began = performance.now()
  let longest = 0
  for (let now = began; now < began + ms; ) {
    const before = ends.silenceMs
    await delay(Math.min(LOOK_MS, began + ms - now))
    const passed = performance.now() - now
    now += passed
    longest = Math.max(longest, Math.round(before + passed))
  }
  return longest
}

/** Speaks once; behind a stray segment so often that it has had its turn. */
async function afterwards({ stray, speaks }: Spec, ends: BothEnds, context: ProbeContext): Promise<Fault> {
  const { deadlineMs, lost } = context
  for (let turn = stray ? TURNS_OF_A_STRAY : 1; turn > 0; turn--) {
    const fault = await ends.speak(speaks, { deadlineMs, lost })
    if (fault !== undefined) return fault
  }
  return undefined
}

function because(fault: string): string {
  return fault === '' ? '' : `: ${fault}`
}

/** Sends a segment as the server's own kernel would, but for its sequence number. Throws SystemError. */
function sendStray(
  { source, distance }: NonNullable<Spec['stray']>,
  ends: BothEnds,
  { server, serverPort }: Spec,
  { netns }: ProbeContext,
): void {
  const { next, expected } = sequenceNumbers(ends.server)
  const fd = openRawSender(netns(server))
  try {
    const packet = segmentPacket(
      { address: source, port: serverPort },
      ends.peer,
      { sequence: (next + distance) >>> 0, acknowledges: expected },
      'stray!',
    )
    sendBytes(fd, packet, { address: ends.peer.address, port: 0 })
  } finally {
    closeFd(fd)
  }
}
