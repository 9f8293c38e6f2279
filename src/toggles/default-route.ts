import { run } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'

/**
 * A default route over several ways that is a list of them (`nexthop via … nexthop via …`), or refers to a group of next hop objects
 * that does the same (`nhid 9`). `ways` are those of the list, `group` is the group's id.
 */
export function defaultRoute<const N extends string>({
  node,
  ways,
  group,
}: {
  node: N
  ways: readonly { readonly via: string; readonly device: string }[]
  group: number
}): Toggle<'multipath' | 'group', N> {
  const summary = 'let the default route list its ways, or refer to a group of next hop objects'
  const words = {
    multipath: ways.flatMap(({ via, device }) => ['nexthop', 'via', via, 'dev', device]),
    group: ['nhid', String(group)],
  }
  const says = {
    multipath: ways.map(({ via, device }) => `nexthop via ${via} dev ${device} weight 1`).join(' '),
    group: `nhid ${group}`,
  }
  const command = (setting: 'multipath' | 'group') => [
    ...['ip', 'route', 'replace', 'default'],
    ...words[setting],
  ]
  return {
    summary,
    settings: ['multipath', 'group'],
    nodes: [node],
    needs: [],
    change: (to, from) => (to === (from ?? 'multipath') ? [] : [run(node, command(to), summary)]),
    claims: setting => [{ node, what: 'route default table main', value: `${says[setting]} unicast` }],
    onRealSystem: setting => [command(setting).join(' ')],
  }
}
