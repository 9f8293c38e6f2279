/** Liars that are not noticed, and need not be: what they do comes to the same, and why. */
import type { Liar } from './liar.js'

/** A group of liars with one reason. */
export interface Equivalent {
  /** Which of them, for a reader. */
  readonly which: string
  readonly why: string
  is(liar: Liar): boolean
}

/** Sources of evidence that leave things out anyway: rate limits, rings that go round. */
const LOSSY: readonly string[] = ['kernel-log', 'drop', 'fib']

export const EQUIVALENTS: readonly Equivalent[] = [
  {
    which: 'what the kernel log or the tracer (`drop`, `fib`) has seen is withheld',
    why: 'both leave things out anyway, and other proofs carry the verdict; where the kernel itself is never heard to say so, a closer look finds that out, and that is an error',
    is: liar => liar.of === 'evidence' && liar.lie === 'withholds' && LOSSY.includes(liar.tool),
  },
  {
    which: '`nwfilter`: either of the two filters in place of the other',
    why: 'they are one rule under two names, as it was proposed and as it was merged',
    is: liar => isAbout(liar, 'nwfilter') && /^sets (no-mac|nova-no-nd)-reflection$/.test(liar.lie),
  },
  {
    which: '`isolated-neighbour=on`: the VM’s port is isolated, too',
    why: 'the only fix with it isolates that port as well',
    is: liar =>
      isAbout(liar, 'isolated-neighbour') &&
      liar.setting === 'on' &&
      liar.lie === 'switches it for vnet0, too',
  },
  {
    which: '`stp-forward-delay`: `forward_delay=0` in place of 2',
    why: 'where STP runs the kernel lifts it to two seconds (br_stp_start())',
    is: liar => isAbout(liar, 'forward_delay') && liar.setting === '2' && liar.lie === 'sets 0',
  },
  {
    which: '`dad-timing=default`: not written, or written elsewhere',
    why: 'it is what a fresh device has: the setting is there to be told from the hurried one',
    is: liar => isAbout(liar, 'dad-timing') && liar.setting === 'default' && !liar.lie.startsWith('takes'),
  },
  {
    which: '`stale-udp-conntrack`: `nf_conntrack_udp_timeout=30` is not written, or written elsewhere',
    why: 'what goes before it, `before`, has been done with 30 seconds anyway',
    is: liar =>
      isAbout(liar, 'nf_conntrack_udp_timeout', 'stale-udp-conntrack') &&
      liar.setting === '30' &&
      !liar.lie.startsWith('takes'),
  },
  {
    which: '`snat-stale-after-failover`: connection tracking forgets everything when `nat` is set, too',
    why: 'there is nothing yet to forget: the flow that is to be remembered begins after it',
    is: liar =>
      isAbout(liar, 'nat', 'snat-stale-after-failover') && liar.lie === 'sets conntrack=deleted, too',
  },
  {
    which:
      '`ra-prefix-static-address`: the address before the advertisement in place of after it, or the other way round',
    why: 'where the kernel has f72514b3c569, it does not matter which came first; that is what it repairs',
    is: liar =>
      isAbout(liar, 'order', 'ra-prefix-static-address') &&
      liar.setting !== 'own-route' &&
      /^(sets (advertised|address)-first$|takes it back)/.test(liar.lie),
  },
]

/** Whether a liar is about a toggle, of this scenario where others have one of its name. */
function isAbout(
  liar: Liar,
  toggle: string,
  scenario?: string,
): liar is Extract<Liar, { readonly of: 'toggle' }> {
  return (
    liar.of === 'toggle' &&
    liar.toggle === toggle &&
    (scenario === undefined || liar.scenario.id === scenario)
  )
}

/** Why what a liar does comes to the same; undefined where nobody knows of that. */
export function equivalenceOf(liar: Liar): string | undefined {
  return EQUIVALENTS.find(({ is }) => is(liar))?.why
}
