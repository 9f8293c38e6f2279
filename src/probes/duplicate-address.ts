import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { address, type FieldsOf, node } from '../model/fields.js'
import { type ProbeContext, probeKind } from '../model/probe.js'
import {
  AF_INET6,
  closeFd,
  deviceIndex,
  IPPROTO_RAW,
  ipv6Bytes,
  ipv6Text,
  openSocket,
  SOCK_RAW,
  sendBytes,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { isMulticastMember, readIpv6Addresses } from '../world/proc-net.js'
import { attribute, NetlinkError, NLM_F, type RouteRequest, RTM } from '../world/rtnetlink.js'
import { tooBusy } from './too-busy.js'

const POLL_MS = 3
/** What nobody ever wakes. */
const nobody = new Int32Array(new SharedArrayBuffer(4))
const PREFIX_LENGTH = 64
/** An objection that comes too late on a busy machine is none: only what is not found so many times in a row is not found. */
const ATTEMPTS = 3
/** An attempt in which the machine let go by the time for an objection says nothing: the next one has twice the time. */
const MOST_ATTEMPTS = 9
const LONGEST_TEST_MS = 1280
/** After so many, the lab has everything else wait: that costs a busy run more than a longer test. */
const POLITE_ATTEMPTS = 5
/** So many objections that come while the address is under test are an objection: a single one may come late on a busy machine. */
const OBJECTIONS = 3

const SHAPE = {
  from: node(),
  device: z.string(),
  /** An address that another host has, or, with a rival, that nobody has. */
  address: address(),
  /** A host that tests the same address at the same time (RFC 4862, 5.4.3), with a nonce of its own. */
  rival: z.strictObject({ node: node(), device: z.string() }).optional(),
}
type Spec = FieldsOf<typeof SHAPE>

const LIBRARY = `# duplicate_on NODE DEVICE ADDRESS [RIVAL DEVICE]: whether the address is given up. The rival says all the while that it tests it, too.
rival='
import os, socket, struct, sys, time
device, address = sys.argv[1:]
target = socket.inet_pton(socket.AF_INET6, address)
group = bytes.fromhex("ff0200000000000000000001ff") + target[13:]
body = struct.pack("!BBHI", 135, 0, 0, 0) + target + bytes([14, 1]) + os.urandom(6)
total = sum(struct.unpack("!16H", bytes(16) + group) + struct.unpack("!%dH" % (len(body) // 2), body)) + len(body) + 58
while total >> 16:
    total = (total & 65535) + (total >> 16)
body = body[:2] + struct.pack("!H", ~total & 65535) + body[4:]
packet = struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + bytes(16) + group + body
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
print("ready", flush=True)
while True:
    s.sendto(packet, (socket.inet_ntop(socket.AF_INET6, group), 0, 0, socket.if_nametoindex(device)))
    time.sleep(0.002)
'
duplicate_on() {
  if [ -n "\${4:-}" ]; then
    command -v python3 >/dev/null || skip "python3 is the rival here, and is not installed"
    : >"$work/rival"
    in_node "$4" python3 -c "$rival" "$5" "$3" >"$work/rival" &
    rival_pid=$!
    left=200
    until grep -q ready "$work/rival"; do
      left=$((left - 1))
      [ "$left" -gt 0 ] || skip "no rival came up in $4"
      sleep 0.05
    done
  fi
  came=works said="$3 is usable"
  in_node "$1" ip -6 addr add "$3/${PREFIX_LENGTH}" dev "$2" || skip "$3 could not be added in $1"
  left=100
  while in_node "$1" ip -6 -o addr show dev "$2" | grep -F "inet6 $3/" >"$work/tested" && grep -q tentative "$work/tested"; do
    if grep -q dadfailed "$work/tested"; then
      came=fails said="$3 is given up"
      break
    fi
    left=$((left - 1))
    [ "$left" -gt 0 ] || skip "$3 of $1 stays tentative"
    sleep 0.02
  done
  in_node "$1" ip -6 addr del "$3/${PREFIX_LENGTH}" dev "$2"
  if [ -n "\${4:-}" ]; then
    kill "$rival_pid"
    wait "$rival_pid" 2>/dev/null
  fi
  return 0
}
`

/**
 * A real duplicate: an address that somebody else has, or tests at the same time. Works when it comes to be usable all the same,
 * fails when duplicate address detection finds it. It is taken away again.
 */
export const duplicateAddress = probeKind('duplicate-address', SHAPE, {
  describe: ({ device, address }) => `ip -6 addr add ${address}/${PREFIX_LENGTH} dev ${device}`,
  from: ({ from }) => from,
  typicalMs: (_, outcome) => (outcome === 'fails' ? 10 : 100),
  script: ({ from, device, address, rival }) => ({
    words: ['duplicate_on', from, device, address, ...(rival ? [rival.node, rival.device] : [])],
    library: LIBRARY,
    tools: [],
  }),

  async run(spec, context) {
    const { address, rival } = spec
    const own = context.netns(spec.from)
    const timing = `net.ipv6.neigh.${spec.device}.retrans_time_ms`
    const configured = own.readSysctl(timing) ?? '0'
    let testMs = Number(configured)
    let unnoticed: Tested | undefined
    try {
      for (let attempt = 1, said = 0; attempt <= MOST_ATTEMPTS && said < ATTEMPTS; attempt++) {
        const tested = await test(spec, testMs, attempt > POLITE_ATTEMPTS, context)
        if (tested.outcome !== 'usable')
          return {
            outcome: 'fails',
            says: `${address} is ${tested.outcome} after ${tested.elapsedMs} ms`,
            ...(tested.outcome === 'given up as a duplicate'
              ? { duplicate: { device: spec.device, address: ipv6Text(ipv6Bytes(address)) } }
              : {}),
          }
        unnoticed = tested
        // What nobody asked about at all needs no second try.
        if (tested.atOnce) break
        if (!rival || tested.objected) said++
        else if (attempt === MOST_ATTEMPTS)
          throw tooBusy(
            `${address} came to be usable ${MOST_ATTEMPTS} times before ${rival.node} could object`,
          )
        else {
          testMs = Math.min(2 * testMs, LONGEST_TEST_MS)
          own.writeSysctls([[timing, String(testMs)]])
        }
      }
    } finally {
      if (String(testMs) !== configured) own.writeSysctls([[timing, configured]])
    }
    return {
      outcome: 'works',
      says: `${address} is usable after ${unnoticed?.elapsedMs} ms${unnoticed?.atOnce ? ', untested' : `, ${ATTEMPTS} times`}`,
    }
  },
})

/** What came of adding the address once. */
interface Tested {
  readonly outcome: 'usable' | 'given up as a duplicate' | 'still tentative' | 'refused'
  readonly elapsedMs: number
  /** Whether the rival has surely objected while the address was under test. */
  readonly objected: boolean
  /** Whether it was usable sooner than any test could have been over. */
  readonly atOnce: boolean
}

/**
 * Adds the address once; `testMs` is how long duplicate address detection takes, in milliseconds. Where the process is `busy`, it keeps
 * everything else waiting until the rival has objected, for half of that at most.
 */
async function test(
  { from, device, address, rival }: Spec,
  testMs: number,
  busy: boolean,
  { netns, deadlineMs }: ProbeContext,
): Promise<Tested> {
  const own = netns(from)
  const index = own.inside(() => deviceIndex(device))
  const objects = rival ? new Rival(netns(rival.node), rival.device, address) : undefined
  const text = ipv6Text(ipv6Bytes(address))
  const started = performance.now()
  /** How many objections have been said; all but the last one surely came while the address was still under test. */
  let said = 0
  let joined = false
  if (!configure(own, RTM.newAddress, index, address))
    return { outcome: 'refused', elapsedMs: 0, objected: false, atOnce: false }
  try {
    for (;;) {
      const entry = readIpv6Addresses(own).find(found => found.device === device && found.address === text)
      const elapsedMs = performance.now() - started
      const came = (outcome: Tested['outcome']): Tested => ({
        outcome,
        elapsedMs: Math.round(elapsedMs),
        objected: said > OBJECTIONS,
        // The timer of a test may be a tick short of its time: half of it is sure.
        atOnce: elapsedMs < testMs / 2,
      })
      if (entry?.dadFailed) return came('given up as a duplicate')
      if (entry && !entry.tentative) return came('usable')
      if (elapsedMs > testMs + deadlineMs) return came('still tentative')
      if (objects && joined) {
        objects.object()
        said++
      }
      // Nobody is heard until addrconf_dad_begin() has joined the group; whether there is a test at all (accept_dad), it asks after that.
      if (objects) joined ||= isMulticastMember(own, index, objects.group)
      if (objects && busy && said <= OBJECTIONS && elapsedMs < testMs / 2) Atomics.wait(nobody, 0, 0, POLL_MS)
      else await delay(POLL_MS)
    }
  } finally {
    objects?.close()
    configure(own, RTM.deleteAddress, index, address)
  }
}

/** Adds an address or takes it away. False where the kernel refuses: IPv6 has been given up on the device, or it is not there. */
function configure(netns: Netns, type: number, index: number, address: string): boolean {
  try {
    netns.route().perform([addressRequest(type, index, address)])
    return true
  } catch (error) {
    if (error instanceof NetlinkError) return false
    throw error
  }
}

/** struct ifaddrmsg with the address; a new one goes through duplicate address detection. */
function addressRequest(type: number, index: number, address: string): RouteRequest {
  const header = Buffer.alloc(8)
  header[0] = AF_INET6
  header[1] = PREFIX_LENGTH
  header.writeInt32LE(index, 4)
  const IFA_LOCAL = 2
  const flags = type === RTM.newAddress ? NLM_F.create | NLM_F.exclusive : 0
  return { type, flags, body: Buffer.concat([header, attribute(IFA_LOCAL, ipv6Bytes(address))]) }
}

const NEXT_HEADER_ICMPV6 = 58
const HOP_LIMIT = 255
const NEIGHBOUR_SOLICITATION = 135
const OPTION_NONCE = 14
const IPV6_HEADER = 40

/** A host that is in the middle of its own duplicate address detection. */
class Rival {
  readonly #fd: number
  readonly #packet: Buffer
  readonly #to: string

  /** Throws SystemError. */
  constructor(netns: Netns, device: string, target: string) {
    const index = netns.inside(() => deviceIndex(device))
    this.#packet = solicitation(ipv6Bytes(target), randomBytes(6))
    this.#to = `${ipv6Text(this.group)}%${index}`
    this.#fd = netns.inside(() => openSocket(AF_INET6, SOCK_RAW, IPPROTO_RAW))
  }

  /** The solicited-node group that it is said to. */
  get group(): Buffer {
    return this.#packet.subarray(24, IPV6_HEADER)
  }

  /** Sends its solicitation. Throws SystemError. */
  object(): void {
    sendBytes(this.#fd, this.#packet, { address: this.#to, port: 0 })
  }

  close(): void {
    closeFd(this.#fd)
  }
}

/** A neighbour solicitation from `::` for an address that its sender is testing (RFC 4862, RFC 7527), as an IPv6 packet. */
function solicitation(target: Buffer, nonce: Buffer): Buffer {
  const packet = Buffer.alloc(IPV6_HEADER + 24 + 8)
  const icmp = packet.subarray(IPV6_HEADER)
  packet[0] = 0x60
  packet.writeUInt16BE(icmp.length, 4)
  packet[6] = NEXT_HEADER_ICMPV6
  packet[7] = HOP_LIMIT
  // The solicited-node group of the target (RFC 4291, 2.7.1): ff02::1:ff and its last three bytes.
  Buffer.from('ff0200000000000000000001ff', 'hex').copy(packet, 24)
  target.copy(packet, 24 + 13, 13)
  icmp[0] = NEIGHBOUR_SOLICITATION
  target.copy(icmp, 8)
  icmp.set([OPTION_NONCE, 1], 24)
  nonce.copy(icmp, 26)
  let sum = icmp.length + NEXT_HEADER_ICMPV6
  for (let at = 8; at < packet.length; at += 2) sum += packet.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  icmp.writeUInt16BE(~sum & 0xffff, 2)
  return packet
}
