import { deviceToggle } from './toggle.js'

/**
 * `mcast_snooping` of a bridge: whether multicast goes only to ports that asked for it, as soon as there is a querier that has them ask
 * (br_handle_frame_finish(), br_multicast_querier_exists(), net/bridge).
 */
export function mcastSnooping<const N extends string>({ node, bridge }: { node: N; bridge: string }) {
  const command = (value: string) => [
    ...['ip', 'link', 'set', 'dev', bridge, 'type', 'bridge', 'mcast_snooping', value],
  ]
  return deviceToggle<'on' | 'off', N>({
    summary: 'send multicast only to the ports that asked for it',
    node,
    commands: { on: command('1'), off: command('0') },
    says: { what: `link ${bridge} mcast_snooping`, values: { on: 'on', off: 'off' } },
  })
}
