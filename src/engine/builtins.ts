/**
 * Steps that the lab performs itself: the same system calls that `ip -batch` and `sysctl -w` would make, without the
 * milliseconds that starting each of them takes. What it does not know is left to the program.
 */
import { describeError, LabError } from '../base/errors.js'
import type { LinksUpStep, RunStep } from '../model/steps.js'
import { ipRequests } from '../topology/ip-requests.js'
import { SystemError } from '../world/libc.js'
import { addNetns, deleteNetns, type Netns } from '../world/netns.js'
import { attributes, NetlinkError, NLM_F, type RouteSocket, RTM } from '../world/rtnetlink.js'

/** What the steps of one topology need of it. */
export interface BuiltinContext {
  readonly netns: (node: string) => Netns
  /** The namespace that has a name under /run/netns. */
  readonly byName: (name: string) => Netns | undefined
  /** Index of a device of a node. */
  readonly index: (node: string, device: string) => number | undefined
  /** Sysctls of a namespace that nothing was done to yet; filled here. All of one build are born alike. */
  readonly born: Map<string, string | undefined>
}

/** Performs a step. False when it is not known here. Throws LabError when the kernel refuses it. */
export function performBuiltin(step: RunStep, context: BuiltinContext): boolean {
  const [program, option] = step.argv
  if (program === 'sysctl' && step.node !== null) return writeSysctls(step, step.node, context)
  if (program !== 'ip' || option !== '-batch') return false
  const lines = (step.stdin ?? '').trim().split('\n')
  return step.node === null ? netnsLines(step, lines) : linkLines(step, step.node, lines, context)
}

function writeSysctls(step: RunStep, node: string, { netns, born }: BuiltinContext): boolean {
  const words = step.argv.slice(1).filter(word => word !== '-q' && word !== '-w')
  const values = words.map((word): [string, string] => {
    const at = word.indexOf('=')
    return [word.slice(0, at), word.slice(at + 1)]
  })
  const fresh = step.builtin === 'fresh'
  if (fresh) for (const [key] of values) if (!born.has(key)) born.set(key, netns(node).readSysctl(key))
  try {
    netns(node).writeSysctls(fresh ? toWrite(values, born) : values)
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    throw new LabError(
      `${step.why}: in node ${node} ${error.message}`,
      'is /proc/sys writable, and has this kernel that key?',
    )
  }
  return true
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

function netnsLines(step: RunStep, lines: readonly string[]): boolean {
  const words = lines.map(line => line.split(' '))
  if (!words.every(([object, action]) => object === 'netns' && (action === 'add' || action === 'del')))
    return false
  for (const [, action, name = ''] of words) {
    try {
      if (action === 'add') addNetns(name)
      else deleteNetns(name)
    } catch (error) {
      const full = error instanceof SystemError && error.code === 'ENOSPC'
      throw refused(
        step,
        `ip netns ${action} ${name}`,
        full ? 'the limit user.max_net_namespaces is reached (ENOSPC)' : describeError(error),
        full ? 'sudo sysctl user.max_net_namespaces=100000, or fewer --jobs' : undefined,
      )
    }
  }
  return true
}

function linkLines(step: RunStep, node: string, lines: readonly string[], context: BuiltinContext): boolean {
  const requests = ipRequests(lines, {
    index: device => (device === 'lo' ? 1 : context.index(node, device)),
    netns: name => context.byName(name)?.fd,
  })
  if (!requests) return false
  try {
    context.netns(node).route().perform(requests)
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    throw refused(
      step,
      `ip ${lines[error.index] ?? ''}`,
      error.says ? `${error.code}: ${error.says}` : error.code,
    )
  }
  return true
}

function refused({ why, node }: RunStep, what: string, says: string, remedy = ''): LabError {
  return new LabError(
    `${why}: '${what}' in ${node === null ? 'the world' : `node ${node}`} was refused: ${says}`,
    remedy,
  )
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
export function linksDown({ devices }: LinksUpStep, socket: RouteSocket): string[] {
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
