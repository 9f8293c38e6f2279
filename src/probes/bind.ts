import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { address, milliseconds, node, port } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import {
  AF_INET6,
  bindSocket,
  closeFd,
  IPPROTO_IPV6,
  openSocket,
  SOCK_DGRAM,
  SystemError,
  setSocketOption,
} from '../world/libc.js'

/** linux/in6.h. */
const IPV6_FREEBIND = 78

const SHAPE = {
  from: node(),
  /** An IPv6 address. */
  address: address(),
  port: port(),
  /** Whether the program asks to bind to what is no address of its own, or not yet (IPV6_FREEBIND). */
  freebind: z.boolean().optional(),
  /** Milliseconds to wait before; 0 when left out. */
  afterMs: milliseconds().optional(),
}

const LIBRARY = `# bind_to NODE ADDRESS PORT yes|no SECONDS: a UDP socket, with or without IPV6_FREEBIND, after so many seconds.
bind='
import errno, socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
if sys.argv[3] == "yes":
    s.setsockopt(socket.IPPROTO_IPV6, ${IPV6_FREEBIND}, 1)
try:
    s.bind((sys.argv[1], int(sys.argv[2])))
except OSError as error:
    sys.exit(errno.errorcode[error.errno])
'
bind_to() {
  sleep "$5"
  if answer=$(in_node "$1" python3 -c "$bind" "$2" "$3" "$4" 2>&1); then
    came=works said="bound to [$2]:$3" refused=''
  else
    came=fails said="no socket bound to [$2]:$3" refused="bind $answer"
  fi
}
`

/** A program that starts to serve UDP at an IPv6 address of its host. Works when bind(2) does. */
export const bind = probeKind('bind', SHAPE, {
  describe: ({ address, port, freebind }) =>
    `socat UDP6-RECVFROM:${port},bind=[${address}]${freebind ? ',freebind' : ''} -`,
  from: ({ from }) => from,
  typicalMs: ({ afterMs = 0 }) => afterMs + 2,
  script: ({ from, address, port, freebind = false, afterMs = 0 }) => ({
    words: ['bind_to', from, address, String(port), freebind ? 'yes' : 'no', String(afterMs / 1000)],
    library: LIBRARY,
    tools: ['python3'],
  }),

  async run({ from, address, port, freebind = false, afterMs = 0 }, { netns }) {
    await delay(afterMs)
    const fd = netns(from).inside(() => openSocket(AF_INET6, SOCK_DGRAM))
    try {
      if (freebind) setSocketOption(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1)
      bindSocket(fd, { address, port })
      return { outcome: 'works', says: `bound to [${address}]:${port}` }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      const { syscall: call, code } = error
      return { outcome: 'fails', says: `bind to [${address}]:${port}: ${code}`, refused: { call, code } }
    } finally {
      closeFd(fd)
    }
  },
})
