import { sysctlToggle } from './toggle.js'

/**
 * `src_valid_mark`: whether the lookup of the way back takes the packet's mark (__fib_validate_source, net/ipv4/fib_frontend.c). `all`
 * and the arrival device are OR-ed (IN_DEV_SRC_VMARK), so it can be set for one device alone.
 */
export function srcValidMark<const D extends string, const N extends string>({
  node,
  device,
}: {
  node: N
  device: D
}) {
  const values = (all: number, own: number) => ({
    'net.ipv4.conf.all.src_valid_mark': all,
    [`net.ipv4.conf.${device}.src_valid_mark`]: own,
  })
  type S = '0' | 'all=1' | `${D}=1`
  return sysctlToggle<S, N>({
    summary: 'take a packet’s mark into account when its source is checked',
    nodes: [node],
    values: { '0': values(0, 0), 'all=1': values(1, 0), [`${device}=1`]: values(0, 1) } as Record<
      S,
      Record<string, number>
    >,
  })
}
