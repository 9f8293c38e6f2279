import { startingWith, sysctlToggle } from './toggle.js'

/**
 * `rp_filter`: 0 off, 1 strict (the route back must use the arrival device), 2 loose (there must be a route back). The
 * larger of `all` and the arrival device counts (IN_DEV_RPFILTER), so both are written. `first` is the setting of the
 * document's failure.
 */
export function rpFilter<const N extends string>({
  nodes,
  devices,
  first,
}: {
  nodes: readonly N[]
  devices: readonly string[]
  first: '0' | '1'
}) {
  const values = (value: number) =>
    Object.fromEntries(['all', ...devices].map(device => [`net.ipv4.conf.${device}.rp_filter`, value]))
  return startingWith(
    first,
    sysctlToggle<'0' | '1' | '2', N>({
      summary: 'check that the route back to the source uses the device that the packet came in on',
      nodes,
      values: { '0': values(0), '1': values(1), '2': values(2) },
    }),
  )
}
