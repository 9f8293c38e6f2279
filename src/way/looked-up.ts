/**
 * The way of a probe's packet from lookups: walked from the probe's node to the one that takes it, and back with the answer. Where
 * that contradicts what came of the probe (it worked, and the walk does not arrive; it was lost at a place, and the walk does not come
 * by), the kernel was not asked for what it did, and there is no way rather than a wrong one.
 */
import type { MeasuredWay } from '../model/report.js'
import type { Place } from './journeys.js'
import type { Ends, Packet } from './packet.js'
import { stopsOf } from './stops.js'
import { reversed } from './translations.js'
import { type Says, type WalkedStop, walk } from './walk.js'

/** What a walk is to find. */
export interface Walk {
  readonly from: string
  readonly packet: Ends
  readonly protocol: Packet['protocol'] | undefined
  /** The node whose server must get it, where the probe names one. */
  readonly server: string | undefined
  /** Whether something of it must have been lost. */
  readonly lost: boolean
  /** Where it was lost, where evidence has proved that. */
  readonly at: { readonly node: string; readonly device?: string } | undefined
  /** Whether the packet is known to have got to where it was for. */
  readonly arrived: boolean
  /** Whether nothing is sent back. */
  readonly oneWay: boolean
  /** The bridge that a device is a port of. */
  readonly bridge: (node: string, device: string) => string | undefined
}

/** The way; undefined where the kernel says none that fits. */
export function lookedUpWay(sought: Walk, says: Says): MeasuredWay | undefined {
  const { from, packet, protocol, server, lost, at, arrived, oneWay } = sought
  if (lost && !at) return undefined
  const isThere = ({ node, device }: Place) =>
    node === at?.node &&
    (at.device === undefined || at.device === device || at.device === sought.bridge(node, device))
  const isNowhere = () => false
  const way = (out: readonly WalkedStop[], back?: readonly WalkedStop[], isLost = lost): MeasuredWay => {
    const last = (back ?? out).at(-1)
    return {
      measured: 'lookups',
      ...(protocol === undefined ? {} : { protocol }),
      stops: stopsOf(out, protocol, packet),
      ...(back ? { answer: stopsOf(back, protocol) } : {}),
      ...(isLost && last ? { lost: { node: last.node, device: at?.device ?? last.device } } : {}),
    }
  }
  // Of a node alone, that it was lost inside: one that sends it loses nothing until the answer is there.
  const mayBeThere = lost && !arrived && !(at?.node === from && at.device === undefined)
  const out = walk(from, packet, says, mayBeThere ? isThere : isNowhere)
  const last = out.stops.at(-1)
  if (!last) return undefined
  if (out.end === 'lost') return way(out.stops)
  const leaving = out.leaving === undefined ? undefined : way(out.stops.slice(0, out.leaving))
  if (out.end === 'unknown' || (server !== undefined && last.node !== server)) return leaving
  if (lost && last.node === at?.node && at.node !== from) return way(out.stops)
  // What arrived, and brings nothing back, failed by something else than a loss.
  if (oneWay) return leaving ?? way(out.stops, undefined, false)
  const back = walk(last.node, reversed(out.packet), says, lost ? isThere : isNowhere)
  if (back.end === 'lost') return way(out.stops, back.stops)
  if (back.leaving !== undefined) return way(out.stops, back.stops.slice(0, back.leaving))
  if (leaving) return leaving
  const isHome = back.end === 'local' && back.stops.at(-1)?.node === from
  return isHome && (!lost || at?.node === from) ? way(out.stops, back.stops) : undefined
}
