/** Every kind of probe, by name. A kind without an entry here does not compile. */

import type { ProbeContext, ProbeKind, ProbeResult } from '../model/probe.js'
import { type Ipv6AddressSpec, ipv6AddressProbe } from './ipv6-address.js'
import { type ManyConnectionsSpec, manyConnectionsProbe } from './many-connections.js'
import { type PingSpec, pingProbe } from './ping.js'
import { type SnatRaceSpec, snatRaceProbe } from './snat-race.js'
import { type TcpSpec, tcpProbe } from './tcp.js'
import { type UdpSpec, udpProbe } from './udp.js'

/** What a user would do, as data. */
export type ProbeSpec = PingSpec | TcpSpec | UdpSpec | Ipv6AddressSpec | SnatRaceSpec | ManyConnectionsSpec

const KINDS: { readonly [K in ProbeSpec['kind']]: ProbeKind<Extract<ProbeSpec, { kind: K }>> } = {
  ping: pingProbe,
  tcp: tcpProbe,
  udp: udpProbe,
  'ipv6-address': ipv6AddressProbe,
  'snat-race': snatRaceProbe,
  'many-connections': manyConnectionsProbe,
}

function kindOf<S extends ProbeSpec>(spec: S): ProbeKind<S> {
  return KINDS[spec.kind] as unknown as ProbeKind<S>
}

/** The probe as a command that a reader knows. */
export function describeProbe(spec: ProbeSpec): string {
  return kindOf(spec).describe(spec)
}

/** Steps before each run of the probe. */
export function prepareProbe(spec: ProbeSpec) {
  return kindOf(spec).prepare?.(spec) ?? []
}

/** Roughly how many milliseconds a probe takes to come to an outcome. */
export function typicalMs(spec: ProbeSpec, outcome: 'works' | 'fails'): number {
  return kindOf(spec).typicalMs(spec, outcome)
}

/** The node that the probe is seen from. */
export function probeNode(spec: ProbeSpec): string {
  return 'node' in spec ? spec.node : (spec.clients[0] ?? '')
}

/** Runs a probe. Throws SystemError when the lab itself is broken. */
export function runProbe(spec: ProbeSpec, context: ProbeContext): Promise<ProbeResult> {
  return kindOf(spec).run(spec, context)
}
