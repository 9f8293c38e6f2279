import { randomBytes } from 'node:crypto'
import { probeKind } from '../model/probe.js'
import {
  AF_INET,
  bindSocket,
  closeFd,
  connectSocket,
  EPOLLIN,
  openSocket,
  receiveBytes,
  SOCK_DGRAM,
  SystemError,
  sendBytes,
} from '../world/libc.js'
import { ready } from '../world/reactor.js'
import { EXCHANGE_SHAPE, scriptExchange } from './exchange.js'
import { newSourcePort } from './source-port.js'

/** A datagram and its answer through a connected socket, which takes answers from the address that it asked only. */
export const udp = probeKind('udp', EXCHANGE_SHAPE, {
  describe: ({ to, port }) => `nc -u ${to} ${port}`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  script: spec => scriptExchange('udp', spec),

  typicalMs: (_, outcome) => (outcome === 'fails' ? 50 : 5),

  async run({ from, to, port, server, serverPort = port }, { netns, server: serverOf, deadlineMs, lost }) {
    const fd = netns(from).inside(() => openSocket(AF_INET, SOCK_DGRAM))
    const word = randomBytes(8).toString('hex')
    const saw = () => serverOf(server, serverPort).seen(word)?.address
    try {
      bindSocket(fd, { address: '0.0.0.0', port: newSourcePort() })
      connectSocket(fd, { address: to, port })
      const started = performance.now()
      const sent = Buffer.from(`${word} from ${from}`)
      sendBytes(fd, sent)
      const events = await ready(fd, EPOLLIN, deadlineMs, lost)
      const buffer = Buffer.alloc(2048)
      const got = events ? receiveBytes(fd, buffer) : undefined
      const serverSaw = saw()
      const common = serverSaw ? { serverSaw } : {}
      if (!got)
        return {
          outcome: 'fails',
          ...common,
          says: `no answer within ${Math.round(performance.now() - started)} ms${serverSaw ? `, though the server got the datagram, from ${serverSaw}` : ''}`,
        }
      const same = buffer.subarray(0, got.length).equals(sent)
      return {
        outcome: same ? 'works' : 'fails',
        answeredBy: got.from.address,
        ...common,
        says: same
          ? `${got.length} bytes sent and received${serverSaw ? `, the server saw ${serverSaw}` : ''}`
          : 'the bytes that came back are not those that were sent',
        measured: { rttMs: Math.round((performance.now() - started) * 1000) / 1000 },
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      return { outcome: 'fails', says: `the datagram was refused: ${error.code}` }
    } finally {
      closeFd(fd)
    }
  },
})
