/** Frames of what talks between neighbours on a link, and whether one comes through. */
import { randomBytes } from 'node:crypto'
import { deviceAddress, openFrameSender } from '../world/frames.js'
import { closeAside, deviceIndex, sendBytes } from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { Tap } from '../world/tap.js'

const WORD_BYTES = 16
const SHORTEST = 60

/** What a frame begins with, by its protocol: whom it is for, and the length or type behind the addresses. */
interface Head {
  readonly to: string
  readonly rest: string
}

/** Local experimental protocol (IEEE 802), which nobody answers. */
const EXPERIMENTAL = '88b5'
/** IEEE 802.1D's reserved addresses, and a broadcast. The BPDU (42 42 03 is LLC's word for them) is of a type that there is not. */
export const FRAMES = {
  broadcast: { to: 'ff:ff:ff:ff:ff:ff', rest: EXPERIMENTAL },
  stp: { to: '01:80:c2:00:00:00', rest: '0026424203000000ff' },
  pause: { to: '01:80:c2:00:00:01', rest: '8808' },
  lacp: { to: '01:80:c2:00:00:02', rest: '8809' },
  '802.1x': { to: '01:80:c2:00:00:03', rest: '888e' },
  lldp: { to: '01:80:c2:00:00:0e', rest: '88cc' },
} as const satisfies Readonly<Record<string, Head>>

/** Protocols by name. */
export const FRAME_NAMES = ['broadcast', 'stp', 'pause', 'lacp', '802.1x', 'lldp'] as const
/** The name of a protocol. */
export type FrameName = (typeof FRAME_NAMES)[number]

/** A frame from a MAC address, which holds this word. */
function frameOf(name: FrameName, from: Buffer, word: string): Buffer {
  const { to, rest } = FRAMES[name]
  const parts = [
    Buffer.from(to.replaceAll(':', ''), 'hex'),
    from,
    Buffer.from(rest, 'hex'),
    Buffer.from(word, 'latin1'),
  ]
  const frame = Buffer.concat(parts)
  return Buffer.concat([frame, Buffer.alloc(Math.max(0, SHORTEST - frame.length))])
}

/** Frames of one sender, and the device where they must come in. Close it when done. */
export class FrameCrossing {
  readonly #fd: number
  readonly #tap: Tap
  readonly #frame: Buffer
  readonly #word = randomBytes(WORD_BYTES / 2).toString('hex')

  /** Throws SystemError. */
  constructor(name: FrameName, from: { netns: Netns; device: string }, at: { netns: Netns; device: string }) {
    this.#frame = frameOf(name, deviceAddress(from.netns, from.device), this.#word)
    const index = at.netns.inside(() => deviceIndex(at.device))
    this.#tap = new Tap(at.netns, index, SHORTEST)
    this.#fd = openFrameSender(from.netns, from.device)
  }

  /** Sends it, once more. Throws SystemError. */
  send(): void {
    sendBytes(this.#fd, this.#frame)
  }

  /** Resolves with whether one has come in, after `timeoutMs` or when `lost` aborts at the latest. */
  async came(timeoutMs: number, lost: AbortSignal): Promise<boolean> {
    const until = performance.now() + timeoutMs
    do {
      for (let frame = this.#tap.next(); frame; frame = this.#tap.next())
        if (frame.direction === 'in' && frame.data.includes(this.#word, 0, 'latin1')) return true
    } while (await this.#tap.wait(until - performance.now(), lost))
    return false
  }

  close(): void {
    closeAside(this.#fd)
    this.#tap.close()
  }
}

/** The script's function that sends frames and looks for them. */
export const FRAMES_LIBRARY = `# crosses NODE DEVICE HEX SERVER DEVICE: a frame with these addresses and type, looked for at the other device.
crossing='
import ctypes, os, socket, sys, time
wait, node, device, head, server, at = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def inside(name, device, protocol):
    with open("/run/netns/" + name) as file:
        if libc.setns(file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns " + name)
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind((device, protocol))
    return s

tap = inside(server, at, 3)
near = inside(node, device, 0)
to, rest = head.split("-")
word = os.urandom(8)
near.send((bytes.fromhex(to) + near.getsockname()[4] + bytes.fromhex(rest) + word).ljust(60, bytes(1)))
end = time.monotonic() + float(wait)
while time.monotonic() < end:
    tap.settimeout(max(0.001, end - time.monotonic()))
    try:
        frame, where = tap.recvfrom(2048)
    except socket.timeout:
        break
    if word in frame and where[2] != 4:
        sys.exit(0)
sys.exit(1)
'
command -v python3 >/dev/null || skip "python3 sends frames here, and is not installed"

crosses() {
  came=fails said="nothing came in on $5 of $4 within $WAIT s"
  if python3 -c "$crossing" "$WAIT" "$@"; then came=works said="it came in on $5 of $4"; fi
}
`

/** How the script's function is told a frame. */
export function frameWord(name: FrameName): string {
  const { to, rest } = FRAMES[name]
  return `${to.replaceAll(':', '')}-${rest}`
}
