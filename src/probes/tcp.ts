import { randomBytes } from 'node:crypto'
import { probeKind } from '../model/probe.js'
import { EXCHANGE_SHAPE, plainExchange, scriptExchange } from './exchange.js'
import { newSourcePort } from './source-port.js'
import { TcpClient } from './tcp-client.js'

/** A TCP connection with an exchange of bytes. */
export const tcp = probeKind('tcp', EXCHANGE_SHAPE, {
  describe: ({ to, port }) => `nc ${to} ${port}`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  script: spec => scriptExchange('tcp', spec),
  plain: (spec, enter) => plainExchange(spec, enter, 'TCP', ',connect-timeout=1'),

  typicalMs: (_, outcome) => (outcome === 'fails' ? 50 : 10),

  async run({ from, to, port, server, serverPort = port }, context) {
    const client = new TcpClient(context.netns(from), newSourcePort())
    const word = randomBytes(8).toString('hex')
    let connected = false
    try {
      const connection = await client.connect({ address: to, port }, context.deadlineMs, context.lost)
      const measured = {
        connectMs: Math.round(connection.connectMs * 1000) / 1000,
        retransmissions: connection.retransmissions,
      }
      connected = connection.connected
      if (!connected) return { outcome: 'fails', says: connection.says, measured }
      const sent = Buffer.from(`${word} from ${from}`)
      const got = await client.exchange(sent, context.deadlineMs)
      const serverSaw = context.server(server, serverPort).seen(word)?.address
      if (!got?.equals(sent))
        return {
          outcome: 'fails',
          says: got
            ? 'the bytes that came back are not those that were sent'
            : 'connected, but the bytes did not come back',
          measured,
        }
      return {
        outcome: 'works',
        answeredBy: to,
        ...(serverSaw ? { serverSaw } : {}),
        says: `${connection.says}, ${sent.length} bytes sent and received${serverSaw ? `, the server saw ${serverSaw}` : ''}`,
        measured,
      }
    } finally {
      await client.close()
      if (connected) await context.server(server, serverPort).drained(word)
    }
  },
})
