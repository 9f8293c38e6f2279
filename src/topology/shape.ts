/**
 * The shape of a topology, for what no compiler has checked: JavaScript, JSON, a cast. Behind it, the other checks may
 * take every field for what its type says.
 */
import { z } from 'zod'
import { mapOf, type SchemasOf } from '../model/shape.js'
import type {
  LinkEnd,
  Node,
  NodeDefinition,
  PacketHold,
  Topology,
  TopologyDefinition,
} from '../model/topology.js'

const texts = z.array(z.string())
const device = { device: z.string() }

const endFields = {
  mac: z.string().optional(),
  documentMac: z.string().optional(),
  mtu: z.number().optional(),
  down: z.literal(true).optional(),
  features: z.record(z.string(), z.enum(['on', 'off'])).optional(),
}
const linkEnd = z.strictObject({
  ...device,
  node: z.string(),
  ...endFields,
} satisfies SchemasOf<LinkEnd>)
const place = z.string().regex(/^[^:]+:[^:]+$/, 'expected a node and a device: web:eth0')

const nodeFields = {
  is: z.string(),
  ipv6: z.boolean().optional(),
  bridges: mapOf(z.strictObject({ ports: texts, mac: z.string().optional() })).optional(),
  loopbackMac: z.string().optional(),
  addresses: mapOf(texts).optional(),
  nextHops: texts.optional(),
  routes: texts.optional(),
  rules: texts.optional(),
  sysctls: mapOf(z.union([z.string(), z.number()], 'expected a string or a number')).optional(),
  iptables: mapOf(texts).optional(),
  ip6tables: mapOf(texts).optional(),
  nft: texts.optional(),
  linkOptions: texts.optional(),
  tc: texts.optional(),
  services: z
    .array(
      z.strictObject({
        protocol: z.enum(['tcp', 'udp']),
        address: z.string().optional(),
        port: z.number(),
      } satisfies SchemasOf<NonNullable<Node['services']>[number]>),
    )
    .optional(),
  packetHold: z
    .strictObject({ ...device, port: z.number(), queue: z.number() } satisfies SchemasOf<PacketHold>)
    .optional(),
  routerAdvertisements: z
    .strictObject({ ...device, prefix: z.string() } satisfies SchemasOf<
      NonNullable<Node['routerAdvertisements']>
    >)
    .optional(),
} satisfies SchemasOf<Node>
const node = z.strictObject(nodeFields)
const nodeDefinition = z.strictObject({
  ...nodeFields,
  addresses: mapOf(z.union([z.string(), texts], 'expected an address or a list of them')).optional(),
  gateway: z.string().optional(),
} satisfies SchemasOf<NodeDefinition>)

/** A topology's shape. */
export const topologyShape = z.strictObject({
  nodes: mapOf(node),
  links: z.array(z.tuple([linkEnd, linkEnd])),
} satisfies SchemasOf<Topology>)

/** The shape of a topology as a scenario's file has it. */
export const topologyDefinitionShape = z.strictObject({
  nodes: mapOf(nodeDefinition),
  links: z.array(
    z.tuple([linkEndDefinition(), linkEndDefinition()], 'expected two ends, as web:eth0 or { end: … }'),
  ),
} satisfies SchemasOf<TopologyDefinition>)

function linkEndDefinition() {
  return z.union(
    [place, z.strictObject({ end: place, ...endFields })],
    'expected an end as web:eth0, or { end, mac, documentMac, mtu, features, down: true }',
  )
}
