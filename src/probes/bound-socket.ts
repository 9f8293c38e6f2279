import {
  AF_INET,
  bindSocket,
  closeFd,
  openSocket,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  type SocketAddress,
  setSocketOption,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'

/** A TCP socket of a node with an address and port of its own, whatever is in TIME_WAIT there. Throws SystemError. */
export function openBound(netns: Netns, at: SocketAddress): number {
  const fd = netns.inside(() => openSocket(AF_INET, SOCK_STREAM))
  try {
    setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)
    bindSocket(fd, at)
    return fd
  } catch (error) {
    closeFd(fd)
    throw error
  }
}
