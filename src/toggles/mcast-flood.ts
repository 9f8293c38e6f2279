import { deviceToggle } from './toggle.js'

/** `mcast_flood` of a bridge port: whether multicast without a known group is flooded to it (br_flood, net/bridge/br_forward.c). */
export function mcastFlood<const N extends string>({ node, port }: { node: N; port: string }) {
  const command = (value: string) => ['bridge', 'link', 'set', 'dev', port, 'mcast_flood', value]
  return deviceToggle<'on' | 'off', N>({
    summary: 'flood multicast to the port',
    node,
    commands: { on: command('on'), off: command('off') },
    says: { what: `link ${port} mcast_flood`, values: { off: 'off', on: 'on' } },
  })
}
