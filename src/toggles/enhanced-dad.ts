import { sysctlToggle } from './toggle.js'

/**
 * `enhanced_dad` (RFC 7527): solicitations carry a nonce, and one's own that comes back is known by it. On by default
 * since adc176c54722 (4.10). `all` and the device are OR-ed (addrconf_dad_kick), so off means both.
 */
export function enhancedDad<const N extends string>({ node, device }: { node: N; device: string }) {
  const values = (all: number, own: number) => ({
    'net.ipv6.conf.all.enhanced_dad': all,
    [`net.ipv6.conf.${device}.enhanced_dad`]: own,
  })
  return sysctlToggle<'off' | 'all' | 'device', N>({
    summary: 'know one’s own neighbour solicitation by its nonce',
    nodes: [node],
    values: { off: values(0, 0), all: values(1, 0), device: values(0, 1) },
  })
}
