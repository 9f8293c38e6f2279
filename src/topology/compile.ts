/**
 * Turns a topology into the fewest commands that build it. Order matters for speed and for truth: sysctl defaults are
 * written before a device is born (it copies them), both ends of a veth pair are born where they belong, and a bridge
 * comes up after its ports, so that nothing is flooded over a half-built one.
 */
import { type RunStep, run, type ServeStep, type Step, writeSysctls } from '../model/steps.js'
import type { LinkEnd, Node, Topology } from '../model/topology.js'
import { holdSteps } from './packet-hold.js'

/**
 * IPv4 settings that decide the failures. A new namespace copies `all` and `default` from the machine's first one
 * (devinet_init_net, net/ipv4/devinet.c), so a host's rp_filter=2 would leak in: none is left to chance.
 */
const NEUTRAL_IPV4 = { rp_filter: 0, accept_local: 0, route_localnet: 0 }

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

/** How iptables is called: as the machine's `iptables`, or one of its two backends by name. */
export interface IptablesCommands {
  readonly iptables: string
  readonly restore: string
  readonly save: string
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

/** Compiles a valid topology. Pure: the same arguments give the same steps. */
export function compileTopology(
  topology: Topology,
  instance: Instance,
  iptables: IptablesCommands,
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

  const batch = (node: string | null, lines: readonly string[], why: string): RunStep[] =>
    lines.length === 0
      ? []
      : [{ ...run(node, ['ip', '-batch', '-'], why, `${lines.join('\n')}\n`), builtin: true }]
  const portOf = (end: LinkEnd) =>
    Object.entries(topology.nodes[end.node]?.bridges ?? {}).find(([, { ports }]) =>
      ports.includes(end.device),
    )?.[0]
  const pairs = topology.links.map(([a, b]) =>
    !portOf(a) && portOf(b) ? { own: b, peer: a } : { own: a, peer: b },
  )
  /** What is born as a port, and up, needs no further word. */
  const born = new Set(pairs.flatMap(({ own }) => (portOf(own) ? [`${own.node}:${own.device}`] : [])))

  const build: Step[][] = [
    batch(
      null,
      nodes.map(([name]) => `netns add ${instance.netns(name)}`),
      'make the network namespaces',
    ),
    nodes.map(([name, node]) => ({
      ...writeSysctls(
        name,
        { ...neutralSysctls(node), ...ownSysctls(node, true) },
        'set every default that the failure depends on',
      ),
      builtin: 'fresh' as const,
    })),
    nodes.flatMap(([name, { bridges = {} }]) =>
      batch(
        name,
        Object.entries(bridges).map(
          ([bridge, { mac }]) =>
            `link add ${bridge} index ${indexes[`${name}:${bridge}`]}${mac ? ` address ${mac}` : ''} type bridge stp_state 0 forward_delay 0`,
        ),
        'make the bridges',
      ),
    ),
    nodes.flatMap(([name]) =>
      batch(
        name,
        pairs.flatMap(({ own, peer }) => {
          if (own.node !== name) return []
          // Indexes that differ from end to end: where both have the same, as happens in fresh namespaces, the kernel takes
          // the device for one without a lower one, and linkwatch_urgent_event() lets its carrier wait for up to a second.
          const end = (side: LinkEnd) =>
            `${side.device} index ${indexes[`${side.node}:${side.device}`]} address ${macs[`${side.node}:${side.device}`]} numtxqueues 1 numrxqueues 1`
          const bridge = portOf(own)
          return [
            `link add ${end(own)}${bridge ? ` master ${bridge} up` : ''} type veth peer name ${end(peer)} netns ${instance.netns(peer.node)}`,
          ]
        }),
        'make the veth pairs',
      ),
    ),
    // Bridges last: a bridge that is up floods each host's first words to all the others, a cost that grows with the square.
    [...nodes.filter(([, node]) => !node.bridges), ...nodes.filter(([, node]) => node.bridges)].flatMap(
      ([name, node]) =>
        batch(name, configureLines(name, node, topology, born), 'configure devices, addresses and routes'),
    ),
    // An end that was up before its peer waits for the kernel's linkwatch until it may send.
    nodes.flatMap(([name, node]) => linksUp(name, node, pairs, portOf, indexes)),
    nodes.flatMap(([name, node]) => [
      ...writeIfAny(name, ownSysctls(node, false)),
      ...(node.iptables
        ? [run(name, [iptables.restore], 'load the document’s rules', restoreInput(node.iptables))]
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
    teardown: batch(
      null,
      nodes.map(([name]) => `netns del ${instance.netns(name)}`),
      'take the network namespaces down',
    ),
    macs,
    indexes,
  }
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
  ])
}

/** A node's own sysctls: those that new devices copy, which must be there first, or those of devices that exist. */
function ownSysctls({ sysctls = {} }: Node, inherited: boolean): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(sysctls).filter(([key]) => /\.(all|default)\./.test(key) === inherited),
  )
}

function waitForLinkLocal(name: string, device: string): Step {
  const argv = ['ip', '-6', '-o', 'addr', 'show', 'dev', device, 'scope', 'link', '-tentative']
  return { ...run(name, argv, 'wait for the link-local address'), untilNot: '^\\s*$' }
}

function writeIfAny(name: string, values: Readonly<Record<string, string | number>>): Step[] {
  return Object.keys(values).length > 0
    ? [{ ...writeSysctls(name, values, 'set the node’s own sysctls'), builtin: true }]
    : []
}

/** The wait for those devices of a node that linkwatch has to see: not those that came up when their peer was up already. */
function linksUp(
  name: string,
  { bridges = {} }: Node,
  pairs: readonly { readonly own: LinkEnd; readonly peer: LinkEnd }[],
  portOf: (end: LinkEnd) => string | undefined,
  indexes: CompiledTopology['indexes'],
): Step[] {
  const watched = [
    ...pairs.flatMap(({ own, peer }) => (portOf(own) && !portOf(peer) ? [own] : [own, peer])),
    // A bridge without a live port has no carrier.
    ...Object.entries(bridges).flatMap(([device, { ports }]) =>
      ports.length > 0 ? [{ node: name, device }] : [],
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

function configureLines(name: string, node: Node, topology: Topology, born: ReadonlySet<string>): string[] {
  const devices = topology.links
    .flat()
    .flatMap(end => (end.node === name && !born.has(`${name}:${end.device}`) ? [end.device] : []))
  const bridges = Object.entries(node.bridges ?? {})
  const addresses = Object.entries(node.addresses ?? {})
  return [
    `link set lo${node.loopbackMac ? ` address ${node.loopbackMac}` : ''} up`,
    ...bridges.flatMap(([bridge, { ports }]) =>
      ports.flatMap(port => (born.has(`${name}:${port}`) ? [] : [`link set ${port} master ${bridge}`])),
    ),
    ...addresses.flatMap(([device, list]) => list.map(address => `addr add ${address} dev ${device}`)),
    ...devices.map(device => `link set ${device} up`),
    ...bridges.map(([bridge]) => `link set ${bridge} up`),
    ...(node.routes ?? []).map(route => `route add ${route}`),
  ]
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
      const own = new Set(
        rules.map(rule => rule.split(' ')[1] ?? '').filter(chain => !builtIn.includes(chain)),
      )
      return [
        `*${table}`,
        ...builtIn.map(chain => `:${chain} ACCEPT [0:0]`),
        ...[...own].map(chain => `:${chain} - [0:0]`),
        ...rules,
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
