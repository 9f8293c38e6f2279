/** Having connection tracking forget, as conntrack(8) does. */
import { AF_INET, NETLINK_NETFILTER } from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { NetlinkSocket } from '../world/rtnetlink.js'

/** nfnetlink: IPCTNL_MSG_CT_DELETE of NFNL_SUBSYS_CTNETLINK, for all of IPv4. */
const CT_DELETE = (1 << 8) | 2

/** Has connection tracking forget everything, as `conntrack -F` does: to a NAT, every port is free. Throws SystemError. */
export function forget(netns: Netns): void {
  const socket = new NetlinkSocket(open => netns.inside(open), NETLINK_NETFILTER)
  try {
    socket.perform([{ type: CT_DELETE, flags: 0, body: Buffer.from([AF_INET, 0, 0, 0]) }])
  } finally {
    socket.close()
  }
}
