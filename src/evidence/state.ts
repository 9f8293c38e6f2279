/** The state that a trial ran in, as text: the settings in force, and what the nodes' tables hold. */
import { readdirSync, readFileSync } from 'node:fs'
import type { EvidenceContext } from '../model/evidence.js'
import { LOADED_SETS, rulePrograms } from '../model/steps.js'
import type { Topology } from '../model/topology.js'

/** The settings of a device that the documented failures hang on. */
const IPV4 = ['accept_local', 'log_martians', 'route_localnet', 'rp_filter', 'send_redirects']
const IPV6 = ['accept_dad', 'accept_ra', 'dad_transmits', 'disable_ipv6', 'enhanced_dad']
const BRIDGE = ['bridge-nf-call-iptables', 'bridge-nf-call-ip6tables', 'bridge-nf-call-arptables']

/** Describes every node. A command that fails is part of the text, not an error. */
export async function describeState(topology: Topology, context: EvidenceContext): Promise<string> {
  const nodes = await Promise.all(
    Object.entries(topology.nodes).map(async ([node, { bridges, ipv6, ...own }]) => {
      const commands = [
        ...(ipv6 ? [['ip', '-6', 'addr']] : []),
        ...(bridges ? [['bridge', 'fdb', 'show']] : []),
        ...LOADED_SETS.flatMap(set => (own[set] ? [[rulePrograms(context.iptables, set).save, '-c']] : [])),
      ]
      const said = await Promise.all(
        commands.map(async argv => {
          const { stdout, stderr } = await context.exec(node, argv)
          return `$ ${argv.join(' ')}\n${stdout}${stderr}`
        }),
      )
      return `## ${node}\n${settings(context, node)}\n${said.join('\n')}`
    }),
  )
  return nodes.join('\n')
}

function settings(context: EvidenceContext, node: string): string {
  return context
    .netns(node)
    .inside(() =>
      [
        ...deviceSettings('ipv4', IPV4),
        ...deviceSettings('ipv6', IPV6),
        ...BRIDGE.flatMap(key => setting(`net/bridge/${key}`)),
      ].join('\n'),
    )
}

function deviceSettings(family: 'ipv4' | 'ipv6', keys: readonly string[]): string[] {
  let devices: string[] = []
  try {
    devices = readdirSync(`/proc/sys/net/${family}/conf`)
  } catch (error) {
    // A kernel without IPv6 has none.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  return devices.flatMap(device => keys.flatMap(key => setting(`net/${family}/conf/${device}/${key}`)))
}

function setting(path: string): string[] {
  try {
    return [`${path} = ${readFileSync(`/proc/sys/${path}`, 'utf8').trim()}`]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
