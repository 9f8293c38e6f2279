import { randomBytes } from 'node:crypto'
import { close } from 'node:fs'
import { z } from 'zod'
import { ipv4, node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import {
  AF_INET,
  AF_PACKET,
  bindSocket,
  closeFd,
  deviceIndex,
  EPOLLIN,
  openSocket,
  receiveBytes,
  receiveFrame,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_SOCKET,
  sendBytes,
  setSocketOption,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { ready } from '../world/reactor.js'
import { internetChecksum } from './checksum.js'

const [BOOTPS, BOOTPC] = [67, 68]
const SO_BROADCAST = 6
const SO_BINDTODEVICE = 25
const SOL_PACKET = 263
const PACKET_VNET_HDR = 15
const VIRTIO_NET_HDR = 10
const VIRTIO_NET_HDR_F_NEEDS_CSUM = 1
const ETH_P_IP = 0x0800
const ETHERNET_HEADER = 14
const LONGEST = 2048
/** As long as a message of BOOTP without options. */
const MESSAGE_BYTES = 240

const SHAPE = {
  from: node(),
  /** The server's device and address. */
  device: z.string(),
  source: ipv4(),
  /** The client's address, or 255.255.255.255. */
  to: ipv4(),
  client: z.strictObject({ node: node(), device: z.string() }),
  /**
   * How the client listens. `socket`: by a UDP socket. `raw`: by a packet socket, and verifies the checksum itself. `aux`: the same, but
   * lets pass what the kernel says has no checksum yet.
   */
  by: z.enum(['socket', 'raw', 'aux']),
}

const LIBRARY = `# dhcp_answer NODE DEVICE SOURCE ADDRESS CLIENT DEVICE socket|raw|aux: what a DHCP server would send, and whether such a client takes it.
dhcp='
import ctypes, os, socket, struct, sys, time
wait, node, device, source, to, client, at, by = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def enter(name):
    with open("/run/netns/" + name) as file:
        if libc.setns(file.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns " + name)

enter(client)
if by == "socket":
    far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    far.bind(("0.0.0.0", ${BOOTPC}))
else:
    far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    far.setsockopt(${SOL_PACKET}, 8, 1)
    far.bind((at, ${ETH_P_IP}))
far.settimeout(float(wait))
enter(node)
near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
near.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
near.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
near.setsockopt(socket.SOL_SOCKET, ${SO_BINDTODEVICE}, device.encode())
near.bind((source, ${BOOTPS}))
word = os.urandom(8).ljust(${MESSAGE_BYTES}, bytes(1))
near.sendto(word, (to, ${BOOTPC}))
while True:
    try:
        data, aux, flags, where = far.recvmsg(${LONGEST}, 64)
    except socket.timeout:
        sys.exit("nothing came")
    if word in data:
        break
if by == "socket":
    sys.exit()
udp = data[${ETHERNET_HEADER} + (data[${ETHERNET_HEADER}] & 15) * 4:]
udp = udp[:struct.unpack("!H", udp[4:6])[0]]
pseudo = data[26:34] + struct.pack("!HH", 17, len(udp))
total = sum(struct.unpack("!%dH" % ((len(pseudo) + len(udp)) // 2), pseudo + udp))
while total >> 16:
    total = (total & 65535) + (total >> 16)
notready = any(level == ${SOL_PACKET} and struct.unpack("I", body[:4])[0] & 8 for level, kind, body in aux)
if udp[6:8] == bytes(2) or total == 65535 or (by == "aux" and notready):
    sys.exit()
sys.exit("bad udp checksum")
'
command -v python3 >/dev/null || skip "python3 sends datagrams here, and is not installed"

dhcp_answer() {
  came=fails
  if said=$(python3 -c "$dhcp" "$WAIT" "$@" 2>&1); then came=works said="it came to $5"; fi
}
`

/** A datagram as a DHCP server sends it, to one client or to all, and whether a client takes it. */
export const dhcpAnswer = probeKind('dhcp-answer', SHAPE, {
  describe: ({ source, to, client, by }) =>
    `dnsmasq's answer from ${source}:${BOOTPS} to ${to}:${BOOTPC}, taken by ${by === 'socket' ? 'a UDP socket' : `a packet socket on ${client.device} that ${by === 'raw' ? 'verifies the checksum' : 'asks for PACKET_AUXDATA'}`}`,
  from: ({ client }) => client.node,
  to: ({ to }) => to,
  oneWay: true,
  typicalMs: () => 2,
  script: ({ from, device, source, to, client, by }) => ({
    words: ['dhcp_answer', from, device, source, to, client.node, client.device, by],
    library: LIBRARY,
    tools: [],
  }),

  async run({ from, device, source, to, client, by }, { netns, deadlineMs }) {
    const far = by === 'socket' ? listen(netns(client.node)) : tap(netns(client.node), client.device)
    const near = netns(from).inside(() => openSocket(AF_INET, SOCK_DGRAM))
    const message = Buffer.alloc(MESSAGE_BYTES)
    message.write(randomBytes(8).toString('hex'), 'latin1')
    const buffer = Buffer.alloc(LONGEST)
    const next = () =>
      by === 'socket' ? receiveBytes(far, buffer)?.length : receiveFrame(far, buffer)?.length
    try {
      setSocketOption(near, SOL_SOCKET, SO_REUSEADDR, 1)
      setSocketOption(near, SOL_SOCKET, SO_BROADCAST, 1)
      setSocketOption(near, SOL_SOCKET, SO_BINDTODEVICE, Buffer.from(`${device}\0`))
      bindSocket(near, { address: source, port: BOOTPS })
      const started = performance.now()
      sendBytes(near, message, { address: to, port: BOOTPC })
      do {
        for (let length = next(); length !== undefined; length = next()) {
          const got = buffer.subarray(0, length)
          if (!got.includes(message)) continue
          if (by === 'socket') return { outcome: 'works', says: `${client.node} got it` }
          return judged(got, by)
        }
      } while (await ready(far, EPOLLIN, Math.max(0, started + deadlineMs - performance.now())))
      return { outcome: 'fails', says: `nothing came to ${client.node}` }
    } finally {
      closeFd(near)
      // Not by this thread: a packet socket takes the kernel some 10 ms.
      close(far)
    }
  },
})

function listen(netns: Netns): number {
  const fd = netns.inside(() => openSocket(AF_INET, SOCK_DGRAM))
  setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)
  bindSocket(fd, { address: '0.0.0.0', port: BOOTPC })
  return fd
}

/**
 * A packet socket whose frames have a header of virtio in front. It says what TP_STATUS_CSUMNOTREADY of PACKET_AUXDATA says, that the
 * frame is CHECKSUM_PARTIAL (virtio_net_hdr_from_skb(), tpacket_rcv()).
 */
function tap(netns: Netns, device: string): number {
  const { fd, index } = netns.inside(() => ({
    fd: openSocket(AF_PACKET, SOCK_RAW),
    index: deviceIndex(device),
  }))
  setSocketOption(fd, SOL_PACKET, PACKET_VNET_HDR, 1)
  const address = Buffer.alloc(20)
  address.writeUInt16LE(AF_PACKET, 0)
  address.writeUInt16BE(ETH_P_IP, 2)
  address.writeInt32LE(index, 4)
  bindSocket(fd, address)
  return fd
}

/** What a client that sees the frame makes of it. */
function judged(got: Buffer, by: 'raw' | 'aux') {
  const notReady = ((got[0] ?? 0) & VIRTIO_NET_HDR_F_NEEDS_CSUM) !== 0
  const packet = got.subarray(VIRTIO_NET_HDR + ETHERNET_HEADER)
  const udp = packet.subarray(((packet[0] ?? 0) & 0x0f) * 4, packet.readUInt16BE(2))
  const field = udp.readUInt16BE(6)
  const pseudo = Buffer.alloc(12)
  packet.copy(pseudo, 0, 12, 20)
  pseudo.writeUInt16BE(packet[9] ?? 0, 8)
  pseudo.writeUInt16BE(udp.length, 10)
  const good = field === 0 || internetChecksum(Buffer.concat([pseudo, udp])) === 0
  const kind = field === 0 ? 'none' : good ? 'good' : 'bad'
  return {
    outcome: good || (by === 'aux' && notReady) ? ('works' as const) : ('fails' as const),
    says: `udp checksum 0x${field.toString(16)}: ${kind}${notReady ? ', not computed yet' : ''}`,
  }
}
