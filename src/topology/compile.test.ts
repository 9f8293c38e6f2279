import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import type { Step } from '../model/steps.js'
import { PLAIN_IPTABLES } from '../model/steps.js'
import type { Topology } from '../model/topology.js'
import { type CompiledTopology, compileTopology } from './compile.js'
import { programOf } from './programs.js'
import { built, INSTANCE } from './topology.fixture.js'

/** What ip(8) would be told in place of a step. */
const linesOf = (step: Step) =>
  step.do === 'namespaces' || step.do === 'network' ? (programOf(step).stdin ?? '').trimEnd().split('\n') : []

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
      const node = 'node' in step ? step.node : null
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
        const address = is(/^addr add \S+(?: nodad)?(?: noprefixroute)? dev (\S+)$/)
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
        else if (!/^(route|rule|nexthop) add \S/.test(line))
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
  'the plan of any topology names nothing before it is made, and takes down what it makes',
  async test => {
    fc.assert(
      fc.property(built, ({ topology }) => {
        const wrong = flaws(topology, compileTopology(topology, INSTANCE, PLAIN_IPTABLES))
        if (wrong.length > 0) throw new Error(wrong.join('\n'))
      }),
      runs(400),
    )
    test.pass('whole')
  },
)

t.test(
  'an end that is left down is neither set up nor waited for, and nor is what has no carrier by it',
  async test => {
    const { build } = compileTopology(
      {
        nodes: {
          host: { is: '', addresses: { eth0: ['192.0.2.1/24 noprefixroute'] } },
          switch: { is: '', bridges: { br0: { ports: ['port1', 'port2'] } } },
          other: { is: '' },
        },
        links: [
          [
            { node: 'host', device: 'eth0' },
            { node: 'switch', device: 'port1', down: true },
          ],
          [
            { node: 'host', device: 'eth1' },
            { node: 'switch', device: 'port2' },
          ],
        ],
      },
      INSTANCE,
      PLAIN_IPTABLES,
    )
    const lines = build.flat().flatMap(linesOf)
    test.notOk(lines.some(line => /port1.*up$/.test(line)))
    test.ok(lines.includes('link set port1 master br0'))
    test.ok(lines.includes('link set eth0 up'))
    const waited = build.flat().flatMap(step => (step.do === 'links-up' ? Object.keys(step.devices) : []))
    test.same(waited.sort(), ['br0', 'port2'])
  },
)

t.test('a distribution’s sysctls stand in for the lab’s, and give way to the document’s', async test => {
  const file = '/usr/lib/sysctl.d/50-default.conf'
  const set = (place: string, name: string, value: string) => ({
    ...{ sysctl: `net.ipv4.conf.${place}.${name}`, value, file },
  })
  const sysctls = { 'net.ipv4.conf.eth0.log_martians': 1, 'net.ipv4.conf.default.arp_ignore': 1 }
  const topology: Topology = {
    nodes: { host: { is: 'a host', sysctls }, peer: { is: 'its peer' } },
    links: [
      [
        { node: 'host', device: 'eth0' },
        { node: 'peer', device: 'eth0' },
      ],
    ],
  }
  const { build } = compileTopology(topology, INSTANCE, PLAIN_IPTABLES, [
    ...[set('default', 'rp_filter', '2'), set('default', 'arp_ignore', '2')],
    ...[set('eth0', 'rp_filter', '2'), set('eth0', 'log_martians', '0')],
  ])
  const values = build
    .flat()
    .flatMap(step => (step.do === 'sysctls' && step.node === 'host' ? [step.values] : []))
  test.equal(values.length, 2)
  test.match(values[0], { 'net.ipv4.conf.default.rp_filter': '2', 'net.ipv4.conf.default.arp_ignore': '1' })
  test.strictSame(values[1], { 'net.ipv4.conf.eth0.rp_filter': '2', 'net.ipv4.conf.eth0.log_martians': '1' })
})

t.test(
  'what a device with IPv6 gets by itself is the kernel’s own default, whatever the machine has',
  async test => {
    const topology: Topology = {
      nodes: { host: { is: 'a host', ipv6: true }, other: { is: 'a host without IPv6' } },
      links: [
        [
          { node: 'host', device: 'eth0' },
          { node: 'other', device: 'eth0' },
        ],
      ],
    }
    const steps = compileTopology(topology, INSTANCE, PLAIN_IPTABLES).build.flat()
    const written = (node: string) =>
      steps.flatMap(step => (step.do === 'sysctls' && step.node === node ? Object.entries(step.values) : []))
    const defaults = new Map(written('host').map(([key, value]) => [key, String(value)]))
    for (const [key, value] of [
      ['addr_gen_mode', '0'],
      ['autoconf', '1'],
      ['accept_ra_pinfo', '1'],
      ['router_solicitations', '-1'],
      ['max_addresses', '16'],
      ['forwarding', '0'],
    ])
      test.equal(defaults.get(`net.ipv6.conf.default.${key}`), value)
    test.notOk(written('other').some(([key]) => key.endsWith('addr_gen_mode')))
  },
)

t.test('a node that forwards IPv6 says nothing else of its future devices: `all` sets both', async test => {
  const forwards = { 'net.ipv6.conf.all.forwarding': 1 }
  const topology: Topology = {
    nodes: { router: { is: 'a router', ipv6: true, sysctls: forwards } },
    links: [],
  }
  const steps = compileTopology(topology, INSTANCE, PLAIN_IPTABLES).build.flat()
  const keys = steps.flatMap(step => (step.do === 'sysctls' ? Object.keys(step.values) : []))
  test.ok(keys.includes('net.ipv6.conf.all.forwarding'))
  test.notOk(keys.includes('net.ipv6.conf.default.forwarding'))
  test.ok(keys.includes('net.ipv6.conf.default.autoconf'))
})

t.test('the policy of a chain is loaded with its table, for either family', async test => {
  const rules = { filter: ['-P FORWARD DROP', '-A FORWARD -j OWN', '-A OWN -j RETURN'] }
  const topology: Topology = {
    nodes: { host: { is: 'a host', ipv6: true, iptables: rules, ip6tables: rules } },
    links: [],
  }
  const loads = compileTopology(topology, INSTANCE, PLAIN_IPTABLES)
    .build.flat()
    .flatMap(step => (step.do === 'run' ? [step] : []))
  test.same(
    loads.map(({ argv }) => argv[0]),
    ['iptables-restore', 'ip6tables-restore'],
  )
  for (const { stdin } of loads)
    test.equal(
      stdin,
      '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:OWN - [0:0]\n-A FORWARD -j OWN\n-A OWN -j RETURN\nCOMMIT\n',
    )
})
