import type { Claim } from '../model/configuration.js'
import { run } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'
import { startingWith } from './toggle.js'

/** BR_MIN_FORWARD_DELAY (net/bridge/br_private_stp.h), in seconds. */
const SHORTEST_DELAY = 2
const HUNDREDTHS = 100

/**
 * The spanning tree of a bridge: `stp_state`, and `forward_delay` in seconds, which is what a new port listens for and then learns for
 * (br_make_forwarding, net/bridge/br_stp.c). The kernel lifts the delay to two seconds when STP begins (br_stp_start()), and takes no
 * less while it runs (br_set_forward_delay()): each of the two toggles therefore sets both, the delay first.
 */
export function stp<const D extends string, const N extends string>({
  node,
  bridge,
  first,
  delays,
}: {
  node: N
  bridge: string
  /** The setting of `stp_state` in the document's failure. */
  first: 'on' | 'off'
  delays: readonly [D, ...D[]]
}): { readonly stp_state: Toggle<'off' | 'on', N>; readonly forward_delay: Toggle<D, N> } {
  const set = (...words: string[]) => ['ip', 'link', 'set', 'dev', bridge, 'type', 'bridge', ...words]
  const words = (on: boolean, delay: string) => [
    ...['forward_delay', String(Number(delay) * HUNDREDTHS)],
    ...['stp_state', on ? '1' : '0'],
  ]
  const change = (on: boolean, delay: string, why: string) => [
    run(node, set('stp_state', '0'), why),
    run(node, set(...words(on, delay)), why),
  ]
  const delayOf = (on: boolean, delay: string): Claim<N> => ({
    node,
    what: `link ${bridge} forward_delay`,
    value: String(Math.max(on ? SHORTEST_DELAY : 0, Number(delay)) * HUNDREDTHS),
  })
  const summary = 'have the bridge run the spanning tree protocol'
  const delaySummary = 'the seconds that a new port listens for, and learns for'
  return {
    stp_state: startingWith<'off' | 'on', N>(first, {
      summary,
      nodes: [node],
      needs: [],
      settings: ['off', 'on'],
      change: (to, _, { settings }) => change(to === 'on', settings.forward_delay ?? delays[0], summary),
      claims: (setting, { settings }) => [
        { node, what: `link ${bridge} stp_state`, value: setting === 'on' ? '1' : '0' },
        delayOf(setting === 'on', settings.forward_delay ?? delays[0]),
      ],
      onRealSystem: setting => [set('stp_state', setting === 'on' ? '1' : '0').join(' ')],
    }),
    forward_delay: {
      summary: delaySummary,
      nodes: [node],
      needs: [],
      settings: delays,
      // What sets `stp_state` first sets the delay as well.
      change: (to, from, { settings: { stp_state } }) =>
        from === undefined && stp_state !== undefined
          ? []
          : change((stp_state ?? first) === 'on', to, delaySummary),
      claims: (setting, { settings }) => [delayOf((settings.stp_state ?? first) === 'on', setting)],
      onRealSystem: setting => [set('forward_delay', String(Number(setting) * HUNDREDTHS)).join(' ')],
    },
  }
}
