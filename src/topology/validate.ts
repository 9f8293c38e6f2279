/** Refuses a topology that could not be built, before anything is made; each complaint names the field and the remedy. */
import ipaddr from 'ipaddr.js'
import type { Topology } from './model.js'

/** A netns name is a file name under /run/netns, and the lab puts a dash and a number behind it. */
const NODE_NAME = /^[a-z0-9]([a-z0-9_-]{0,30}[a-z0-9])?$/
/** dev_valid_name() in net/core/dev.c: no slash, colon or white space, not `.` or `..`, at most IFNAMSIZ-1 bytes. */
const MAX_DEVICE_NAME = 15

/** One complaint about a topology: where, what, and what to do about it. */
export interface Problem {
  readonly field: string
  readonly problem: string
  readonly remedy: string
}

/** Every problem of a topology; none means that it can be compiled. Never throws. */
export function validateTopology(topology: Topology): Problem[] {
  const problems: Problem[] = []
  const complain = (field: string, problem: string, remedy: string) =>
    problems.push({ field, problem, remedy })
  const devices = new Map<string, Set<string>>()
  const nodes = Object.entries(topology.nodes)
  if (nodes.length === 0) complain('topology.nodes', 'there is no node', 'add at least one')

  for (const [name] of nodes) {
    devices.set(name, new Set(['lo']))
    if (!NODE_NAME.test(name))
      complain(
        `topology.nodes.${name}`,
        `'${name}' is no valid network namespace name here`,
        'use lower-case letters, digits, dashes and underscores, at most 32 of them',
      )
  }

  const addDevice = (field: string, node: string, device: string) => {
    const known = devices.get(node)
    if (!known) {
      complain(
        field,
        `the link ends in '${node}', which is no node`,
        `nodes are: ${nodes.map(([n]) => n).join(', ')}`,
      )
      return
    }
    const bad = deviceNameProblem(device)
    if (bad)
      complain(
        field,
        `device name '${device}' ${bad}`,
        `use at most ${MAX_DEVICE_NAME} letters, digits, dots and dashes`,
      )
    if (known.has(device))
      complain(field, `node '${node}' has two devices named '${device}'`, 'rename one of them')
    known.add(device)
  }

  topology.links.forEach((link, index) => {
    for (const [side, end] of link.entries()) {
      addDevice(`topology.links[${index}][${side}]`, end.node, end.device)
      if (end.mac !== undefined && !isUnicastMac(end.mac))
        complain(
          `topology.links[${index}][${side}].mac`,
          `'${end.mac}' is no unicast MAC address`,
          'write it as fa:16:3e:00:00:01',
        )
    }
  })
  for (const [name, node] of nodes)
    for (const bridge of Object.keys(node.bridges ?? {}))
      addDevice(`topology.nodes.${name}.bridges.${bridge}`, name, bridge)

  for (const [name, node] of nodes) {
    const known = devices.get(name) ?? new Set()
    const field = `topology.nodes.${name}`
    if (node.loopbackMac !== undefined && !isUnicastMac(node.loopbackMac))
      complain(
        `${field}.loopbackMac`,
        `'${node.loopbackMac}' is no unicast MAC address`,
        'write it as fa:16:3e:00:00:01',
      )
    const ports = new Set<string>()
    for (const [bridge, { ports: list, mac }] of Object.entries(node.bridges ?? {})) {
      if (mac !== undefined && !isUnicastMac(mac))
        complain(
          `${field}.bridges.${bridge}.mac`,
          `'${mac}' is no unicast MAC address`,
          'write it as fa:16:3e:00:00:01',
        )
      for (const port of list) {
        if (!known.has(port))
          complain(
            `${field}.bridges.${bridge}.ports`,
            `'${port}' is no device of '${name}'`,
            `it has: ${[...known].join(', ')}`,
          )
        if (ports.has(port))
          complain(`${field}.bridges.${bridge}.ports`, `'${port}' is a port twice`, 'a device has one bridge')
        ports.add(port)
      }
    }
    const seen = new Map<string, string>()
    for (const [device, addresses] of Object.entries(node.addresses ?? {})) {
      if (!known.has(device))
        complain(
          `${field}.addresses.${device}`,
          `'${device}' is no device of '${name}'`,
          `it has: ${[...known].join(', ')}`,
        )
      for (const text of addresses) {
        const [cidr = '', ...flags] = text.split(' ')
        const parsed = parseCidr(cidr)
        if (!parsed || flags.some(flag => flag !== 'nodad')) {
          complain(
            `${field}.addresses.${device}`,
            `'${text}' is no address with a prefix length`,
            'write 172.16.0.148/24',
          )
          continue
        }
        const other = seen.get(parsed.address)
        if (other !== undefined)
          complain(
            `${field}.addresses.${device}`,
            `${parsed.address} is on '${other}' already`,
            'give each device its own address',
          )
        seen.set(parsed.address, device)
      }
    }
    for (const [a, b] of overlapping(node.addresses ?? {}))
      complain(
        `${field}.addresses`,
        `${a} and ${b} overlap on different devices`,
        'use different subnets, or a /32',
      )
    for (const route of node.routes ?? []) refuseLineBreak(`${field}.routes`, route)
    for (const line of node.tc ?? []) refuseLineBreak(`${field}.tc`, line)
    for (const [table, rules] of Object.entries(node.iptables ?? {}))
      for (const rule of rules) {
        refuseLineBreak(`${field}.iptables.${table}`, rule)
        if (!/^-[AI] [A-Za-z]/.test(rule))
          complain(
            `${field}.iptables.${table}`,
            `'${rule}' is no rule`,
            "write it as iptables-save does: '-A CHAIN …'",
          )
      }
    for (const [key, value] of Object.entries(node.sysctls ?? {})) {
      refuseLineBreak(`${field}.sysctls`, `${key}=${value}`)
      if (!/^net[./]/.test(key))
        complain(
          `${field}.sysctls`,
          `'${key}' is not a sysctl of a network namespace`,
          'only net.* keys are per namespace',
        )
    }
    for (const { port } of node.services ?? [])
      if (!Number.isInteger(port) || port < 1 || port > 65535)
        complain(`${field}.services`, `port ${port} is out of range`, 'use 1 to 65535')
    const advertises = node.routerAdvertisements
    if (advertises && !known.has(advertises.device))
      complain(
        `${field}.routerAdvertisements.device`,
        `'${advertises.device}' is no device of '${name}'`,
        'name one of its devices',
      )
    if (advertises && !parseCidr(advertises.prefix))
      complain(
        `${field}.routerAdvertisements.prefix`,
        `'${advertises.prefix}' is no prefix`,
        'write 2001:db8:1::/64',
      )
  }
  return problems

  function refuseLineBreak(field: string, text: string) {
    if (/[\n\r\0]/.test(text))
      complain(field, `'${text}' holds a line break`, 'write one entry for each line')
  }
}

function deviceNameProblem(name: string): string | undefined {
  if (Buffer.byteLength(name) > MAX_DEVICE_NAME) return `is longer than ${MAX_DEVICE_NAME} bytes`
  if (name === '' || name === '.' || name === '..' || /[/:\s\0]/.test(name)) return 'is refused by the kernel'
  return /^[A-Za-z0-9]/.test(name) ? undefined : 'would be read as an option'
}

function isUnicastMac(text: string): boolean {
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) && (Number.parseInt(text.slice(0, 2), 16) & 1) === 0
}

function parseCidr(
  text: string,
): { address: string; range: [ipaddr.IPv4 | ipaddr.IPv6, number] } | undefined {
  if (!/^[0-9a-fA-F.:]+\/\d+$/.test(text) || !ipaddr.isValidCIDR(text)) return undefined
  const range = ipaddr.parseCIDR(text)
  return { address: range[0].toString(), range }
}

/** Pairs of subnets on different devices of one node that overlap; host prefixes and IPv6 link-local do not count. */
function overlapping(addresses: Readonly<Record<string, readonly string[]>>): [string, string][] {
  const all = Object.entries(addresses).flatMap(([device, list]) =>
    list.flatMap(text => {
      const parsed = parseCidr(text.split(' ')[0] ?? '')
      const host = parsed && parsed.range[1] === (parsed.range[0].kind() === 'ipv4' ? 32 : 128)
      const linkLocal = parsed?.range[0].range() === 'linkLocal'
      return parsed && !host && !linkLocal ? [{ device, text, range: parsed.range }] : []
    }),
  )
  return all.flatMap((a, index) =>
    all.slice(index + 1).flatMap((b): [string, string][] => {
      if (a.device === b.device || a.range[0].kind() !== b.range[0].kind()) return []
      const bits = Math.min(a.range[1], b.range[1])
      const overlap = a.range[0].match(b.range[0], bits)
      return overlap ? [[a.text, b.text]] : []
    }),
  )
}
