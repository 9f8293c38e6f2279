/** Lies of sysctl(8). */
import { type SysctlsStep, sysctlCommand } from '../../../src/model/steps.js'
import type { Topology } from '../../../src/model/topology.js'
import { besides, type Change, type Deed, type Lie, otherwise, toolSteps } from '../lie.js'

/** `net.ipv4.conf.DEVICE.KEY` and its like: what is before the device, the device, and what is behind it. */
const DEVICE_KEY = /^(net\.ipv[46]\.(?:conf|neigh)\.)([^.]+)(\..+)$/

/** Other keys, other devices, other nodes; and a switch that takes away evidence. */
export function liesAboutSysctls(change: Change): Lie[] {
  const written = change.steps.flatMap(step => (step.do === 'sysctls' ? [step] : []))
  if (written.length === 0) return []
  const { topology } = change.scenario
  const keys = moved(change, written)
  const rewritten = (name: string, rewrite: (step: SysctlsStep) => Deed) =>
    otherwise(change, name, step => (step.do === 'sysctls' ? [rewrite(step)] : undefined))
  return [
    ...keys.flatMap(key => rewritten(`leaves out ${key}`, step => write(step, without(step, key)))),
    ...otherDevices(topology, written).flatMap(device =>
      rewritten(`writes it for ${device}`, step => write(step, forDevice(step, device))),
    ),
    ...otherNodes(topology, written).flatMap(node =>
      rewritten(`writes it in node ${node}`, step => write({ ...step, node }, step.values)),
    ),
    besides(
      change,
      'switches log_martians off, too',
      written.map(({ node }) => ({ node, argv: ['sysctl', '-q', '-w', 'net.ipv4.conf.all.log_martians=0'] })),
    ),
  ]
}

/** Keys that a change moves, where these are several: to leave out one that stays is no lie. */
function moved({ scenario, toggle, to, from, context }: Change, written: readonly SysctlsStep[]): string[] {
  const knob = scenario.toggles[toggle]
  const other = from ?? knob?.settings.find(setting => setting !== to)
  const before = other === undefined ? [] : toolSteps(knob?.change(other, to, context) ?? [])
  const valuesBefore = new Map(
    before.flatMap(step => (step.do === 'sysctls' ? Object.entries(step.values) : [])),
  )
  const values = new Map(written.flatMap(step => Object.entries(step.values)))
  const keys = [...values].flatMap(([key, value]) => (valuesBefore.get(key) === value ? [] : [key]))
  return values.size < 2 ? [] : keys
}

type Values = Readonly<Record<string, string>>

function write(step: SysctlsStep, values: Values): Deed {
  return { node: step.node, argv: sysctlCommand({ ...step, values }) }
}

function without({ values }: SysctlsStep, key: string): Values {
  return Object.fromEntries(Object.entries(values).filter(([other]) => other !== key))
}

/** All that is for one device for another one. */
function forDevice({ values }: SysctlsStep, device: string): Values {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key.replace(DEVICE_KEY, `$1${device}$3`), value]),
  )
}

/** Two devices of the nodes that nothing is written for, or `default`. */
function otherDevices({ links }: Topology, steps: readonly SysctlsStep[]): string[] {
  const keys = steps.flatMap(({ values }) => Object.keys(values))
  const named = new Set(keys.flatMap(key => DEVICE_KEY.exec(key)?.[2] ?? []))
  if (named.size === 0) return []
  const nodes = new Set(steps.map(({ node }) => node))
  const devices = links.flat().flatMap(({ node, device }) => (nodes.has(node) ? [device] : []))
  return [...new Set(['default', ...devices])].filter(device => !named.has(device)).slice(0, 2)
}

function otherNodes({ nodes }: Topology, steps: readonly SysctlsStep[]): string[] {
  const own = new Set(steps.map(({ node }) => node))
  return Object.keys(nodes)
    .filter(node => !own.has(node))
    .slice(0, 1)
}
