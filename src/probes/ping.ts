import { address, node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import {
  AF_INET,
  AF_INET6,
  closeFd,
  EPOLLIN,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  openSocket,
  receiveBytes,
  SOCK_RAW,
  SystemError,
  sendBytes,
} from '../world/libc.js'
import { ready } from '../world/reactor.js'
import { newSourcePort } from './source-port.js'

const ECHO = { v4: { request: 8, reply: 0 }, v6: { request: 128, reply: 129 } }

const LIBRARY = `# ping_to NODE ADDRESS: any host may answer.
ping_to() {
  reply=$(in_node "$1" ping -n -c 1 -W "$WAIT" "$2" 2>&1 | grep -E 'bytes from|[Ee]rror|unreachable' | sed -n 1p)
  answered_by=$(echo "$reply" | sed -n 's/^[0-9]* bytes from \\([^ ]*\\): .*/\\1/p')
  said=\${reply:-no reply from $2 within $WAIT s}
  if [ -n "$answered_by" ]; then came=works; else came=fails; fi
}
`

const SHAPE = { from: node(), to: address() }

/** One ICMP or ICMPv6 echo request. Any host may answer it: the report says who did. */
export const ping = probeKind('ping', SHAPE, {
  describe: ({ to }) => `ping -c 1 ${to}`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  script: ({ from, to }) => ({ words: ['ping_to', from, to], library: LIBRARY, tools: ['ping'] }),

  typicalMs: (_, outcome) => (outcome === 'fails' ? 50 : 5),

  async run({ from, to }, { netns, deadlineMs, lost }) {
    const v6 = to.includes(':')
    const type = v6 ? ECHO.v6 : ECHO.v4
    const fd = netns(from).inside(() =>
      openSocket(v6 ? AF_INET6 : AF_INET, SOCK_RAW, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP),
    )
    try {
      // An echo's identifier is to connection tracking what a port is.
      const id = newSourcePort()
      const started = performance.now()
      const request = echoRequest(type.request, id)
      try {
        sendBytes(fd, request, { address: to, port: 0 })
      } catch (error) {
        if (!(error instanceof SystemError)) throw error
        return { outcome: 'fails', says: `the request could not be sent: ${error.code}` }
      }
      const buffer = Buffer.alloc(2048)
      while (await ready(fd, EPOLLIN, Math.max(0, started + deadlineMs - performance.now()), lost)) {
        const got = receiveBytes(fd, buffer)
        if (!got) continue
        const header = v6 ? 0 : ((buffer[0] ?? 0) & 0x0f) * 4
        const icmp = buffer.subarray(header, got.length)
        if (icmp.length < 8 || icmp[0] !== type.reply || icmp.readUInt16BE(4) !== id) continue
        const elapsed = performance.now() - started
        const answered = icmp.subarray(8).equals(request.subarray(8))
        return {
          outcome: answered ? 'works' : 'fails',
          answeredBy: got.from.address,
          says: answered
            ? `${icmp.length} bytes from ${got.from.address}${v6 ? '' : `: ttl=${buffer[8]}`}`
            : `the reply from ${got.from.address} does not hold what was sent`,
          measured: { rttMs: Math.round(elapsed * 1000) / 1000, ...(v6 ? {} : { ttl: buffer[8] ?? 0 }) },
        }
      }
      return { outcome: 'fails', says: `no reply within ${Math.round(performance.now() - started)} ms` }
    } finally {
      closeFd(fd)
    }
  },
})

function echoRequest(type: number, id: number): Buffer {
  const packet = Buffer.alloc(64)
  packet[0] = type
  packet.writeUInt16BE(id, 4)
  packet.writeUInt16BE(1, 6)
  packet.write('netns-lab', 8)
  // The kernel fills in the checksum of ICMPv6, not that of ICMP.
  if (type === ECHO.v4.request) packet.writeUInt16BE(internetChecksum(packet), 2)
  return packet
}

/** RFC 1071 over an even number of bytes. */
function internetChecksum(bytes: Buffer): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16BE(i)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
