/** A server process that accepts connections and closes them: `node load-server.js PORT`, in its own network namespace. */
import { constants, setPriority } from 'node:os'
import {
  AF_INET,
  acceptSocket,
  bindSocket,
  closeFd,
  dieWithParent,
  EPOLLIN,
  listenSocket,
  openSocket,
  pollOne,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  setSocketOption,
} from '../world/libc.js'

const BACKLOG = 4096

dieWithParent()
// What else the machine runs at the same time has deadlines.
setPriority(constants.priority.PRIORITY_LOW)
const listener = openSocket(AF_INET, SOCK_STREAM)
setSocketOption(listener, SOL_SOCKET, SO_REUSEADDR, 1)
bindSocket(listener, { address: '0.0.0.0', port: Number(process.argv[2]) })
listenSocket(listener, BACKLOG)
process.stdout.write('listening\n')
for (;;) {
  pollOne(listener, EPOLLIN, -1)
  for (let next = acceptSocket(listener); next; next = acceptSocket(listener)) closeFd(next.fd)
}
