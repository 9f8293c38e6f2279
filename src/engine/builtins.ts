/**
 * Steps that the lab performs itself: the same system calls that `ip -batch` and `sysctl -w` would make, without the
 * milliseconds that starting each of them takes.
 */
import { describeError, LabError } from '../base/errors.js'
import type { FeaturesStep, LinksUpStep, NamespacesStep, NetworkStep, SysctlsStep } from '../model/steps.js'
import { ipRequests } from '../topology/ip-requests.js'
import { ipLine } from '../topology/ip-words.js'
import { SystemError } from '../world/libc.js'
import { addNetns, deleteNetns, type Netns } from '../world/netns.js'
import { attributes, NetlinkError, type NetlinkSocket, NLM_F, RTM } from '../world/rtnetlink.js'

/** Makes namespaces, or takes their names away. Throws LabError when the kernel refuses. */
export async function performNamespaces({ action, names, why }: NamespacesStep): Promise<void> {
  for (const name of names) {
    try {
      if (action === 'add') addNetns(name)
      else await deleteNetns(name)
    } catch (error) {
      const full = error instanceof SystemError && error.code === 'ENOSPC'
      throw refused(
        why,
        'the world',
        `ip netns ${action} ${name}`,
        full ? 'the limit user.max_net_namespaces is reached (ENOSPC)' : describeError(error),
        full ? 'sudo sysctl user.max_net_namespaces=100000, or fewer --jobs' : undefined,
      )
    }
  }
}

/** What names in a node's steps stand for. */
export interface NodeNames {
  /** The namespace that has a name under /run/netns. */
  readonly byName: (name: string) => Netns | undefined
  /** Index of a device of the node. */
  readonly index: (device: string) => number | undefined
}

/** Performs operations on links, addresses and routes. False when ip(8) has to do it. Throws LabError when the kernel refuses one. */
export async function performNetwork(
  step: NetworkStep,
  netns: Netns,
  { byName, index }: NodeNames,
): Promise<boolean> {
  const requests = ipRequests(step.operations, {
    index: device => (device === 'lo' ? 1 : index(device)),
    netns: name => byName(name)?.fd,
  })
  if (!requests) return false
  // One of its own: others may ask the node something meanwhile.
  const socket = netns.openRoute()
  try {
    await socket.performAside(requests)
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    const operation = step.operations[error.index]
    throw refused(
      step.why,
      `node ${step.node}`,
      `ip ${operation ? ipLine(operation) : ''}`,
      error.says ? `${error.code}: ${error.says}` : error.code,
    )
  } finally {
    socket.close()
  }
  return true
}

/** Switches features of a device. Throws LabError when the kernel refuses one, or the device does not do it. */
export function performFeatures(
  { node, device, values, why }: FeaturesStep,
  netns: Netns,
  index: number,
): void {
  const ethtool = netns.ethtool()
  try {
    ethtool.set(index, values)
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    throw refused(
      why,
      `node ${node}`,
      `ethtool -K ${device} ${Object.entries(values).flat().join(' ')}`,
      error instanceof NetlinkError && error.says ? `${error.code}: ${error.says}` : error.code,
      'a kernel with CONFIG_ETHTOOL_NETLINK',
    )
  }
  const active = ethtool.features(Object.keys(values))?.get(index)?.active
  for (const [feature, value] of Object.entries(values))
    if (active?.has(feature) !== (value === 'on'))
      throw new LabError(
        `${why}: ${feature} of ${device} in node ${node} is not ${value} after it was set so`,
        'the device lets nobody change it, or it rests on another one that is off',
      )
}

/**
 * Writes sysctls. `born` are those of a namespace that nothing was done to yet, filled here: all of one build are born alike.
 * Throws LabError when the kernel refuses one.
 */
export function performSysctls(
  { node, values, by, why }: SysctlsStep,
  netns: Netns,
  born: Map<string, string | undefined>,
): void {
  const all = Object.entries(values)
  const fresh = by === 'lab-fresh'
  if (fresh) for (const [key] of all) if (!born.has(key)) born.set(key, netns.readSysctl(key))
  try {
    netns.writeSysctls(fresh ? toWrite(all, born) : all)
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    throw new LabError(
      `${why}: in node ${node} ${error.message}`,
      'is /proc/sys writable, and has this kernel that key?',
    )
  }
}

/**
 * Those of a new namespace's sysctls that are not yet what they are to be. A write to `all` or `default` may change others of
 * its name (devinet_copy_dflt_conf(), addrconf_fixup_forwarding()): after one, all of that name are written.
 */
function toWrite(
  values: readonly (readonly [string, string])[],
  born: ReadonlyMap<string, string | undefined>,
): (readonly [string, string])[] {
  const touched = new Set<string>()
  return values.filter(([key, value]) => {
    const name = key.slice(key.lastIndexOf('.') + 1)
    if (born.get(key) === value && !touched.has(name)) return false
    touched.add(name)
    return true
  })
}

function refused(why: string, where: string, what: string, says: string, remedy = ''): LabError {
  return new LabError(`${why}: '${what}' in ${where} was refused: ${says}`, remedy)
}

const IFLA = { qdisc: 6, linkInfo: 18, extMask: 29, carrier: 33 }
const IFLA_INFO_SLAVE_DATA = 5
const IFLA_BRPORT_STATE = 1
const RTEXT_FILTER_SKIP_STATS = Buffer.from([8, 0, 0, 0])
const BR_STATE_FORWARDING = 3

/**
 * Those devices of a step that do not carry frames yet: without carrier, with the qdisc that drops everything (`noop`, until
 * dev_activate()), or as ports that do not forward. The operational state says less: a bridge's follows up to a second later
 * (linkwatch_urgent_event()), when frames have long been passing.
 */
export function linksDown({ devices }: LinksUpStep, socket: NetlinkSocket): string[] {
  const header = Buffer.alloc(16)
  const mask = Buffer.concat([Buffer.from([8, 0, IFLA.extMask, 0]), RTEXT_FILTER_SKIP_STATS])
  const up = new Set<number>()
  for (const message of socket.ask({
    type: RTM.getLink,
    flags: NLM_F.dump,
    body: Buffer.concat([header, mask]),
  })) {
    const found = attributes(message.subarray(16))
    const port = attributes(found.get(IFLA.linkInfo)).get(IFLA_INFO_SLAVE_DATA)
    const state = port && attributes(port).get(IFLA_BRPORT_STATE)?.[0]
    const active =
      found.get(IFLA.carrier)?.[0] === 1 && found.get(IFLA.qdisc)?.toString('latin1') !== 'noop\0'
    if (active && (state ?? BR_STATE_FORWARDING) === BR_STATE_FORWARDING) up.add(message.readInt32LE(4))
  }
  return Object.entries(devices).flatMap(([device, index]) => (up.has(index) ? [] : [device]))
}
