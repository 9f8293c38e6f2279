import { deviceToggle } from './toggle.js'

/**
 * `mcast_router` of a bridge port: 1 takes it for one with a router behind it while queries come in by it, 2 always
 * (br_multicast_set_port_router(), net/bridge/br_multicast.c). Such a port gets all multicast.
 */
export function mcastRouter<const N extends string>({ node, port }: { node: N; port: string }) {
  const command = (value: string) => [
    ...['ip', 'link', 'set', 'dev', port, 'type', 'bridge_slave', 'mcast_router', value],
  ]
  return deviceToggle<'1' | '2', N>({
    summary: 'take the port for one with a router of multicast behind it',
    node,
    commands: { '1': command('1'), '2': command('2') },
    says: { what: `link ${port} mcast_router`, values: { '1': '1', '2': '2' } },
  })
}
