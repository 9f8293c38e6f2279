import { z } from 'zod'
import type { Finding } from '../model/evidence.js'
import type { FieldsOf } from '../model/fields.js'
import { type Place, partsOf } from '../model/topology.js'
import { readIpv6Addresses } from '../world/proc-net.js'
import { DEVICE_FIELDS, withWords, wordsOf } from './source.js'

const FIELDS = {
  ...DEVICE_FIELDS,
  source: z.literal('address'),
  startsWith: z.string(),
  flag: z.enum(['dadfailed', 'tentative', 'missing', 'none']),
}
type AddressProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

const LIBRARY = `# address before|after NODE DEVICE PREFIX dadfailed|tentative|missing|none
address() {
  [ "$1" = after ] || return 0
  line=$({
    in_node "$2" ip -6 -o addr show dev "$3"
    # What the probe itself has added, and taken away again.
    [ "$5" != dadfailed ] || cat "$work/tested" 2>/dev/null
  } | grep -F "inet6 $4" | sed 's/ *\\\\.*//; s/  */ /g')
  case $5:$line in
    dadfailed:*dadfailed* | tentative:*tentative* | missing: | none: | missing:*tentative*)
      finding seen "$2" "$3: \${line:-no address $4}"
      proved=yes
      ;;
    *) finding absent "$2" "$3: \${line:-no address $4}" ;;
  esac
}
`

/**
 * The state of an IPv6 address, from /proc/net/if_inet6, by how it begins. `dadfailed`: it is there, and given up; `tentative`: it
 * is there, and duplicate address detection has not ended; `missing`: there is none that could be used; `none`: there is none at
 * all. One that the probe had to itself counts as it was when the probe took it away. `andStays`: also where the failure is repaired.
 */
export const addressIs = wordsOf(
  <const N extends string>(place: Place<N>, startsWith: string, flag: AddressProof['flag']) => {
    const { node, device } = partsOf(place)
    return proof<N>({ source: 'address', node: node as N, device, startsWith, flag })
  },
  {
    source: 'address',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    happens: () => true,
    isOwnAccount: ({ flag }: AddressProof) => flag === 'dadfailed',
    watch: ({ source, node, device, startsWith, flag }: AddressProof, { netns, result }) => ({
      pollable: true,
      look(): Finding {
        const probed = result()?.duplicate
        const entry = [
          ...readIpv6Addresses(netns(node)),
          ...(probed ? [{ ...probed, tentative: true, dadFailed: true }] : []),
        ].find(found => found.device === device && found.address.startsWith(startsWith))
        if (!entry)
          return {
            source,
            node,
            state: flag === 'dadfailed' || flag === 'tentative' ? 'absent' : 'seen',
            says: `${device} has no address ${startsWith}…`,
          }
        const states = {
          dadfailed: entry.dadFailed,
          tentative: entry.tentative && !entry.dadFailed,
          missing: entry.tentative,
          none: false,
        }
        const flags = [entry.dadFailed ? 'dadfailed' : '', entry.tentative ? 'tentative' : ''].filter(Boolean)
        return {
          source,
          node,
          state: states[flag] ? 'seen' : 'absent',
          says: `${device} inet6 ${entry.address}${flags.length > 0 ? ` ${flags.join(' ')}` : ', no flag of trouble'}`,
        }
      },
    }),
    clarity: 2,
    locates: ({ device }) => ({ device, rank: 2 }),
    script: ({ device, startsWith, flag }) => ({
      words: ['address', device, startsWith, flag],
      library: LIBRARY,
      tools: [],
    }),
  },
)

interface AddressWords<N extends string> {
  /** Also where the failure is repaired. */
  andStays(): AddressProof<N>
}

function proof<N extends string>(data: AddressProof<N>): AddressProof<N> & AddressWords<N> {
  return withWords(data, { andStays: () => proof({ ...data, stops: false }) })
}
