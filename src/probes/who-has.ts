import { z } from 'zod'
import { ipv4, node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import { deviceAddress, openFrameSender } from '../world/frames.js'
import { closeAside, deviceIndex, sendBytes } from '../world/libc.js'
import { Tap } from '../world/tap.js'
import { type ArpPacket, arpPacket, readArp } from './arp.js'

const LONGEST = 64

/** A host on the link with an address of its own, which it answers for in any case. */
const host = () => z.strictObject({ node: node(), device: z.string(), address: ipv4() })

const SHAPE = {
  from: node(),
  device: z.string(),
  /** The sender's own address. */
  source: ipv4(),
  /** The address that is asked for. */
  who: ipv4(),
  /** The one that must answer for it. */
  speaker: host(),
  /** Those that must not. */
  others: z.array(host()).min(1),
}

const LIBRARY = `# who_has NODE DEVICE SOURCE ADDRESS SPEAKER DEVICE: an ARP request, and the MAC addresses of all that answer it.
arp='
import socket, struct, sys, time
wait, device, source, target = sys.argv[1:]
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
s.bind((device, 0x0806))
s.settimeout(0.1)
mac = s.getsockname()[4]
ask = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + socket.inet_aton(source) + bytes(6) + socket.inet_aton(target)
s.send(bytes([255] * 6) + mac + struct.pack("!H", 0x0806) + ask)
end, got = time.monotonic() + float(wait), set()
while time.monotonic() < end:
    try:
        frame = s.recv(2048)
    except socket.timeout:
        continue
    if frame[20:22] == struct.pack("!H", 2) and frame[28:32] == socket.inet_aton(target):
        got.add(":".join("%02x" % byte for byte in frame[22:28]))
print(" ".join(sorted(got)))
'
command -v python3 >/dev/null || skip "python3 asks by ARP here, and is not installed"

who_has() {
  came=fails answered_by=''
  wanted=$(in_node "$5" ip -o link show dev "$6" | sed 's/.*link.ether \\([^ ]*\\).*/\\1/')
  got=$(in_node "$1" python3 -c "$arp" "$WAIT" "$2" "$3" "$4")
  said="answers for $4 from \${got:-nobody}"
  if [ "$got" = "$wanted" ]; then came=works answered_by=$4; fi
}
`

/**
 * An ARP request, and everybody who answers it: works when that is the speaker alone. Each host is asked for its own address right
 * after; once all have answered that, none has another answer to come.
 */
export const whoHas = probeKind('who-has', SHAPE, {
  describe: ({ device, who }) => `arping -I ${device} ${who}`,
  from: ({ from }) => from,
  typicalMs: () => 10,
  script: ({ from, device, source, who, speaker }) => ({
    words: ['who_has', from, device, source, who, speaker.node, speaker.device],
    library: LIBRARY,
    tools: [],
  }),

  async run({ from, device, source, who, speaker, others }, { netns, deadlineMs }) {
    const own = netns(from)
    const tap = new Tap(
      own,
      own.inside(() => deviceIndex(device)),
      LONGEST,
    )
    const fd = openFrameSender(own, device)
    const hosts = [speaker, ...others]
    const names = new Map(
      hosts.map(one => [deviceAddress(netns(one.node), one.device).toString('hex'), one.node]),
    )
    const started = performance.now()
    const answers: ArpPacket[] = []
    const answered = (address: string) => answers.filter(({ sender }) => sender === address)
    try {
      const mac = deviceAddress(own, device)
      for (const address of [who, ...hosts.map(one => one.address)])
        sendBytes(fd, arpPacket({ mac, sender: source, target: address }))
      do {
        for (let frame = tap.next(); frame; frame = tap.next()) {
          const packet = frame.direction === 'in' ? readArp(frame.data) : undefined
          if (packet?.reply) answers.push(packet)
        }
      } while (
        hosts.some(({ address }) => answered(address).length === 0) &&
        (await tap.wait(deadlineMs - (performance.now() - started)))
      )
      const silent = hosts.filter(({ address }) => answered(address).length === 0)
      const speakers = [...new Set(answered(who).map(({ mac: from }) => names.get(from) ?? from))].sort()
      const says =
        silent.length > 0
          ? `${silent.map(one => one.node).join(', ')} did not answer for an address of its own`
          : `${speakers.join(' and ') || 'nobody'} answered for ${who}`
      const right = silent.length === 0 && speakers.length === 1 && speakers[0] === speaker.node
      return { outcome: right ? 'works' : 'fails', says, ...(right ? { answeredBy: who } : {}) }
    } finally {
      closeAside(fd)
      tap.close()
    }
  },
})
