import { startingWith, sysctlToggle } from './toggle.js'

/** `route_localnet`: whether 127.0.0.0/8 may be routed. `all` and the arrival device are OR-ed (IN_DEV_ROUTE_LOCALNET). */
export function routeLocalnet<const N extends string>({
  nodes,
  first,
}: {
  nodes: readonly N[]
  first: '0' | '1'
}) {
  return startingWith(
    first,
    sysctlToggle<'0' | '1', N>({
      summary: 'take 127.0.0.0/8 for an address that may be routed',
      nodes,
      values: {
        '0': { 'net.ipv4.conf.all.route_localnet': 0 },
        '1': { 'net.ipv4.conf.all.route_localnet': 1 },
      },
    }),
  )
}
