import { run } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'

/**
 * The MTU of default routes (RTAX_MTU): what a host takes for the path's MTU before anybody told it so; with `advmss`, also the MSS
 * that it announces. `rtoMinMs` is the `rto_min` that each route has besides.
 */
export function routeMtu<const N extends string>({
  routes,
  mtu,
  advmss,
  rtoMinMs,
}: {
  routes: readonly { readonly node: N; readonly via: string; readonly device: string }[]
  mtu: number
  advmss?: number
  rtoMinMs?: number
}): Toggle<'unset' | 'set', N> {
  type Route = (typeof routes)[number]
  const summary = 'give the default route the path’s MTU'
  const command = ({ via, device }: Route, setting: 'unset' | 'set') => [
    ...['ip', 'route', 'replace', 'default', 'via', via, 'dev', device],
    ...(setting === 'set' ? ['mtu', String(mtu)] : []),
    ...(setting === 'set' && advmss !== undefined ? ['advmss', String(advmss)] : []),
    ...(rtoMinMs === undefined ? [] : ['rto_min', `${rtoMinMs}ms`]),
  ]
  const says = ({ via, device }: Route, setting: 'unset' | 'set') => [
    `via ${via} dev ${device}`,
    ...(setting === 'set' ? [`mtu ${mtu}`] : []),
    ...(setting === 'set' && advmss !== undefined ? [`advmss ${advmss}`] : []),
    ...(rtoMinMs === undefined ? [] : [`rto_min lock ${rtoMinMs}`]),
    'unicast',
  ]
  return {
    summary,
    settings: ['unset', 'set'],
    nodes: routes.map(({ node }) => node),
    needs: [],
    change: (to, from) =>
      from === undefined && to === 'unset'
        ? []
        : routes.map(route => run(route.node, command(route, to), summary)),
    claims: setting =>
      routes.map(route => ({
        node: route.node,
        what: 'route default table main',
        value: says(route, setting).join(' '),
      })),
    onRealSystem: setting => routes.slice(0, 1).map(route => command(route, setting).join(' ')),
  }
}
