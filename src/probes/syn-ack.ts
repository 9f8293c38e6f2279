import { z } from 'zod'
import { ipv4, node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import { deviceAddress, openFrameSender } from '../world/frames.js'
import { closeAside, deviceIndex, IPPROTO_TCP, SystemError, sendBytes } from '../world/libc.js'
import { Tap } from '../world/tap.js'
import { internetChecksum } from './checksum.js'
import { newSourcePort } from './source-port.js'

const ETHERNET_HEADER = 14
const IP_HEADER = 20
const TCP_HEADER = 20
const TCP = { syn: 0x02, rst: 0x04, ack: 0x10 }
/** Nobody listens there, and nobody has to: what no socket waits for is answered by a reset (tcp_v4_send_reset()). */
const PORT = 9

const place = () => z.strictObject({ node: node(), device: z.string() })

const SHAPE = {
  /** Who sends the frame, by which of its devices. */
  from: place(),
  /** The address that it is for, which may be one that the link knows nothing of. */
  to: ipv4(),
  /** The address that it says it is from. */
  source: ipv4(),
  /** Whose frame it is: the device at the other end of the link. */
  frameTo: place(),
  /** Where an answer would come by. */
  answerAt: place(),
}

const LIBRARY = `# syn_ack NODE DEVICE TO SOURCE OTHER DEVICE ANSWER-NODE DEVICE: a SYN-ACK in a frame to OTHER, and the RST that would answer it.
synack='
import ctypes, os, random, socket, struct, sys, time
wait, node, device, to, source, other, otherdevice, answer, answerdevice = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def inside(name):
    with open("/run/netns/" + name) as file:
        if libc.setns(file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns " + name)

def mac(name, link):
    inside(name)
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind((link, 0))
    return s, s.getsockname()[4]

tap, _ = mac(answer, answerdevice)
tap.close()
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
tap.bind((answerdevice, 3))
tap.settimeout(float(wait))
_, far = mac(other, otherdevice)
near, own = mac(node, device)
port = random.randint(20000, 59999)

def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff

addresses = socket.inet_aton(source) + socket.inet_aton(to)
tcp = struct.pack("!HHLLBBHHH", port, ${PORT}, 1, 1, 0x50, 0x12, 1024, 0, 0)
tcp = tcp[:16] + struct.pack("!H", checksum(addresses + struct.pack("!HH", 6, len(tcp)) + tcp)) + tcp[18:]
ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + addresses
ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
near.send(far + own + b"\\x08\\x00" + ip + tcp)
end = time.monotonic() + float(wait)
try:
    while time.monotonic() < end:
        frame = tap.recv(2048)
        if frame[12:14] == b"\\x08\\x00" and frame[23] == 6 and frame[34:38] == struct.pack("!HH", ${PORT}, port) and frame[47] & 4:
            sys.exit(0)
except socket.timeout:
    pass
sys.exit(1)
'
command -v python3 >/dev/null || skip "python3 makes frames here, and is not installed"

syn_ack() {
  came=fails answered_by='' said="no RST came by $8 of $7 within $WAIT s"
  if python3 -c "$synack" "$WAIT" "$@"; then came=works answered_by=$3 said="a RST from $3 came by $8 of $7"; fi
}
`

/**
 * A SYN-ACK that nobody waits for, in a frame to the MAC address at the other end of a link, whatever its IP addresses are. Works when
 * TCP answers it by a reset: it was taken.
 */
export const synAck = probeKind('syn-ack', SHAPE, {
  describe: ({ to, source, from: { device } }) =>
    `nping --tcp --flags SYN,ACK -c 1 -e ${device} --source-ip ${source} --dest-ip ${to}`,
  from: ({ from }) => from.node,
  to: ({ to }) => to,
  typicalMs: (_, outcome) => (outcome === 'fails' ? 50 : 5),
  script: ({ from, to, source, frameTo, answerAt }) => ({
    words: [
      ...['syn_ack', from.node, from.device, to, source],
      ...[frameTo.node, frameTo.device, answerAt.node, answerAt.device],
    ],
    library: LIBRARY,
    tools: [],
  }),

  async run({ from, to, source, frameTo, answerAt }, { netns, deadlineMs, lost }) {
    const at = netns(answerAt.node)
    const index = at.inside(() => deviceIndex(answerAt.device))
    const tap = new Tap(at, index, ETHERNET_HEADER + IP_HEADER + TCP_HEADER)
    const fd = openFrameSender(netns(from.node), from.device)
    const port = newSourcePort()
    const started = performance.now()
    const elapsed = () => performance.now() - started
    try {
      const ethernet = Buffer.concat([
        deviceAddress(netns(frameTo.node), frameTo.device),
        deviceAddress(netns(from.node), from.device),
        Buffer.from('0800', 'hex'),
      ])
      sendBytes(fd, Buffer.concat([ethernet, segment(source, to, port)]))
      do {
        for (let frame = tap.next(); frame; frame = tap.next())
          if (isReset(frame.data, port))
            return {
              outcome: 'works',
              answeredBy: to,
              says: `a RST from ${to} came by ${answerAt.device} of ${answerAt.node}`,
              measured: { answerMs: Math.round(elapsed() * 1000) / 1000 },
            }
      } while (await tap.wait(deadlineMs - elapsed(), lost))
      return {
        outcome: 'fails',
        says: `no RST came by ${answerAt.device} of ${answerAt.node} within ${Math.round(elapsed())} ms`,
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      return { outcome: 'fails', says: `the frame could not be sent: ${error.code}` }
    } finally {
      closeAside(fd)
      tap.close()
    }
  },
})

/** An IPv4 packet with a SYN-ACK from `port`. */
function segment(source: string, to: string, port: number): Buffer {
  const addresses = Buffer.from([...source.split('.'), ...to.split('.')].map(Number))
  const ip = Buffer.alloc(IP_HEADER)
  ip[0] = 0x45
  ip.writeUInt16BE(IP_HEADER + TCP_HEADER, 2)
  ip[8] = 64
  ip[9] = IPPROTO_TCP
  addresses.copy(ip, 12)
  ip.writeUInt16BE(internetChecksum(ip), 10)
  const tcp = Buffer.alloc(TCP_HEADER)
  tcp.writeUInt16BE(port, 0)
  tcp.writeUInt16BE(PORT, 2)
  tcp.writeUInt32BE(1, 4)
  tcp.writeUInt32BE(1, 8)
  tcp[12] = (TCP_HEADER / 4) << 4
  tcp[13] = TCP.syn | TCP.ack
  tcp.writeUInt16BE(1024, 14)
  const pseudo = Buffer.concat([addresses, Buffer.from([0, IPPROTO_TCP, 0, TCP_HEADER])])
  tcp.writeUInt16BE(internetChecksum(Buffer.concat([pseudo, tcp])), 16)
  return Buffer.concat([ip, tcp])
}

/** Whether a frame holds the reset that answers what came from `port`. */
function isReset(frame: Buffer, port: number): boolean {
  const tcp = frame.subarray(ETHERNET_HEADER + IP_HEADER)
  return (
    frame.readUInt16BE(12) === 0x0800 &&
    frame[ETHERNET_HEADER + 9] === IPPROTO_TCP &&
    tcp.length >= TCP_HEADER &&
    tcp.readUInt16BE(0) === PORT &&
    tcp.readUInt16BE(2) === port &&
    ((tcp[13] ?? 0) & TCP.rst) !== 0
  )
}
