/** Lies of ip(8) and bridge(8) about an option of a device. */
import type { Topology } from '../../../src/model/topology.js'
import { besides, type Change, deedOf, type Lie, otherwise, toolOf } from '../lie.js'

/** Another device, another option. */
export function liesAboutDevices(change: Change): Lie[] {
  const [step] = change.steps
  if (step?.do !== 'run' || !['ip', 'bridge'].includes(toolOf(step))) return []
  const { node, argv } = deedOf(step)
  if (!argv.includes('dev') || !argv.includes('link')) return []
  const at = argv.indexOf('dev') + 1
  const device = argv[at] ?? ''
  const others = argv.includes('type') ? [] : like(change.scenario.topology, node, device)
  const option = argv.at(-2) ?? ''
  const value = argv.at(-1) ?? ''
  const [first = device] = others
  const about = (name: string, rewrite: (argv: readonly string[]) => readonly string[]) =>
    otherwise(change, name, own => [{ node, argv: rewrite(deedOf(own).argv) }])
  return [
    ...others.slice(0, 1).flatMap(other => about(`sets it on ${other}`, words => words.with(at, other))),
    ...(first === device
      ? []
      : [
          besides(change, `switches it for ${first}, too`, [
            { node, argv: argv.with(at, first).with(-1, unusual(option, value)) },
          ]),
        ]),
    ...(toolOf(step) === 'bridge'
      ? [
          ...about('sets `learning` in its place', () => [...argv.slice(0, -2), 'learning', 'off']),
          besides(change, 'switches `learning` off, too', [
            { node, argv: [...argv.slice(0, -2), 'learning', 'off'] },
          ]),
        ]
      : []),
    ...(option === 'promisc'
      ? about('sets `allmulticast` in its place', () => argv.with(-2, 'allmulticast'))
      : []),
    ...(option === 'nf_call_iptables'
      ? about('sets `nf_call_ip6tables` in its place', () => argv.with(-2, 'nf_call_ip6tables'))
      : []),
    besides(change, 'changes the MTU, too', [
      { node, argv: ['ip', 'link', 'set', 'dev', device, 'mtu', '1400'] },
    ]),
    ...(value === 'on' ? about('says so and sets it off', words => words.with(-1, 'off')) : []),
  ]
}

/** The value of an option that a fresh device does not have, written as another one of it. */
function unusual(option: string, like: string): string {
  if (option === 'address') return '52:54:00:00:00:99'
  const on = option !== 'mcast_flood'
  return /^[01]$/.test(like) ? (on ? '1' : '0') : on ? 'on' : 'off'
}

/** Devices of the same node and kind: ports for a port, others for what is none. */
function like({ nodes, links }: Topology, node: string, device: string): string[] {
  const bridges = nodes[node]?.bridges ?? {}
  const ports = Object.values(bridges).flatMap(({ ports }) => ports)
  const devices = links.flat().flatMap(end => (end.node === node ? [end.device] : []))
  const all = ports.includes(device) ? ports : [...Object.keys(bridges), ...devices]
  return all.filter(other => other !== device)
}
