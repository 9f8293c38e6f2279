/**
 * Turns a topology into the fewest steps that build it. Order matters for speed and for truth: sysctl defaults are
 * written before a device is born (it copies them), both ends of a veth pair are born where they belong, and a bridge
 * comes up after its ports, so that nothing is flooded over a half-built one.
 */
import { type Defaults, deviceDefaults, namespaceDefaults } from '../model/defaults.js'
import { holdSteps } from '../model/packet-hold.js'
import { parsePolicyRule } from '../model/policy-rule.js'
import {
  type IptablesCommands,
  LOADED_SETS,
  type NetworkOperation,
  type NetworkStep,
  type NewDevice,
  rulePrograms,
  run,
  type ServeStep,
  type Step,
  type SysctlsStep,
  writeSysctls,
} from '../model/steps.js'
import type { LinkEnd, Node, Topology } from '../model/topology.js'
import { type Complaint, policyOf } from './lines.js'
import { parseNextHopObject, parseRoute } from './routes.js'

/**
 * IPv4 settings that decide the failures. A new namespace copies `all` and `default` from the machine's first one
 * (devinet_init_net, net/ipv4/devinet.c), so a host's rp_filter=2 would leak in: none is left to chance.
 */
const NEUTRAL_IPV4 = { rp_filter: 0, accept_local: 0, route_localnet: 0 }
/** The kernel's own defaults of what decides which addresses and routes a device gets by itself (ipv6_devconf_dflt). */
const NEUTRAL_IPV6 = {
  accept_ra: 1,
  accept_ra_defrtr: 1,
  accept_ra_pinfo: 1,
  addr_gen_mode: 0,
  autoconf: 1,
  dad_transmits: 1,
  forwarding: 0,
  max_addresses: 16,
  router_solicitations: -1,
  use_tempaddr: 0,
}

/** What makes one instance of a topology differ from another that stands beside it. */
export interface Instance {
  /** The name under /run/netns of a node. */
  netns(node: string): string
  /** Whether there is no other one: a script, a shell. */
  readonly alone: boolean
  /** A MAC address of its own for a device; the same for the same arguments. */
  mac(node: string, device: string): string
  /**
   * Index of the first device; the others follow. Trace events name a device by its index alone, across all namespaces, so
   * instances whose devices are to be told apart have ranges of their own.
   */
  readonly firstIndex: number
  /** A folder that exists nowhere else, under the world's own /run. */
  readonly folder: string
}

/** A compiled topology: steps of one stage may run side by side, stages one after the other. */
export interface CompiledTopology {
  readonly build: readonly (readonly Step[])[]
  readonly teardown: readonly Step[]
  /** MAC address of every device, by `node:device`. */
  readonly macs: Readonly<Record<string, string>>
  /** Index of every device but lo, by `node:device`. */
  readonly indexes: Readonly<Record<string, number>>
}

/** Compiles a valid topology; `defaults` are a distribution's, which stand in for the lab's own and give way to the document's. Pure: the same arguments give the same steps. */
export function compileTopology(
  topology: Topology,
  instance: Instance,
  iptables: IptablesCommands,
  defaults: Defaults = [],
): CompiledTopology {
  const nodes = Object.entries(topology.nodes)
  const macs: Record<string, string> = {}
  const given = new Set<string>()
  for (const end of topology.links.flat()) {
    let own = instance.mac(end.node, end.device)
    // Chance has one in twenty-nine thousand devices meet another; each try asks for a name that no device has.
    for (let again = 1; given.has(own); again++) own = instance.mac(end.node, `${end.device}/${again}`)
    given.add(own)
    macs[`${end.node}:${end.device}`] = end.mac ?? (instance.alone ? end.documentMac : undefined) ?? own
  }

  const devices = [
    ...topology.links.flat().map(({ node, device }) => `${node}:${device}`),
    ...nodes.flatMap(([name, { bridges = {} }]) => Object.keys(bridges).map(bridge => `${name}:${bridge}`)),
  ]
  const indexes = Object.fromEntries(devices.map((device, index) => [device, instance.firstIndex + index]))

  // Indexes that differ from end to end: where both have the same, as happens in fresh namespaces, the kernel takes the
  // device for one without a lower one, and linkwatch_urgent_event() lets its carrier wait for up to a second.
  const newDevice = (node: string, name: string, more: Pick<Partial<LinkEnd>, 'mac' | 'mtu'>): NewDevice => {
    const index = indexes[`${node}:${name}`]
    const { mac, mtu } = more
    return {
      name,
      ...(index === undefined ? {} : { index }),
      ...(mac === undefined ? {} : { mac }),
      ...(mtu === undefined ? {} : { mtu }),
    }
  }
  // A port is born up: an end that is left down joins its bridge later.
  const portOf = (end: LinkEnd) =>
    end.down
      ? undefined
      : Object.entries(topology.nodes[end.node]?.bridges ?? {}).find(([, { ports }]) =>
          ports.includes(end.device),
        )?.[0]
  const pairs = topology.links.map(([a, b]) =>
    !portOf(a) && portOf(b) ? { own: b, peer: a } : { own: a, peer: b },
  )
  /** What is born as a port, and up, needs no further word. */
  const born = new Set(pairs.flatMap(({ own }) => (portOf(own) ? [`${own.node}:${own.device}`] : [])))

  const names = nodes.map(([name]) => instance.netns(name))
  const build: Step[][] = [
    [{ do: 'namespaces', action: 'add', names, why: 'make the network namespaces' }],
    nodes.map(([name, node]) => ({
      ...scaffolding(name, namespaceSysctls(node, defaults), 'set every default that the failure depends on'),
      by: 'lab-fresh',
    })),
    nodes.flatMap(([name, { bridges = {} }]) =>
      network(
        name,
        Object.entries(bridges).map(([bridge, { mac }]) => ({
          op: 'add-bridge',
          bridge: newDevice(name, bridge, mac === undefined ? {} : { mac }),
        })),
        'make the bridges',
      ),
    ),
    nodes.flatMap(([name]) =>
      network(
        name,
        pairs.flatMap(({ own, peer }): NetworkOperation[] => {
          if (own.node !== name) return []
          const end = (side: LinkEnd) => {
            const mac = macs[`${side.node}:${side.device}`]
            return newDevice(side.node, side.device, { ...side, ...(mac === undefined ? {} : { mac }) })
          }
          const bridge = portOf(own)
          return [
            {
              op: 'add-veth',
              end: end(own),
              peer: end(peer),
              peerNetns: instance.netns(peer.node),
              ...(bridge === undefined ? {} : { bridge }),
            },
          ]
        }),
        'make the veth pairs',
      ),
    ),
    // Bridges last: a bridge that is up floods each host's first words to all the others, a cost that grows with the square.
    [...nodes.filter(([, node]) => !node.bridges), ...nodes.filter(([, node]) => node.bridges)].flatMap(
      ([name, node]) =>
        network(name, configuration(name, node, topology, born), 'configure devices, addresses and routes'),
    ),
    nodes.flatMap(([name, node]) => policyRules(name, node)),
    topology.links.flat().flatMap(({ node, device, features = {} }): Step[] => {
      const why = 'set the features of devices'
      return Object.keys(features).length > 0 ? [{ do: 'features', node, device, values: features, why }] : []
    }),
    // An end that was up before its peer waits for the kernel's linkwatch until it may send.
    nodes.flatMap(([name, node]) => linksUp(name, node, pairs, portOf, indexes)),
    nodes.flatMap(([name, node]) => nextHops(name, node, topology)),
    nodes.flatMap(([name, node]) => [
      ...ownSysctlsStep(name, node, devicesOf(name, node, topology), defaults),
      ...LOADED_SETS.flatMap(set => {
        const rules = node[set]
        const { restore } = rulePrograms(iptables, set)
        return rules ? [run(name, [restore, '-w'], 'load the document’s rules', restoreInput(rules))] : []
      }),
      ...(node.nft
        ? [run(name, ['nft', '-f', '-'], 'load the rules of nftables', `${node.nft.join('\n')}\n`)]
        : []),
      ...(node.linkOptions
        ? [
            run(
              name,
              ['ip', '-batch', '-'],
              'set the options of links',
              node.linkOptions.map(line => `link set ${line}\n`).join(''),
            ),
          ]
        : []),
      ...(node.tc
        ? [run(name, ['tc', '-batch', '-'], 'load the traffic control filters', `${node.tc.join('\n')}\n`)]
        : []),
      ...(node.services ?? []).map(
        (service): ServeStep => ({
          do: 'serve',
          node: name,
          protocol: service.protocol,
          address: service.address ?? '0.0.0.0',
          port: service.port,
        }),
      ),
    ]),
  ]
  // radvd that finds its device without an address tries again only after ten of its intervals.
  const advertising = nodes.flatMap(([name, { routerAdvertisements }]) =>
    routerAdvertisements ? [waitForLinkLocal(name, routerAdvertisements.device)] : [],
  )
  build.push(
    advertising,
    nodes.flatMap(([name, node]) => radvd(name, node, instance.folder)),
  )
  // Two commands of which the second needs what the first makes.
  const holds = nodes.flatMap(([name, { packetHold }]) => (packetHold ? holdSteps(name, packetHold) : []))
  build.push(...holds.map(step => [step]))
  return {
    build: build.filter(stage => stage.length > 0),
    teardown: [{ do: 'namespaces', action: 'delete', names, why: 'take the network namespaces down' }],
    macs,
    indexes,
  }
}

/** What a node's namespace has before its devices: the lab's own, what a distribution says, and what the document says. */
function namespaceSysctls(node: Node, defaults: Defaults): Record<string, string | number> {
  const given = { ...namespaceDefaults(defaults), ...ownSysctls(node, true) }
  const neutral = neutralSysctls(node)
  // A write to `all` sets `default`'s, whatever it was (addrconf_fixup_forwarding()): it would not read back.
  if ('net.ipv6.conf.all.forwarding' in given) delete neutral['net.ipv6.conf.default.forwarding']
  return { ...neutral, ...given }
}

function neutralSysctls(node: Node): Record<string, number> {
  const ipv4 = Object.entries(NEUTRAL_IPV4).flatMap(([key, value]) => [
    [`net.ipv4.conf.all.${key}`, value],
    [`net.ipv4.conf.default.${key}`, value],
    [`net.ipv4.conf.lo.${key}`, value],
  ])
  return Object.fromEntries([
    ...ipv4,
    // Either of `all` and the device is enough (IN_DEV_TX_REDIRECTS, IN_DEV_LOG_MARTIANS); nothing is forwarded from lo to lo.
    ['net.ipv4.conf.all.send_redirects', 0],
    ['net.ipv4.conf.default.send_redirects', 0],
    ['net.ipv4.conf.all.log_martians', 1],
    // A bridge reports its own group, 224.0.0.106, at a random time: a packet that counters would take for a probe's.
    ['net.ipv4.igmp_link_local_mcast_reports', 0],
    // Devices copy `default` (ipv6_add_dev). `all` is a command to those that are there, and lo's ::1 is in nobody's way.
    ...(node.ipv6 ? [['net.ipv6.conf.all.disable_ipv6', 0]] : []),
    ['net.ipv6.conf.default.disable_ipv6', node.ipv6 ? 0 : 1],
    // A machine with net.core.devconf_inherit_init_net has new namespaces begin with what it has itself.
    ...Object.entries(node.ipv6 ? NEUTRAL_IPV6 : {}).map(([key, value]) => [
      `net.ipv6.conf.default.${key}`,
      value,
    ]),
  ])
}

/** A node's own sysctls: those that new devices copy, which must be there first, or those of devices that exist. */
function ownSysctls({ sysctls = {} }: Node, inherited: boolean): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(sysctls).filter(([key]) => /\.(all|default)\./.test(key) === inherited),
  )
}

/** The step that writes those of devices which exist by then. */
function ownSysctlsStep(
  name: string,
  node: Node,
  devices: readonly string[],
  defaults: Defaults,
): SysctlsStep[] {
  const values = {
    ...Object.assign({}, ...devices.map(device => deviceDefaults(defaults, device))),
    ...ownSysctls(node, false),
  }
  return Object.keys(values).length > 0 ? [scaffolding(name, values, 'set the node’s own sysctls')] : []
}

/** A node's devices but lo. */
function devicesOf(name: string, { bridges = {} }: Node, { links }: Topology): string[] {
  const linked = links.flat().flatMap(({ node, device }) => (node === name ? [device] : []))
  return [...linked, ...Object.keys(bridges)]
}

function waitForLinkLocal(name: string, device: string): Step {
  const argv = ['ip', '-6', '-o', 'addr', 'show', 'dev', device, 'scope', 'link', '-tentative']
  return { ...run(name, argv, 'wait for the link-local address'), untilNot: '^\\s*$' }
}

/** Sysctls that are written for what stands, not for what is tried. */
function scaffolding(
  name: string,
  values: Readonly<Record<string, string | number>>,
  why: string,
): SysctlsStep {
  return { ...writeSysctls(name, values, why), by: 'lab' }
}

function network(node: string, operations: readonly NetworkOperation[], why: string): NetworkStep[] {
  return operations.length > 0 ? [{ do: 'network', node, operations, why }] : []
}

/** The wait for those devices of a node that linkwatch has to see: not those that came up when their peer was up already. */
function linksUp(
  name: string,
  { bridges = {} }: Node,
  pairs: readonly { readonly own: LinkEnd; readonly peer: LinkEnd }[],
  portOf: (end: LinkEnd) => string | undefined,
  indexes: CompiledTopology['indexes'],
): Step[] {
  const live = pairs.filter(({ own, peer }) => !own.down && !peer.down)
  const carries = (device: string) =>
    live.some(({ own, peer }) => [own, peer].some(end => end.node === name && end.device === device))
  const watched = [
    ...live.flatMap(({ own, peer }) => (portOf(own) && !portOf(peer) ? [own] : [own, peer])),
    // A bridge without a live port has no carrier.
    ...Object.entries(bridges).flatMap(([device, { ports }]) =>
      ports.some(carries) ? [{ node: name, device }] : [],
    ),
  ].filter(({ node }) => node === name)
  if (watched.length === 0) return []
  return [
    {
      do: 'links-up',
      node: name,
      devices: Object.fromEntries(watched.map(({ device }) => [device, indexes[`${name}:${device}`] ?? 0])),
      ports: Object.keys(bridges).length > 0,
      why: 'wait until the links carry frames',
    },
  ]
}

function configuration(
  name: string,
  node: Node,
  topology: Topology,
  born: ReadonlySet<string>,
): NetworkOperation[] {
  const devices = topology.links
    .flat()
    .flatMap(end =>
      end.node === name && !end.down && !born.has(`${name}:${end.device}`) ? [end.device] : [],
    )
  const bridges = Object.entries(node.bridges ?? {})
  const addresses = Object.entries(node.addresses ?? {})
  const up = (device: string): NetworkOperation => ({ op: 'set-link', device, up: true })
  return [
    { ...up('lo'), ...(node.loopbackMac === undefined ? {} : { mac: node.loopbackMac }) },
    ...bridges.flatMap(([bridge, { ports }]) =>
      ports.flatMap((device): NetworkOperation[] =>
        born.has(`${name}:${device}`) ? [] : [{ op: 'set-link', device, bridge }],
      ),
    ),
    ...addresses.flatMap(([device, list]) =>
      list.map((text): NetworkOperation => {
        const [address = '', ...flags] = text.split(' ')
        return {
          op: 'add-address',
          device,
          address,
          ...(flags.includes('nodad') ? { nodad: true } : {}),
          ...(flags.includes('noprefixroute') ? { noprefixroute: true } : {}),
        }
      }),
    ),
    ...devices.map(up),
    ...bridges.map(([bridge]) => up(bridge)),
    ...(node.nextHops ? [] : routesOf(node)),
  ]
}

function routesOf({ routes = [] }: Node): NetworkOperation[] {
  return routes.map(route => ({ op: 'add-route', route: parseRoute(route) }))
}

/** A node's next hop objects, which take a device with a carrier (fib_check_nh()), and its routes, which may be by them. */
function nextHops(name: string, node: Node, topology: Topology): NetworkStep[] {
  const { nextHops: objects, bridges = {} } = node
  if (!objects) return []
  const ends = topology.links.flat().flatMap(end => (end.node === name && !end.down ? [end.device] : []))
  const devices = new Set([...ends, ...Object.keys(bridges), 'lo'])
  const added = objects.map(
    (text): NetworkOperation => ({ op: 'add-next-hop', nextHop: valid(parseNextHopObject(text, devices)) }),
  )
  return network(name, [...added, ...routesOf(node)], 'add the next hop objects, and the routes')
}

/** A node's policy rules, those of IPv6 in a step of their own: ip(8) is told the family once for all. */
function policyRules(name: string, { rules = [] }: Node): NetworkStep[] {
  const all = rules.map(text => valid(parsePolicyRule(text)))
  return (['inet', 'inet6'] as const).flatMap(family => {
    const operations = all
      .filter(rule => rule.family === family)
      .map((rule): NetworkOperation => ({ op: 'add-rule', rule }))
    return network(name, operations, 'add the policy rules').map(step =>
      family === 'inet6' ? { ...step, family } : step,
    )
  })
}

/** What was read of a topology that has been checked. */
function valid<T extends object>(read: T | Complaint | string): T {
  if (typeof read === 'string' || 'problem' in read)
    throw new TypeError(`the topology was not checked: ${typeof read === 'string' ? read : read.problem}`)
  return read
}

const BUILT_IN_CHAINS: Readonly<Record<string, readonly string[]>> = {
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  raw: ['PREROUTING', 'OUTPUT'],
}

function restoreInput(tables: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(tables)
    .map(([table, rules]) => {
      const builtIn = BUILT_IN_CHAINS[table] ?? []
      const policies = new Map(rules.flatMap(policyOf))
      const appended = rules.filter(rule => !policyOf(rule)[0])
      const own = new Set(
        appended.map(rule => rule.split(' ')[1] ?? '').filter(chain => !builtIn.includes(chain)),
      )
      return [
        `*${table}`,
        ...builtIn.map(chain => `:${chain} ${policies.get(chain) ?? 'ACCEPT'} [0:0]`),
        ...[...own].map(chain => `:${chain} - [0:0]`),
        ...appended,
        'COMMIT',
        '',
      ].join('\n')
    })
    .join('')
}

/**
 * radvd with the shortest interval that it accepts (30 to 70 ms, meant for Mobile IPv6), so that an address comes from a
 * real router advertisement at once and not after the three seconds of RFC 4861.
 */
function radvd(name: string, { routerAdvertisements: advertises }: Node, folder: string): Step[] {
  if (!advertises) return []
  const config = `interface ${advertises.device}
{
  AdvSendAdvert on;
  MinRtrAdvInterval 0.03;
  MaxRtrAdvInterval 0.07;
  AdvIntervalOpt on;
  prefix ${advertises.prefix}
  {
    AdvOnLink on;
    AdvAutonomous on;
  };
};
`
  return [
    {
      do: 'daemon',
      node: name,
      argv: [
        'radvd',
        '--nodaemon',
        '--config',
        `${folder}/radvd.conf`,
        '--pidfile',
        `${folder}/radvd.pid`,
        '--logmethod',
        'stderr',
      ],
      folder,
      files: { 'radvd.conf': config },
      ready: { file: `${folder}/radvd.pid` },
      why: 'send router advertisements',
    },
  ]
}
