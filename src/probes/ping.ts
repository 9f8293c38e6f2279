import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { address, type FieldsOf, node } from '../model/fields.js'
import { type ProbeResult, probeKind } from '../model/probe.js'
import {
  AF_INET,
  AF_INET6,
  bindSocket,
  closeFd,
  EPOLLIN,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_IP,
  IPPROTO_IPV6,
  openSocket,
  receiveBytes,
  SOCK_RAW,
  SystemError,
  sendBytes,
  setSocketOption,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { ready } from '../world/reactor.js'
import { internetChecksum } from './checksum.js'
import { newSourcePort } from './source-port.js'

const ECHO_HEADER = 8
/** Types of ICMP and ICMPv6. */
export const ECHO = { v4: { request: 8, reply: 0 }, v6: { request: 128, reply: 129 } }

/** linux/in.h, linux/in6.h. */
const IP_TOS = 1
const IPV6_TCLASS = 67

/** Bytes of the request that are the probe's own, by which the far end knows it whatever its addresses are by then. */
const WORD_BYTES = 16

const LIBRARY = `# ping_to NODE ADDRESS SERVER|- [OPTION...]: any host may answer. SERVER is asked whom it saw: NAT changes addresses, not what is sent.
echoes='
import socket, sys
family, protocol, request = (10, 58, 128) if sys.argv[1] == "6" else (2, 1, 8)
s = socket.socket(family, socket.SOCK_RAW, protocol)
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(2048)
    if data[0 if family == 10 else (data[0] & 15) * 4] == request:
        print(peer[0], flush=True)
'
ping_to() {
  server_saw='' sender=$1 target=$2 asked=$3
  shift 3
  if [ "$asked" != - ]; then
    command -v python3 >/dev/null || skip "python3 says here whom a ping is from, and is not installed"
    case $target in *:*) family=6 ;; *) family=4 ;; esac
    if [ ! -e "$work/echoes-$asked-$family" ]; then
      in_node "$asked" python3 -c "$echoes" "$family" >"$work/echoes-$asked-$family" &
      left=200
      until grep -q ready "$work/echoes-$asked-$family"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || skip "nothing came to listen for pings in $asked"
        sleep 0.05
      done
    fi
    heard=$(wc -l <"$work/echoes-$asked-$family")
  fi
  reply=$(in_node "$sender" ping -n -c 1 -W "$WAIT" "$@" "$target" 2>&1 | grep -E 'bytes from|[Ee]rror|unreachable' | sed -n 1p)
  answered_by=$(echo "$reply" | sed -n 's/^[0-9]* bytes from \\([^ ]*\\): .*/\\1/p')
  said=\${reply:-no reply from $target within $WAIT s}
  if [ -n "$answered_by" ]; then came=works; else came=fails; fi
  [ "$asked" != - ] || return 0
  # The reply may be here before the listener has written down what it is to.
  left=20
  while [ "$came" = works ] && [ "$left" -gt 0 ] && [ "$(wc -l <"$work/echoes-$asked-$family")" -le "$heard" ]; do
    left=$((left - 1))
    sleep 0.05
  done
  server_saw=$(sed -n "$((heard + 1)){p;q;}" "$work/echoes-$asked-$family")
}
`

const SHAPE = {
  from: node(),
  to: address(),
  /** The node that must get the request, to ask it whom it saw. */
  server: node().optional(),
  /** The address that it is from; the kernel picks one when left out. */
  source: address().optional(),
  /** Traffic class, or type of service, with the two bits of ECN; 0 when left out. */
  trafficClass: z.int().min(0).max(255).optional(),
}
type Spec = FieldsOf<typeof SHAPE>

/** What ping(8) is told besides the address. */
function options({ source, trafficClass }: Spec): string[] {
  return [
    ...(source === undefined ? [] : ['-I', source]),
    ...(trafficClass === undefined ? [] : ['-Q', `0x${trafficClass.toString(16)}`]),
  ]
}

/** One ICMP or ICMPv6 echo request. Any host may answer it: the report says who did, and whom the one saw that should. */
export const ping = probeKind('ping', SHAPE, {
  describe: spec => ['ping', '-c', '1', ...options(spec), spec.to].join(' '),
  from: ({ from }) => from,
  to: ({ to }) => to,
  script: spec => ({
    words: ['ping_to', spec.from, spec.to, spec.server ?? '-', ...options(spec)],
    library: LIBRARY,
    tools: ['ping'],
  }),
  plain: (spec, enter) => `${enter(spec.from)} ping -q -c 1 -W 1 ${[...options(spec), spec.to].join(' ')}`,

  typicalMs: (_, outcome) => (outcome === 'fails' ? 50 : 5),

  run: ({ from, to, server, source, trafficClass }, { netns, deadlineMs, lost }) =>
    echo({
      from: netns(from),
      to,
      ...(source === undefined ? {} : { source }),
      ...(trafficClass === undefined ? {} : { trafficClass }),
      ...(server === undefined ? {} : { far: { node: server, netns: netns(server) } }),
      deadlineMs,
      lost,
    }),
})

/** One request, as far as it comes; `far` is where it must come in. Throws SystemError when no socket can be had. */
export async function echo({
  from,
  to,
  source,
  trafficClass,
  far,
  deadlineMs,
  lost,
}: {
  readonly from: Netns
  readonly to: string
  readonly source?: string
  readonly trafficClass?: number
  readonly far?: { readonly node: string; readonly netns: Netns }
  readonly deadlineMs: number
  readonly lost: AbortSignal
}): Promise<ProbeResult> {
  const v6 = to.includes(':')
  const type = v6 ? ECHO.v6 : ECHO.v4
  const open = (netns: Netns) =>
    netns.inside(() => openSocket(v6 ? AF_INET6 : AF_INET, SOCK_RAW, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
  const fd = open(from)
  const farFd = far && open(far.netns)
  try {
    // An echo's identifier is to connection tracking what a port is.
    const id = newSourcePort()
    const started = performance.now()
    const request = echoRequest(type.request, id)
    if (trafficClass !== undefined)
      setSocketOption(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, trafficClass)
    try {
      if (source !== undefined) bindSocket(fd, { address: source, port: 0 })
      sendBytes(fd, request, { address: to, port: 0 })
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      return { outcome: 'fails', says: `the request could not be sent: ${error.code}` }
    }
    const isOurs = ({ icmp }: Echo) => icmp[0] === type.reply && icmp.readUInt16BE(4) === id
    let answer: Echo | undefined
    while (!answer && (await ready(fd, EPOLLIN, Math.max(0, started + deadlineMs - performance.now()), lost)))
      answer = echoes(fd, v6).find(isOurs)
    const elapsed = performance.now() - started
    const same = ({ icmp }: Echo) => icmp.subarray(ECHO_HEADER).equals(request.subarray(ECHO_HEADER))
    const seen =
      farFd === undefined
        ? undefined
        : echoes(farFd, v6).find(one => one.icmp[0] === type.request && same(one))
    const saw = seen ? { serverSaw: seen.from } : {}
    const sawText = far ? `, ${far.node} saw ${seen?.from ?? 'no request'}` : ''
    if (!answer)
      return { outcome: 'fails', ...saw, says: `no reply within ${Math.round(elapsed)} ms${sawText}` }
    return {
      outcome: same(answer) ? 'works' : 'fails',
      answeredBy: answer.from,
      ...saw,
      says: same(answer)
        ? `${answer.icmp.length} bytes from ${answer.from}${v6 ? '' : `: ttl=${answer.ttl}`}${sawText}`
        : `the reply from ${answer.from} does not hold what was sent`,
      measured: { rttMs: Math.round(elapsed * 1000) / 1000, ...(v6 ? {} : { ttl: answer.ttl }) },
    }
  } finally {
    closeFd(fd)
    if (farFd !== undefined) closeFd(farFd)
  }
}

interface Echo {
  readonly from: string
  readonly ttl: number
  /** From the ICMP header on. */
  readonly icmp: Buffer
}

/** Everything that waits in a raw socket, which gets a copy of all ICMP that comes in: messages too short to be echoes are left out. */
export function echoes(fd: number, v6: boolean): Echo[] {
  const found: Echo[] = []
  const buffer = Buffer.alloc(2048)
  for (let got = receiveBytes(fd, buffer); got; got = receiveBytes(fd, buffer)) {
    const header = v6 ? 0 : ((buffer[0] ?? 0) & 0x0f) * 4
    const icmp = Buffer.from(buffer.subarray(header, got.length))
    if (icmp.length >= ECHO_HEADER) found.push({ from: got.from.address, ttl: buffer[8] ?? 0, icmp })
  }
  return found
}

/** An echo request with a word of its own; the kernel fills in the checksum of ICMPv6. */
export function echoRequest(type: number, id: number): Buffer {
  const packet = Buffer.alloc(64)
  packet[0] = type
  packet.writeUInt16BE(id, 4)
  packet.writeUInt16BE(1, 6)
  packet.write('netns-lab', ECHO_HEADER)
  packet.write(randomBytes(WORD_BYTES / 2).toString('hex'), packet.length - WORD_BYTES)
  // The kernel fills in the checksum of ICMPv6, not that of ICMP.
  if (type === ECHO.v4.request) packet.writeUInt16BE(internetChecksum(packet), 2)
  return packet
}
