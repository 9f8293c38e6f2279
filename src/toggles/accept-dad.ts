import { startingWith, sysctlToggle } from './toggle.js'

/**
 * `accept_dad`: 0 no duplicate address detection (only when `all` is 0 too), 1 do it, 2 and give up IPv6 on the device
 * when its link-local address is a duplicate (addrconf_dad_failure).
 */
export function acceptDad<const N extends string>({ node, device }: { node: N; device: string }) {
  const values = (value: number) => ({
    'net.ipv6.conf.all.accept_dad': value === 0 ? 0 : 1,
    [`net.ipv6.conf.${device}.accept_dad`]: value,
  })
  return startingWith(
    '1',
    sysctlToggle<'0' | '1' | '2', N>({
      summary: 'detect duplicate addresses',
      nodes: [node],
      values: { '0': values(0), '1': values(1), '2': values(2) },
    }),
  )
}
