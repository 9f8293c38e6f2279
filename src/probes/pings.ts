import { z } from 'zod'
import { type FieldsOf, ipv4, node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import {
  AF_INET,
  bindSocket,
  closeFd,
  deviceIndex,
  EPOLLIN,
  IPPROTO_ICMP,
  openSocket,
  SOCK_RAW,
  SystemError,
  sendBytes,
} from '../world/libc.js'
import { ready } from '../world/reactor.js'
import { Tap } from '../world/tap.js'
import { ECHO, echoes, echoRequest } from './ping.js'
import { newSourcePort } from './source-port.js'

const ETHERNET_HEADER = 14
const IP_HEADER = 20
const ECHO_HEADER = 8
/** Once one is lost, what else is on its way comes within this. */
const REST_MS = 20

const SHAPE = {
  from: node(),
  /** The address that they are from; the kernel picks one for each when left out. */
  source: ipv4().optional(),
  to: z.array(ipv4()).min(1).max(64),
  /** The sender's devices that they may leave by, for the report to say how many took which. */
  devices: z.array(z.string()).min(1),
  /** Whether each of these devices must have sent one at least. */
  spread: z.literal(true).optional(),
}
type Spec = FieldsOf<typeof SHAPE>

const LIBRARY = `# pings_to NODE SOURCE|- spread|- DEVICE,... ADDRESS...: an echo request to each, and which device sent how many.
pings='
import os, select, socket, struct, sys, time
wait, source, spread, devices, *targets = sys.argv[1:]
taps = {}
for device in devices.split(","):
    taps[device] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    taps[device].bind((device, 3))
    taps[device].setblocking(False)
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
if source != "-":
    s.bind((source, 0))
own = os.getpid() & 0xffff
total = 0x0800 + own + 1
total = (total & 0xffff) + (total >> 16)
for target in targets:
    s.sendto(struct.pack("!BBHHH", 8, 0, ~total & 0xffff, own, 1), (target, 0))
answered = set()
end = time.monotonic() + float(wait)
while len(answered) < len(targets) and select.select([s], [], [], max(0, end - time.monotonic()))[0]:
    data, peer = s.recvfrom(2048)
    if data[20] == 0 and data[24:26] == struct.pack("!H", own):
        answered.add(peer[0])
sent = dict.fromkeys(taps, 0)
for device, tap in taps.items():
    try:
        while True:
            data, about = tap.recvfrom(64)
            if about[2] == 4 and data[12:14] == b"\\x08\\x00" and data[23] == 1 and data[34] == 8 and data[38:40] == struct.pack("!H", own):
                sent[device] += 1
    except BlockingIOError:
        pass
print(len(answered), "of", len(targets), "answered:", ", ".join(one + " sent " + str(count) for one, count in sent.items()))
sys.exit(0 if len(answered) == len(targets) and (spread == "-" or all(sent.values())) else 1)
'
command -v python3 >/dev/null || skip "python3 sends pings side by side here, and is not installed"

pings_to() {
  came=fails sender=$1
  shift
  if said=$(in_node "$sender" python3 -c "$pings" "$WAIT" "$@" 2>&1); then came=works; fi
}
`

/**
 * An ICMP echo request to each of several addresses, all at once, and which device sent how many. Works when all are answered; with
 * `spread`, and each device sent some.
 */
export const pings = probeKind('pings', SHAPE, {
  describe: ({ source, to }) =>
    `for a in ${to[0]} … ${to.at(-1)}; do ping -c 1 ${source === undefined ? '' : `-I ${source} `}$a & done`,
  from: ({ from }) => from,
  to: ({ to }) => to[0] ?? '',
  typicalMs: (_, outcome) => (outcome === 'fails' ? 80 : 10),
  script: ({ from, source = '-', spread, devices, to }) => ({
    words: ['pings_to', from, source, spread ? 'spread' : '-', devices.join(','), ...to],
    library: LIBRARY,
    tools: [],
  }),

  async run({ from, source, to, devices, spread }: Spec, { netns, deadlineMs, lost }) {
    const at = netns(from)
    const fd = at.inside(() => openSocket(AF_INET, SOCK_RAW, IPPROTO_ICMP))
    const taps = devices.map(device => {
      const index = at.inside(() => deviceIndex(device))
      return { device, tap: new Tap(at, index, ETHERNET_HEADER + IP_HEADER + ECHO_HEADER) }
    })
    try {
      const id = newSourcePort()
      const started = performance.now()
      if (source !== undefined) bindSocket(fd, { address: source, port: 0 })
      for (const address of to) sendBytes(fd, echoRequest(ECHO.v4.request, id), { address, port: 0 })
      const missing = new Set(to)
      const take = () => {
        for (const { from: who, icmp } of echoes(fd, false))
          if (icmp[0] === ECHO.v4.reply && icmp.readUInt16BE(4) === id) missing.delete(who)
      }
      const left = () => Math.max(0, started + deadlineMs - performance.now())
      while (missing.size > 0 && (await ready(fd, EPOLLIN, left(), lost)) !== 0) take()
      while (missing.size > 0 && (await ready(fd, EPOLLIN, REST_MS)) !== 0) take()
      const sent = taps.map(({ device, tap }) => ({ device, count: requestsIn(tap, id) }))
      const replies = to.length - missing.size
      const used = !spread || sent.every(({ count }) => count > 0)
      return {
        outcome: missing.size === 0 && used ? 'works' : 'fails',
        says: `${replies} of ${to.length} answered: ${sent.map(({ device, count }) => `${device} sent ${count}`).join(', ')}`,
        measured: { replies },
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      return { outcome: 'fails', says: `a request could not be sent: ${error.code}` }
    } finally {
      closeFd(fd)
      for (const { tap } of taps) tap.close()
    }
  },
})

/** How many echo requests with this identifier a device has sent. */
function requestsIn(tap: Tap, id: number): number {
  let count = 0
  for (let frame = tap.next(); frame; frame = tap.next()) {
    const { data, direction } = frame
    const icmp = data.subarray(ETHERNET_HEADER + IP_HEADER)
    if (
      direction === 'out' &&
      icmp.length >= ECHO_HEADER &&
      data.readUInt16BE(12) === 0x0800 &&
      data[ETHERNET_HEADER + 9] === IPPROTO_ICMP &&
      icmp[0] === ECHO.v4.request &&
      icmp.readUInt16BE(4) === id
    )
      count++
  }
  return count
}
