import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { type FieldsOf, ipv4, node, port } from '../model/fields.js'
import { type ProbeContext, type ProbeResult, probeKind } from '../model/probe.js'
import {
  AF_INET,
  bindSocket,
  closeFd,
  connectSocket,
  EPOLLIN,
  EPOLLOUT,
  openSocket,
  receiveBytes,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  type SocketAddress,
  SystemError,
  sendBytes,
  setSocketOption,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { ready } from '../world/reactor.js'
import { resetOnClose, socketError } from '../world/tcp-state.js'

const SOL_IP = 0
const IP_BIND_ADDRESS_NO_PORT = 24

const SHAPE = {
  from: node(),
  /** The address that the connection is to come from; one that stays open beside it comes from it, too. */
  source: ipv4(),
  /** The address of the connection that is over by then. */
  other: ipv4(),
  to: ipv4(),
  /** Where the one that stays open goes to, and the one that is over. */
  openTo: ipv4(),
  closedTo: ipv4(),
  port: port(),
  server: node(),
  /** How the socket of the one that is over was bound: to its address and any port, or to the address alone; or there was none. */
  closed: z.enum(['none', 'bind', 'bind-address-no-port']),
}
type Spec = FieldsOf<typeof SHAPE>

const LIBRARY = `# outgoing_port NODE SOURCE OTHER OPEN-TO CLOSED-TO TO PORT none|bind|bind-address-no-port
outgoing_port='
import errno, os, socket, struct, sys
wait, source, other, first, second, third, port, how = sys.argv[1:]

def opened(address, to, late):
    s = socket.socket()
    s.settimeout(float(wait))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if late:
        s.setsockopt(socket.IPPROTO_IP, 24, 1)
    s.bind((address, 0))
    s.connect((to, int(port)))
    s.sendall(b"hello\\n")
    return s, s.recv(100).decode()

stays = opened(source, first, True)
if how != "none":
    opened(other, second, how == "bind-address-no-port")[0].close()
try:
    tried, answer = opened(source, third, True)
except OSError as error:
    print("refused", errno.errorcode[error.errno])
    sys.exit()
print("the server saw", answer.split()[0])
'
command -v python3 >/dev/null || skip "python3 binds and connects here, and is not installed"

outgoing_port() {
  node=$1 third=$6
  shift
  answer=$(in_node "$node" python3 -c "$outgoing_port" "$WAIT" "$@" 2>&1)
  came=fails said="connect: $answer"
  case $answer in
    "the server saw "*) came=works answered_by=$third server_saw=\${answer##* } ;;
    refused*) refused="connect \${answer#refused }" ;;
  esac
}
`

/**
 * A connection whose source port connect() is to find, while another one from the same address has it and a third one has had
 * it. Works when it connects, and the server answers.
 */
export const outgoingPort = probeKind('outgoing-port', SHAPE, {
  describe: ({ source, to, port: at }) => `nc -s ${source} ${to} ${at}, with IP_BIND_ADDRESS_NO_PORT`,
  from: ({ from }) => from,
  to: ({ to }) => to,
  typicalMs: () => 10,
  script: ({ from, source, other, openTo, closedTo, to, port: at, closed }) => ({
    words: ['outgoing_port', from, source, other, openTo, closedTo, to, String(at), closed],
    library: LIBRARY,
    tools: [],
  }),

  async run(spec, context) {
    const { from, source, other, openTo, closedTo, to, port: at, closed } = spec
    const netns = context.netns(from)
    const sockets: number[] = []
    const connect = async (address: string, target: string, late: boolean) => {
      const fd = openBound(netns, address, late)
      sockets.push(fd)
      await connected(fd, { address: target, port: at }, context)
      return fd
    }
    try {
      await connect(source, openTo, true)
      if (closed !== 'none') {
        const fd = await connect(other, closedTo, closed === 'bind-address-no-port')
        sockets.pop()
        closeFd(fd)
      }
    } catch (error) {
      for (const fd of sockets) closeFd(fd)
      if (!(error instanceof SystemError)) throw error
      return { outcome: 'fails', says: `one of the connections before it failed: ${error.message}` }
    }
    try {
      const fd = await connect(source, to, true)
      return await exchange(fd, spec, context)
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      const { syscall, code } = error
      return {
        outcome: 'fails',
        says: `${error.message}, while ${from} has ${openSockets(netns)}`,
        refused: { call: syscall, code },
      }
    } finally {
      for (const fd of sockets) closeFd(fd)
    }
  },
})

function openBound(netns: Netns, address: string, late: boolean): number {
  const fd = netns.inside(() => openSocket(AF_INET, SOCK_STREAM))
  try {
    setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)
    resetOnClose(fd)
    if (late) setSocketOption(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    bindSocket(fd, { address, port: 0 })
  } catch (error) {
    closeFd(fd)
    throw error
  }
  return fd
}

/** Resolves when it is connected. Throws SystemError for what refused it, ETIMEDOUT where nobody answers in time. */
async function connected(fd: number, to: SocketAddress, { deadlineMs, lost }: ProbeContext): Promise<void> {
  connectSocket(fd, to)
  if ((await ready(fd, EPOLLOUT, deadlineMs, lost)) === 0) throw new SystemError('connect', ETIMEDOUT)
  const errno = socketError(fd)
  if (errno !== 0) throw new SystemError('connect', errno)
}

const ETIMEDOUT = 110

async function exchange(
  fd: number,
  { from, to, port: at, server }: Spec,
  { server: serverOf, deadlineMs, lost }: ProbeContext,
): Promise<ProbeResult> {
  const word = randomBytes(8).toString('hex')
  const sent = Buffer.from(`${word} from ${from}`)
  sendBytes(fd, sent)
  const buffer = Buffer.alloc(sent.length)
  const got = (await ready(fd, EPOLLIN, deadlineMs, lost)) === 0 ? undefined : receiveBytes(fd, buffer)
  if (!got || !buffer.equals(sent))
    return { outcome: 'fails', says: 'connected, but the bytes did not come back' }
  const peer = serverOf(server, at).seen(word)
  return {
    outcome: 'works',
    answeredBy: to,
    ...(peer ? { serverSaw: peer.address, measured: { sourcePort: peer.port } } : {}),
    says: `connected, ${sent.length} bytes sent and received${peer ? `, the server saw ${peer.address} port ${peer.port}` : ''}`,
  }
}

/** How many TCP connections a namespace has, in words. */
function openSockets(netns: Netns): string {
  const count = (netns.readProc('tcp')?.trim().split('\n').length ?? 1) - 1
  return `${count} connection${count === 1 ? '' : 's'}`
}
