/** The stops of a way as a report has them. */
import type { Stop } from '../model/report.js'
import { type Ends, endText, type Packet } from './packet.js'

/** Stops with what is translated before each of them; `before` is what the first one's packet was made of. */
export function stopsOf(
  path: readonly (Pick<Stop, 'node' | 'device' | 'direction'> & { readonly packet: Ends })[],
  protocol: Packet['protocol'] | undefined,
  before?: Ends,
): Stop[] {
  return path.map(({ node, device, direction, packet }, index) => ({
    ...{ node, device, direction },
    ...changes(path[index - 1]?.packet ?? before, packet, protocol),
  }))
}

function changes(
  before: Ends | undefined,
  after: Ends,
  protocol: Packet['protocol'] | undefined,
): Pick<Stop, 'source' | 'destination'> {
  const change = (from: Packet['from'], to: Packet['to']) => {
    const words = { from: endText(from, protocol), to: endText(to, protocol) }
    return words.from === words.to ? undefined : words
  }
  const source = before && change(before.from, after.from)
  const destination = before && change(before.to, after.to)
  return { ...(source ? { source } : {}), ...(destination ? { destination } : {}) }
}
