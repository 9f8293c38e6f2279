import { run } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'

/**
 * The MTU of a default route (RTAX_MTU): what a host takes for the path's MTU before anybody told it so. `rtoMinMs` is the `rto_min`
 * that the route has besides.
 */
export function routeMtu<const N extends string>({
  node,
  via,
  device,
  mtu,
  rtoMinMs,
}: {
  node: N
  via: string
  device: string
  mtu: number
  rtoMinMs?: number
}): Toggle<'unset' | 'set', N> {
  const summary = 'give the default route the path’s MTU'
  const command = (setting: 'unset' | 'set') => [
    ...['ip', 'route', 'replace', 'default', 'via', via, 'dev', device],
    ...(setting === 'set' ? ['mtu', String(mtu)] : []),
    ...(rtoMinMs === undefined ? [] : ['rto_min', `${rtoMinMs}ms`]),
  ]
  return {
    summary,
    settings: ['unset', 'set'],
    nodes: [node],
    needs: [],
    change: (to, from) => (from === undefined && to === 'unset' ? [] : [run(node, command(to), summary)]),
    claims: setting => [
      {
        node,
        what: 'route default table main',
        value: [
          `via ${via} dev ${device}`,
          ...(setting === 'set' ? [`mtu ${mtu}`] : []),
          ...(rtoMinMs === undefined ? [] : [`rto_min lock ${rtoMinMs}`]),
          'unicast',
        ].join(' '),
      },
    ],
    onRealSystem: setting => [command(setting).join(' ')],
  }
}
