import { startingWith, sysctlToggle } from './toggle.js'

/**
 * `fib_multipath_hash_policy`: what a router chooses among several ways by (fib_multipath_hash(), net/ipv4/route.c): the two addresses
 * (0; of an ICMP error, those of the packet that it is about), or ports as well (1).
 */
export function fibMultipathHashPolicy<const N extends string>({
  node,
  first,
}: {
  node: N
  first: '0' | '1'
}) {
  const value = (setting: number) => ({ 'net.ipv4.fib_multipath_hash_policy': setting })
  return startingWith(
    first,
    sysctlToggle<'0' | '1', N>({
      summary: 'choose among several ways by ports, too',
      nodes: [node],
      values: { '0': value(0), '1': value(1) },
    }),
  )
}
