/** Links of a namespace by rtnetlink: options of bridges and of their ports, up and down, and which bridge has which port. */
import type { Netns } from './netns.js'
import { attribute, attributes, RTM } from './rtnetlink.js'

const IFLA = { master: 10, operstate: 16, linkInfo: 18 }
const IFLA_INFO = { kind: 1, data: 2, slaveData: 5 }
const IFF_UP = 1
const IF_OPER_UP = 6

/** Options by iproute2's names, of bridges (IFLA_BR_*) and of ports (IFLA_BRPORT_*, linux/if_link.h). */
const OPTIONS = {
  forward_delay: { of: IFLA_INFO.data, type: 1, bytes: 4 },
  group_fwd_mask: { of: IFLA_INFO.data, type: 9, bytes: 2 },
  stp_state: { of: IFLA_INFO.data, type: 5, bytes: 4 },
  state: { of: IFLA_INFO.slaveData, type: 1, bytes: 1 },
} as const
/** An option that can be read. */
export type BridgeOption = keyof typeof OPTIONS
/** Their names. */
export const BRIDGE_OPTIONS: readonly BridgeOption[] = [
  'forward_delay',
  'group_fwd_mask',
  'stp_state',
  'state',
]
/** BR_STATE_* (linux/if_bridge.h). */
const STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking']

/** What the kernel says of an option; undefined for a device that has none of that name. Throws SystemError. */
export function readBridgeOption(netns: Netns, index: number, option: BridgeOption): string | undefined {
  const { of, type, bytes } = OPTIONS[option]
  const [answer] = netns.route().ask({ type: RTM.getLink, flags: 0, body: link(index) })
  const info = attributes(attributes(answer?.subarray(16)).get(IFLA.linkInfo))
  const value = attributes(info.get(of)).get(type)?.readUIntLE(0, bytes)
  return option === 'state' && value !== undefined ? STATES[value] : value?.toString()
}

/** Whether a device may send: the link watch has seen its carrier (rfc2863_policy(), dev_activate()). Throws SystemError. */
export function isOperational(netns: Netns, index: number): boolean {
  const [answer] = netns.route().ask({ type: RTM.getLink, flags: 0, body: link(index) })
  return attributes(answer?.subarray(16)).get(IFLA.operstate)?.[0] === IF_OPER_UP
}

/** Sets an option of a bridge. Throws NetlinkError when the kernel refuses it. */
export function setBridgeOption(
  netns: Netns,
  index: number,
  option: 'forward_delay' | 'group_fwd_mask',
  value: number,
): void {
  const { type, bytes } = OPTIONS[option]
  const data = Buffer.alloc(bytes)
  data.writeUIntLE(value, 0, bytes)
  const info = [attribute(IFLA_INFO.kind, 'bridge'), attribute(IFLA_INFO.data, attribute(type, data))]
  change(netns, link(index), attribute(IFLA.linkInfo, Buffer.concat(info)))
}

/** Takes a device up or down. Throws NetlinkError. */
export function setUp(netns: Netns, index: number, up: boolean): void {
  const header = link(index)
  header.writeUInt32LE(up ? IFF_UP : 0, 8)
  header.writeUInt32LE(IFF_UP, 12)
  change(netns, header)
}

/** Makes a device a port of a bridge; with 0, of none. Throws NetlinkError. */
export function setMaster(netns: Netns, index: number, bridge: number): void {
  change(netns, link(index), attribute(IFLA.master, bridge))
}

function change(netns: Netns, ...body: Buffer[]): void {
  netns.route().perform([{ type: RTM.newLink, flags: 0, body: Buffer.concat(body) }])
}

/** struct ifinfomsg of a device. */
function link(index: number): Buffer {
  const header = Buffer.alloc(16)
  header.writeInt32LE(index, 4)
  return header
}
