/** Sending frames by one device of a namespace, and the MAC addresses that go into them. */
import { AF_PACKET, bindSocket, deviceIndex, openSocket, SOCK_RAW, SystemError } from './libc.js'
import type { Netns } from './netns.js'
import { attributes, RTM } from './rtnetlink.js'

const IFLA_ADDRESS = 1

/** A socket that sends whole frames by a device, and receives none. Throws SystemError. */
export function openFrameSender(netns: Netns, device: string): number {
  const { fd, index } = netns.inside(() => ({
    index: deviceIndex(device),
    fd: openSocket(AF_PACKET, SOCK_RAW),
  }))
  const address = Buffer.alloc(20)
  address.writeUInt16LE(AF_PACKET, 0)
  address.writeInt32LE(index, 4)
  bindSocket(fd, address)
  return fd
}

/** The MAC address of a device. Throws SystemError (ENODEV). */
export function deviceAddress(netns: Netns, device: string): Buffer {
  const header = Buffer.alloc(16)
  header.writeInt32LE(
    netns.inside(() => deviceIndex(device)),
    4,
  )
  const [answer] = netns.route().ask({ type: RTM.getLink, flags: 0, body: header })
  const address = attributes(answer?.subarray(16)).get(IFLA_ADDRESS)
  if (!address) throw new SystemError('RTM_GETLINK', ENODEV, device)
  return Buffer.from(address)
}

const ENODEV = 19
