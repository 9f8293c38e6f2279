import { startingWith, sysctlToggle } from './toggle.js'

/**
 * `accept_local`: whether packets that come in with a source address of this host are taken. `all` and the *arrival*
 * device are OR-ed (IN_DEV_ACCEPT_LOCAL, include/linux/inetdevice.h), so `lo` alone says nothing about `device`.
 */
export function acceptLocal<const D extends string, const N extends string>({
  nodes,
  device,
  first,
}: {
  nodes: readonly N[]
  device: D
  first: '0' | 'all=1'
}) {
  const key = (name: string) => `net.ipv4.conf.${name}.accept_local`
  const values = (all: number, own: number, lo: number) => ({
    [key('all')]: all,
    [key(device)]: own,
    [key('lo')]: lo,
  })
  return startingWith<'0' | 'all=1' | `${D}=1` | 'lo=1', N>(
    first,
    sysctlToggle<'0' | 'all=1' | `${D}=1` | 'lo=1', N>({
      summary: 'take packets that arrive with one of this host’s own addresses as source',
      nodes,
      values: {
        '0': values(0, 0, 0),
        'all=1': values(1, 0, 0),
        [`${device}=1`]: values(0, 1, 0),
        'lo=1': values(0, 0, 1),
      } as Record<'0' | 'all=1' | `${D}=1` | 'lo=1', Record<string, number>>,
    }),
  )
}
