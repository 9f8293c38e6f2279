/**
 * Properties of what scenarios say: every topology and scenario is either accepted, and works, or refused by the name of
 * the field. `NETNS_LAB_PROPERTY_RUNS=N` has each property tried N times, with a seed of its own that is printed on failure.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { dirSync } from 'tmp-promise'
import { LabError } from './base/errors.js'
import { type Report, reportSchema } from './model/report.js'
import type { Scenario } from './model/scenario.js'
import type { Step } from './model/steps.js'
import type { LinkEnd, Node, Topology } from './model/topology.js'
import { loadScenarios } from './plan/catalogue.js'
import { type PlanOptions, planScenario } from './plan/plan.js'
import { type CompiledTopology, compileTopology } from './topology/compile.js'
import { ipRequests } from './topology/ip-requests.js'
import { validateTopology } from './topology/validate.js'

const MORE = process.env.NETNS_LAB_PROPERTY_RUNS
const runs = (few: number) => ({
  includeErrorInReport: true,
  ...(MORE === undefined ? { numRuns: few, seed: 6 } : { numRuns: Number(MORE) }),
})
t.setTimeout(900_000)

const COMMANDS = { iptables: 'iptables', restore: 'iptables-restore', save: 'iptables-save' }
const INSTANCE = {
  netns: (node: string) => `${node}-1`,
  mac: (node: string, device: string) => macOf(`${node}/${device}`),
  firstIndex: 100,
  folder: '/run/netns-lab/x',
  alone: false,
}

/** A unicast address for a name; two names of one topology do not share one. */
const macs = new Map<string, string>()
function macOf(name: string): string {
  const known = macs.get(name) ?? (macs.size + 1).toString(16).padStart(10, '0')
  macs.set(name, known)
  return `fa:${(known.match(/../g) ?? []).join(':')}`
}

// A model of what can be built: the indexes pick among what is there, so that shrinking keeps it whole.
const nodeName = fc.stringMatching(/^[a-z0-9]([a-z0-9_-]{0,12}[a-z0-9])?$/)
const deviceBase = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,10}$/)
const nodeSpec = fc.record({
  name: nodeName,
  ipv6: fc.boolean(),
  bridges: fc.nat(2),
  port: fc.integer({ min: 1, max: 65535 }),
  extras: fc.subarray(['sysctls', 'iptables', 'tc', 'services', 'loopback', 'hold', 'ra', 'routes'] as const),
})
const linkSpec = fc.record({
  ends: fc.tuple(fc.nat(9), fc.nat(9)),
  bases: fc.tuple(deviceBase, deviceBase),
  bridged: fc.tuple(fc.boolean(), fc.boolean()),
  mac: fc.option(fc.constantFrom('02:00:00:00:00:01', 'fa:16:3e:aa:BB:cc'), { nil: undefined }),
})

interface Built {
  readonly topology: Topology
  /** A node with an address of a neighbour that it must reach, when there is one. */
  readonly reach: { readonly node: string; readonly to: string } | undefined
}

const built = fc
  .record({
    nodes: fc.uniqueArray(nodeSpec, { minLength: 1, maxLength: 5, selector: ({ name }) => name }),
    links: fc.array(linkSpec, { maxLength: 6 }),
  })
  .map(({ nodes, links }): Built => {
    type Draft = { -readonly [K in keyof Node]: Node[K] } & {
      bridges: Record<string, { ports: string[] }>
      addresses: Record<string, string[]>
    }
    const drafts = new Map<string, Draft>(
      nodes.map(({ name, ipv6, bridges }) => [
        name,
        {
          is: `the ${name}`,
          ...(ipv6 ? { ipv6 } : {}),
          bridges: Object.fromEntries(Array.from({ length: bridges }, (_, k) => [`br${k}`, { ports: [] }])),
          addresses: {},
        },
      ]),
    )
    const give = (node: string, device: string, subnet: string, host: number) => {
      const draft = drafts.get(node)
      // Two devices of one node in one subnet overlap.
      if (
        !draft ||
        Object.values(draft.addresses)
          .flat()
          .some(text => text.startsWith(`10.${subnet}.`))
      )
        return
      const [a = '0', b = '0'] = subnet.split('.')
      draft.addresses[device] = [
        `10.${subnet}.${host}/24`,
        ...(draft.ipv6 ? [`2001:db8:${a}:${b}::${host}/64 nodad`] : []),
      ]
    }
    nodes.forEach(({ name, bridges }, n) => {
      for (let k = 0; k < bridges; k++) give(name, `br${k}`, `${100 + n}.${k}`, 1)
    })
    let reach: Built['reach']
    const joined = new Map<string, string>()
    const groupOf = (bridge: string): string => {
      const next = joined.get(bridge)
      return next === undefined ? bridge : groupOf(next)
    }
    const ends = links.map(({ ends: at, bases, bridged, mac }, index): [LinkEnd, LinkEnd] => {
      const places = at.map((number, side) => {
        const own = nodes[number % nodes.length]
        const bridge = bridged[side] && own && own.bridges > 0 ? `br${index % own.bridges}` : undefined
        const device = `${(bases[side] ?? '').slice(0, 10)}${index}x${side}`
        return { n: number % nodes.length, name: own?.name ?? '', device, bridge }
      })
      // What bridges are joined already must not be joined again: there is no spanning tree.
      const groups = places.map(({ name, bridge }) => bridge && groupOf(`${name}:${bridge}`))
      const loops = groups[0] !== undefined && groups[0] === groups[1]
      if (!loops && groups[0] !== undefined && groups[1] !== undefined) joined.set(groups[0], groups[1])
      const [a, b] = places.map((place, side) =>
        loops && side === 1 ? { ...place, bridge: undefined } : place,
      )
      for (const { name, bridge, device } of [a, b].flatMap(place => place ?? []))
        if (bridge) drafts.get(name)?.bridges[bridge]?.ports.push(device)
      if (!a || !b) throw new Error('a link has two ends')
      if (a.bridge && !b.bridge) give(b.name, b.device, `${100 + a.n}.${a.bridge.slice(2)}`, 10 + index)
      else if (b.bridge && !a.bridge) give(a.name, a.device, `${100 + b.n}.${b.bridge.slice(2)}`, 10 + index)
      else if (!a.bridge && !b.bridge) {
        give(a.name, a.device, `1.${index}`, 1)
        if (a.name !== b.name) {
          give(b.name, b.device, `1.${index}`, 2)
          reach ??= { node: a.name, to: `10.1.${index}.2` }
        }
      }
      return [
        { node: a.name, device: a.device, ...(mac === undefined || index > 0 ? {} : { mac }) },
        { node: b.name, device: b.device },
      ]
    })
    for (const { name, port, extras } of nodes) {
      const draft = drafts.get(name)
      if (!draft) continue
      const has = (extra: (typeof extras)[number]) => extras.includes(extra)
      const device = Object.keys(draft.addresses)[0]
      if (has('sysctls')) draft.sysctls = { 'net.ipv4.ip_forward': 1, 'net.ipv4.tcp_rmem': '4096 8192 16384' }
      if (has('iptables'))
        draft.iptables = { filter: ['-A FORWARD -s 192.0.2.0/24 -j ACCEPT', '-A OWN -j RETURN'], nat: [] }
      if (has('services')) draft.services = [{ protocol: port % 2 === 0 ? 'tcp' : 'udp', port }]
      if (has('loopback')) draft.loopbackMac = '02:00:00:00:00:99'
      if (device === undefined) continue
      if (has('tc')) draft.tc = [`qdisc add dev ${device} clsact`]
      if (has('routes')) draft.routes = [`198.51.100.7/32 dev ${device}`, 'blackhole 198.51.100.9']
      if (has('hold')) draft.packetHold = { device, port, queue: port % 1000 }
      if (has('ra') && draft.ipv6) draft.routerAdvertisements = { device, prefix: '2001:db8:77::/64' }
    }
    return { topology: { nodes: Object.fromEntries(drafts), links: ends }, reach }
  })

const linesOf = (step: Step) =>
  step.do === 'run' && step.argv[0] === 'ip' && step.argv[1] === '-batch'
    ? (step.stdin ?? '').trimEnd().split('\n')
    : []

/** What is wrong with a compiled topology; each stage may only name what the ones before it, or its own step, have made. */
function flaws(topology: Topology, { build, teardown, indexes, macs: made }: CompiledTopology): string[] {
  const found: string[] = []
  const spaces = new Set<string>()
  const devices = new Set<string>()
  const byNetns = new Map(Object.keys(topology.nodes).map(node => [INSTANCE.netns(node), node]))
  const need = (have: ReadonlySet<string>, name: string, line: string) => {
    if (!have.has(name)) found.push(`'${line}' names ${name} before it is made`)
  }
  for (const stage of build) {
    const before = { spaces: new Set(spaces), devices: new Set(devices) }
    for (const step of stage) {
      const { node } = step
      if (node !== null) need(before.spaces, node, step.do)
      const words = step.do === 'run' || step.do === 'daemon' ? step.argv : []
      if (words.some(word => /[\n\0]/.test(word))) found.push(`a line break in ${JSON.stringify(words)}`)
      if (/^(ba|da)?sh$/.test(words[0] ?? '') || words.includes('-c'))
        found.push(`a shell: ${words.join(' ')}`)
      const own = new Set(before.devices)
      if (node !== null) own.add(`${node}:lo`)
      for (const line of linesOf(step)) {
        const is = (pattern: RegExp) => pattern.exec(line)?.slice(1)
        const netns = is(/^netns add (\S+)$/)
        const bridge = is(/^link add (?:dev |name )?(\S+) index \d+(?: address \S+)? type bridge\b.*$/)
        const veth = is(
          /^link add (?:dev |name )?(\S+) index \d+ address \S+ .*?(?:master (\S+) up )?type veth peer name (\S+) .*netns (\S+)$/,
        )
        const set = is(/^link set (?:dev )?(\S+)(?: master (\S+)| (?:address \S+ )?up)$/)
        const address = is(/^addr add \S+(?: nodad)? dev (\S+)(?: nodad)?$/)
        if (netns) {
          const name = byNetns.get(netns[0] ?? '') ?? '?'
          if (spaces.has(name)) found.push(`${name} is made twice`)
          spaces.add(name)
        } else if (bridge) own.add(`${node}:${bridge[0]}`)
        else if (veth) {
          const peer = byNetns.get(veth[3] ?? '') ?? '?'
          need(before.spaces, peer, line)
          if (veth[1] !== undefined) need(own, `${node}:${veth[1]}`, line)
          for (const device of [`${node}:${veth[0]}`, `${peer}:${veth[2]}`]) {
            if (own.has(device)) found.push(`${device} is made twice`)
            own.add(device)
          }
        } else if (set) {
          need(own, `${node}:${set[0]}`, line)
          if (set[1] !== undefined) need(own, `${node}:${set[1]}`, line)
        } else if (address) need(own, `${node}:${address[0]}`, line)
        else if (!/^route add \S/.test(line))
          found.push(`no line that the lab writes: ${JSON.stringify(line)}`)
      }
      for (const device of own) devices.add(device)
    }
  }
  const taken = teardown
    .flatMap(linesOf)
    .map(line => byNetns.get(/^netns del (\S+)$/.exec(line)?.[1] ?? '') ?? line)
  const nodes = Object.keys(topology.nodes)
  if (taken.length !== nodes.length || new Set([...nodes, ...taken]).size !== nodes.length)
    found.push(`it takes down ${taken.join(', ')}`)
  const wanted = [
    ...topology.links.flat().map(({ node, device }) => `${node}:${device}`),
    ...Object.entries(topology.nodes).flatMap(([node, { bridges = {} }]) =>
      Object.keys(bridges).map(b => `${node}:${b}`),
    ),
  ]
  for (const device of wanted) need(devices, device, 'the topology')
  const numbers = wanted.map(device => indexes[device])
  if (new Set(numbers).size !== wanted.length || numbers.includes(undefined))
    found.push('indexes are not unique')
  const addresses = topology.links.flat().map(({ node, device }) => made[`${node}:${device}`] ?? '')
  if (addresses.some(mac => !/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i.test(mac)))
    found.push('no unicast MAC address')
  const generated = topology.links
    .flat()
    .flatMap(({ node, device, mac }) => (mac ? [] : [made[`${node}:${device}`]]))
  if (new Set(generated).size !== generated.length) found.push('MAC addresses are not unique')
  return found
}

t.test(
  'a topology that can be built is accepted, and its plan names nothing before it is made',
  async test => {
    fc.assert(
      fc.property(built, ({ topology }) => {
        const problems = validateTopology(topology)
        if (problems.length > 0) throw new Error(JSON.stringify(problems))
        const wrong = flaws(topology, compileTopology(topology, INSTANCE, COMMANDS))
        if (wrong.length > 0) throw new Error(wrong.join('\n'))
      }),
      runs(400),
    )
    test.pass('accepted and whole')
  },
)

/** Fails for a line of a compiled topology that the lab leaves to ip(8), besides those that `left` finds. */
function allKnown(left: RegExp) {
  fc.assert(
    fc.property(built, ({ topology }) => {
      const compiled = compileTopology(topology, INSTANCE, COMMANDS)
      for (const step of compiled.build.flat()) {
        if (step.do !== 'run' || step.node === null) continue
        const { node } = step
        const lines = linesOf(step).filter(line => !left.test(line))
        const known = ipRequests(lines, {
          index: device => (device === 'lo' ? 1 : compiled.indexes[`${node}:${device}`]),
          netns: () => 3,
        })
        if (known?.length !== lines.length) throw new Error(`not known: ${lines.join('; ')}`)
      }
    }),
    runs(300),
  )
}

t.test('the lab makes the links, addresses and plain routes of any topology itself', async test => {
  allKnown(/^route add blackhole/)
  test.pass('all are known')
})

t.test('any lines are requests of the kernel, or not known, and never an exception', async test => {
  const word = fc.oneof(
    fc.constantFrom(
      ...'link addr route add set dev via default name index netns address up master type veth peer bridge stp_state nodad lo eth0 1 99999999999999999999 10.0.0.1/24 10.0.0.1/ 1/2/3 :: ::/129 fe80::1%eth0 00:00:00:00:00:0g'.split(
        ' ',
      ),
    ),
    fc.string({ unit: 'binary', maxLength: 12 }),
  )
  const line = fc.oneof(
    fc.array(word, { maxLength: 9 }).map(words => words.join(' ')),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), lines => {
      const found = ipRequests(lines, {
        index: name => (name === 'eth0' ? 7 : undefined),
        netns: () => undefined,
      })
      if (found && !found.every(({ body }) => Buffer.isBuffer(body))) throw new Error('no body')
    }),
    runs(1500),
  )
  test.pass('none throws')
})

type Path = readonly (string | number)[]

/** Every path of a value that leads to something, itself left out. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Array.isArray(value)
    ? value.flatMap((entry, index) => pathsOf(entry, [...path, index]))
    : Object.entries(value).flatMap(([key, entry]) => pathsOf(entry, [...path, key]))
  return path.length === 0 ? inner : [path, ...inner]
}

/** A copy with another value at a path. */
function replaced(value: unknown, [step, ...rest]: Path, by: (old: unknown) => unknown): unknown {
  if (step === undefined) return by(value)
  if (Array.isArray(value))
    return value.map((entry, index) => (index === step ? replaced(entry, rest, by) : entry))
  return Object.fromEntries(
    Object.entries(value as object).map(([key, entry]) => [
      key,
      key === step ? replaced(entry, rest, by) : entry,
    ]),
  )
}

const fieldOf = (root: string, path: Path) =>
  (root + path.map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')).replace(/^\./, '')

/** Whether a complaint is about a field, something in it, or what holds it. */
const about = (field: string, path: string) => field.startsWith(path) || path.startsWith(field)

const WRONG: readonly unknown[] = [
  null,
  7n,
  Symbol('x'),
  () => 1,
  Number.NaN,
  [[[]]],
  { toString: null },
  new Map(),
  new Date(0),
]

t.test('a value of the wrong type is refused by the name of its field', async test => {
  fc.assert(
    fc.property(built, fc.nat(), fc.constantFrom(...WRONG), ({ topology }, pick, wrong) => {
      const paths = pathsOf(topology)
      const path = paths[pick % paths.length] ?? ['nodes']
      const problems = validateTopology(replaced(topology, path, () => wrong) as Topology)
      const field = fieldOf('topology', path)
      if (!problems.some(problem => about(problem.field, field) && problem.problem && problem.remedy))
        throw new Error(`${field}: ${JSON.stringify(problems)}`)
    }),
    runs(600),
  )
  test.pass('refused')
})

t.test('a misspelled field is refused by its name', async test => {
  fc.assert(
    fc.property(built, ({ topology }) => {
      const [name = '', node] = Object.entries(topology.nodes)[0] ?? []
      const nodes = { ...topology.nodes, [name]: { ...node, adresses: {} } }
      if (
        !validateTopology({ ...topology, nodes } as Topology).some(
          ({ field }) => field === `topology.nodes.${name}.adresses`,
        )
      )
        throw new Error('accepted')
    }),
    runs(20),
  )
  test.pass('refused')
})

t.test('anything at all is refused or accepted, and never an exception', async test => {
  const any = fc.anything({
    withBigInt: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
  })
  const odd = fc.oneof(
    any,
    fc.record({ nodes: any, links: any }),
    fc.record({ nodes: fc.dictionary(fc.string(), any), links: fc.array(any) }),
    fc.constant(JSON.parse('{"nodes":{"__proto__":null},"links":[]}')),
    fc.constant(JSON.parse('{"nodes":{"a":{"is":"","bridges":{"__proto__":null}}},"links":[]}')),
  )
  fc.assert(
    fc.property(odd, value => {
      const problems = validateTopology(value as Topology)
      if (!problems.every(({ field }) => field.startsWith('topology')))
        throw new Error(JSON.stringify(problems))
      if (problems.length === 0) compileTopology(value as Topology, INSTANCE, COMMANDS)
    }),
    runs(1500),
  )
  test.pass('none throws')
})

/** What a terminal, a shell, a file system, a batch file or a kernel takes for something else. */
const HOSTILE = [
  ...[
    '',
    ' ',
    '.',
    '..',
    '../x',
    '/',
    '--x',
    '-x',
    'a b',
    'a\nb',
    'x\nnetns del y',
    'a\0b',
    'a\tb',
    '\u001b[2J',
    'é',
    '🧨',
  ],
  ...[
    '$(reboot)',
    '`reboot`',
    ';reboot',
    '|sh',
    'a'.repeat(200_000),
    '\u202ex',
    '__proto__',
    "it's",
    'a"b',
    'a#b',
    'a\\',
  ],
]
const hostile = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 20 }))

/** Places of a topology that hold a name or a line, and what a good one looks like there. */
const SITES: readonly {
  readonly title: string
  readonly good: RegExp
  readonly put: (text: string) => readonly [Topology, string]
}[] = [
  {
    title: 'a node’s name',
    good: /^[a-z0-9]([a-z0-9_-]{0,30}[a-z0-9])?$/,
    put: text => [base({ is: '' }, text), `topology.nodes.${text}`],
  },
  {
    title: 'a device',
    good: /^[A-Za-z0-9][\w.-]{0,14}$/,
    put: text => [base({ is: '' }, 'n', text), 'topology.links[0][0]'],
  },
  {
    title: 'a bridge',
    good: /^[A-Za-z0-9][\w.-]{0,14}$/,
    put: text => [
      base({ is: '', bridges: Object.fromEntries([[text, { ports: [] }]]) }),
      `topology.nodes.n.bridges.${text}`,
    ],
  },
  {
    title: 'a port of a bridge',
    good: /^e0$/,
    put: text => [
      base({ is: '', bridges: { br0: { ports: [text] } } }),
      'topology.nodes.n.bridges.br0.ports',
    ],
  },
  {
    title: 'a MAC address',
    good: /^$^/,
    put: text => [base({ is: '', loopbackMac: text }), 'topology.nodes.n.loopbackMac'],
  },
  {
    title: 'an address',
    good: /\/\d/,
    put: text => [base({ is: '', addresses: { e0: [text] } }), 'topology.nodes.n.addresses.e0'],
  },
  {
    title: 'a route',
    good: /^[\d:]/,
    put: text => [base({ is: '', routes: [text] }), 'topology.nodes.n.routes'],
  },
  {
    title: 'a route’s gateway',
    good: /^[\d:]/,
    put: text => [base({ is: '', routes: [`default via ${text}`] }), 'topology.nodes.n.routes'],
  },
  {
    title: 'a traffic control line',
    good: /^$^/,
    put: text => [base({ is: '', tc: [text] }), 'topology.nodes.n.tc'],
  },
  {
    title: 'an iptables rule',
    good: /^-[AI] /,
    put: text => [base({ is: '', iptables: { nat: [text] } }), 'topology.nodes.n.iptables.nat'],
  },
  {
    title: 'an iptables table',
    good: /^(filter|nat|mangle|raw)$/,
    put: text => [
      base({ is: '', iptables: Object.fromEntries([[text, []]]) }),
      `topology.nodes.n.iptables.${text}`,
    ],
  },
  {
    title: 'a sysctl',
    good: /^net[./]\w/,
    put: text => [base({ is: '', sysctls: Object.fromEntries([[text, 1]]) }), 'topology.nodes.n.sysctls'],
  },
  {
    title: 'a held device',
    good: /^e0$|^lo$/,
    put: text => [
      base({ is: '', packetHold: { device: text, port: 1, queue: 0 } }),
      'topology.nodes.n.packetHold.device',
    ],
  },
  {
    title: 'an advertised prefix',
    good: /\/\d/,
    put: text => [
      base({ is: '', ipv6: true, routerAdvertisements: { device: 'e0', prefix: text } }),
      'topology.nodes.n.routerAdvertisements.prefix',
    ],
  },
  {
    title: 'an address of a service',
    good: /^\d/,
    put: text => [
      base({ is: '', services: [{ protocol: 'tcp', port: 1, address: text }] }),
      'topology.nodes.n.services',
    ],
  },
]

/** Two nodes and a link; the one node is given. */
function base(node: Node, name = 'n', device = 'e0'): Topology {
  return {
    nodes: Object.fromEntries([
      [name, node],
      ['other-node', { is: '' }],
    ]),
    links: [
      [
        { node: name, device },
        { node: 'other-node', device: 'e1' },
      ],
    ],
  }
}

for (const { title, good, put } of SITES)
  t.test(
    `${title} that means something else to a program is refused by the name of its field`,
    async test => {
      fc.assert(
        fc.property(
          hostile.filter(text => !good.test(text)),
          text => {
            const [topology, field] = put(text)
            const problems = validateTopology(topology)
            const found = problems.find(problem => about(problem.field, field))
            if (!found?.remedy)
              throw new Error(`accepted: ${JSON.stringify(text)}, ${JSON.stringify(problems)}`)
            if (/\p{Cc}/u.test(found.problem) || found.problem.length > 400)
              throw new Error(`says ${JSON.stringify(found.problem)}`)
          },
        ),
        runs(120),
      )
      test.pass('refused')
    },
  )

t.test(
  'what would be accepted, and then refused by the kernel or obeyed by a program, is refused',
  async test => {
    const n = (node: Partial<Node>) => base({ is: '', ...node })
    for (const [what, topology, field] of [
      [
        'a bridge as a port',
        n({ bridges: { br0: { ports: ['br1'] }, br1: { ports: [] } } }),
        'bridges.br0.ports',
      ],
      ['lo as a port', n({ bridges: { br0: { ports: ['lo'] } } }), 'bridges.br0.ports'],
      ['an address of IPv6 where it is off', n({ addresses: { e0: ['2001:db8::1/64'] } }), 'addresses.e0'],
      ['a multicast address of IPv6', n({ ipv6: true, addresses: { e0: ['ff02::5/64'] } }), 'addresses.e0'],
      ['a short form that ip(8) reads otherwise', n({ addresses: { e0: ['10.1/24'] } }), 'addresses.e0'],
      ['an octal number', n({ addresses: { e0: ['10.0.0.010/24'] } }), 'addresses.e0'],
      ['an octal prefix length', n({ addresses: { e0: ['10.0.0.1/024'] } }), 'addresses.e0'],
      [
        'a bridge whose MAC address is zero',
        n({ bridges: { br0: { ports: [], mac: '00:00:00:00:00:00' } } }),
        'bridges.br0.mac',
      ],
      ['a bridge with the name of a word of ip(8)', n({ bridges: { br: { ports: [] } } }), 'bridges.br'],
      [
        'a sysctl of the machine behind ..',
        n({ sysctls: { 'net/../kernel/core_pattern': '|/tmp/x' } }),
        'sysctls',
      ],
      ['a route that swallows the next line', n({ routes: ['198.51.100.0/24 dev e0 \\'] }), 'routes'],
      [
        'a rule with a program to run',
        n({ iptables: { nat: ['-A X --modprobe=/tmp/x -j Y'] } }),
        'iptables.nat',
      ],
      ['a tc line that runs a program', n({ tc: ['exec bpf import /tmp/x run /tmp/y'] }), 'tc'],
      [
        'a queue that is a rule of nftables',
        n({ packetHold: { device: 'e0', port: 1, queue: 70_000 } }),
        'packetHold.queue',
      ],
      [
        'an advertised prefix of IPv4',
        n({ ipv6: true, routerAdvertisements: { device: 'e0', prefix: '10.0.0.0/24' } }),
        'routerAdvertisements.prefix',
      ],
      [
        'a port that is served twice',
        n({
          services: [
            { protocol: 'tcp', port: 9 },
            { protocol: 'udp', port: 9 },
          ],
        }),
        'services',
      ],
      ['a destination with bits beyond its prefix', n({ routes: ['10.6.0.5/16 dev e0'] }), 'routes'],
    ] as const)
      test.ok(
        validateTopology(topology).some(problem => problem.field === `topology.nodes.n.${field}`),
        what,
      )
  },
)

const scenarios = await loadScenarios()
const OPTIONS: PlanOptions = {
  kernel: { major: 6, minor: 1, patch: 176 },
  iptables: 'nft',
  commands: COMMANDS,
  instance: '1',
}

/** The error that a scenario is refused with; undefined when it is planned. Any other error is the test's failure. */
function refusal(scenario: unknown, options = OPTIONS): LabError | undefined {
  try {
    planScenario(scenario as Scenario, options)
    return undefined
  } catch (error) {
    if (error instanceof LabError && error.remedy && /^scenarios\/.*\/scenario\.ts: \S/s.test(error.message))
      return error
    throw error
  }
}

t.test('a scenario with a value of the wrong type is refused by the name of its field', async test => {
  fc.assert(
    fc.property(
      fc.constantFrom(...scenarios),
      fc.nat(),
      fc.constantFrom(...WRONG.filter(wrong => typeof wrong !== 'function')),
      (scenario, pick, wrong) => {
        // What is in a proof, besides its source and its node, is for that source to know.
        const paths = pathsOf(scenario).filter(path => !path.includes('proofs') || path.length < 5)
        const path = paths[pick % paths.length] ?? ['id']
        const error = refusal(replaced(scenario, path, () => wrong))
        const field = error?.message.split(': ')[1] ?? ''
        if (!about(field, fieldOf('', path))) throw new Error(`${fieldOf('', path)}: ${error?.message}`)
      },
    ),
    runs(500),
  )
  test.pass('refused')
})

t.test('a scenario with any text anywhere is planned or refused, and never an exception', async test => {
  fc.assert(
    fc.property(fc.constantFrom(...scenarios), fc.nat(), hostile, (scenario, pick, text) => {
      const paths = pathsOf(scenario)
      refusal(replaced(scenario, paths[pick % paths.length] ?? [], () => text))
    }),
    runs(500),
  )
  test.pass('none throws')
})

t.test('a scenario that lacks something is planned or refused, and never an exception', async test => {
  fc.assert(
    fc.property(
      fc.constantFrom(...scenarios),
      fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      (scenario, picks) => {
        let value: unknown = scenario
        for (const pick of picks) {
          const paths = pathsOf(value)
          const path = paths[pick % paths.length] ?? []
          const last = path.at(-1)
          value = replaced(value, path.slice(0, -1), old =>
            Array.isArray(old)
              ? old.filter((_, index) => index !== last)
              : Object.fromEntries(Object.entries(old as object).filter(([key]) => key !== last)),
          )
        }
        refusal(value)
      },
    ),
    runs(500),
  )
  for (const value of [undefined, null, 1, 'x', [], () => 1, Symbol('x')])
    test.ok(refusal(value), `refused: ${String(value)}`)
})

t.test(
  'unknown words, and expectations that overlap or are missing, are refused by the name of the field',
  async test => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/).map(text => `${text}-no`)
    fc.assert(
      fc.property(fc.constantFrom(...scenarios), word, fc.nat(), (scenario, unknown, pick) => {
        const index = pick % scenario.expectations.length
        const [first] = scenario.expectations
        const toggle = Object.keys(scenario.toggles)[0] ?? ''
        const expectation = (change: object) => ({
          ...scenario,
          expectations: scenario.expectations.map((old, at) => (at === index ? { ...old, ...change } : old)),
        })
        const cases: readonly [unknown, string][] = [
          [expectation({ probes: [unknown] }), `expectations[${index}].probes`],
          [expectation({ mechanism: unknown }), `expectations[${index}].mechanism`],
          [expectation({ when: { [unknown]: '1' } }), `expectations[${index}].when`],
          [expectation({ when: { [toggle]: unknown } }), `expectations[${index}].when`],
          [
            expectation({ kernel: { has: { commit: '', title: '', url: '', since: unknown } } }),
            `expectations[${index}].kernel`,
          ],
          [{ ...scenario, controls: [unknown] }, 'controls'],
          [{ ...scenario, expectations: [] }, 'expectations'],
          [
            { ...scenario, expectations: [...scenario.expectations, first] },
            `expectations[${scenario.expectations.length}]`,
          ],
          [
            { ...scenario, experiments: [{ title: '', fixes: [{ [unknown]: '1' }] }] },
            'experiments[0].fixes[0]',
          ],
          [
            { ...scenario, experiments: [{ title: '', given: { [toggle]: unknown }, fixes: [] }] },
            'experiments[0].given',
          ],
          [
            { ...scenario, experiments: [{ title: '', fixes: [], probes: [unknown] }] },
            'experiments[0].probes',
          ],
          [
            {
              ...scenario,
              probes: { ...scenario.probes, p: { kind: 'ping', node: unknown, to: '10.0.0.1' } },
            },
            'probes.p',
          ],
          [{ ...scenario, probes: { ...scenario.probes, p: { kind: unknown, node: 'x' } } }, 'probes.p'],
          [
            {
              ...scenario,
              probes: { ...scenario.probes, '../p': { kind: 'ping', node: 'x', to: '10.0.0.1' } },
            },
            'probes.../p',
          ],
        ]
        for (const [value, field] of cases) {
          const message = refusal(value)?.message ?? 'it is planned'
          if (!message.startsWith(`scenarios/${scenario.id}/scenario.ts: ${field}`))
            throw new Error(`${field}: ${message}`)
        }
      }),
      runs(25),
    )
    test.pass('refused')
  },
)

t.test('a toggle that is no fix’s, whatever its name, chooses nothing', async test => {
  for (const scenario of scenarios)
    test.same(planScenario(scenario, { ...OPTIONS, toggles: ['toString', '__proto__', 'constructor'] }), [])
})

const folder = dirSync({ unsafeCleanup: true })
t.teardown(() => folder.removeCallback())

t.test('topologies that are accepted are really built, carry packets, and are taken down', async test => {
  const count = MORE === undefined ? 8 : Math.min(Number(MORE), 60)
  const buildable = built.filter(
    ({ topology, reach }) =>
      reach !== undefined &&
      Object.values(topology.nodes).every(node => !node.packetHold && !node.routerAdvertisements),
  )
  const samples = fc.sample(buildable, { numRuns: count, ...(MORE === undefined ? { seed: 6 } : {}) })
  const files = samples.map(({ topology, reach }, index) => {
    const scenario = {
      id: `property-${index}`,
      title: 'A random topology',
      source: { title: '', url: '', says: '' },
      drawing: '',
      needs: ['veth', 'bridge'],
      topology,
      toggles: {},
      probes: { near: { kind: 'ping', ...reach } },
      controls: ['near'],
      mechanisms: {},
      expectations: [{ probes: ['near'], outcome: 'works', why: 'It is on the same link.' }],
      experiments: [{ title: '', fixes: [] }],
    }
    const file = join(folder.name, `${index}.mjs`)
    writeFileSync(file, `export default ${JSON.stringify(scenario)}\n`)
    return pathToFileURL(file).href
  })
  const main = fileURLToPath(new URL('./cli/main.js', import.meta.url))
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, 'run', ...files, '--keep-going', '--json', '-'],
    {
      encoding: 'utf8',
      timeout: 300_000,
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 28,
    },
  )
  if (status === 69) {
    test.pass('topologies are built', { skip: `no world can be made: ${stderr.trim().slice(0, 300)}` })
    return
  }
  if (!stdout.startsWith('{')) throw new Error(`status ${status}: ${stderr.slice(0, 2000)}`)
  const report: Report = reportSchema.parse(JSON.parse(stdout))
  test.equal(report.scenarios.length, samples.length)
  for (const [index, { verdict, reason }] of report.scenarios.entries())
    if (verdict === 'skipped') test.pass(`property-${index}`, { skip: reason })
    else test.equal(verdict, 'confirmed', `${reason}: ${JSON.stringify(samples[index])}`)
  test.same(
    report.unavailable.filter(({ what }) => what.startsWith('taking down')),
    [],
  )
})
