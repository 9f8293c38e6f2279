import { z } from 'zod'
import type { Finding } from '../model/evidence.js'
import type { FieldsOf } from '../model/fields.js'
import { type Place, partsOf } from '../model/topology.js'
import { BRIDGE_OPTIONS, readBridgeOption } from '../world/links.js'
import { DEVICE_FIELDS, withWords, wordsOf } from './source.js'

const FIELDS = {
  ...DEVICE_FIELDS,
  source: z.literal('link-option'),
  option: z.enum(BRIDGE_OPTIONS),
  /** Any of them. */
  values: z.array(z.string()).min(1),
}
type OptionProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

const LIBRARY = `# link_option before|after NODE DEVICE OPTION VALUE...: what the kernel says of a bridge, or of a port of one.
link_option() {
  [ "$1" = after ] || return 0
  where=$2 device=$3 option=$4
  shift 4
  is=$({ in_node "$where" ip -d -o link show dev "$device"; in_node "$where" bridge -d -o link show dev "$device" 2>/dev/null; } |
    sed -n "s/.* $option \\\\([^ ]*\\\\).*/\\\\1/p" | tail -n 1)
  case $is in 0x*) is=$((is)) ;; esac
  for value in "$@"; do
    if [ "$is" = "$value" ]; then
      finding seen "$where" "$device: $option $is"
      proved=yes
      return 0
    fi
  done
  finding absent "$where" "$device: $option \${is:-is not said}, not $*"
}
`

/**
 * What the kernel says of an option of a bridge or of a bridge's port, by iproute2's names: any of the values. `andStays`: also where
 * the failure is repaired.
 */
export const linkOption = wordsOf(
  <const N extends string>(place: Place<N>, option: OptionProof['option'], ...values: string[]) => {
    const { node, device } = partsOf(place)
    return proof<N>({ source: 'link-option', node: node as N, device, option, values })
  },
  {
    source: 'link-option',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    happens: () => true,
    watch: ({ source, node, device, option, values }: OptionProof, { netns, index }) => ({
      pollable: true,
      look(): Finding {
        const is = readBridgeOption(netns(node), index(node, device), option)
        return {
          source,
          node,
          state: is !== undefined && values.includes(is) ? 'seen' : 'absent',
          says: `${device}: ${option} ${is ?? 'is not said'}`,
        }
      },
    }),
    clarity: 3,
    locates: ({ device }) => ({ device, rank: 3 }),
    script: ({ device, option, values }) => ({
      words: ['link_option', device, option, ...values],
      library: LIBRARY,
      tools: ['ip'],
    }),
  },
)

interface OptionWords<N extends string> {
  /** Also where the failure is repaired. */
  andStays(): OptionProof<N>
}

function proof<N extends string>(data: OptionProof<N>): OptionProof<N> & OptionWords<N> {
  return withWords(data, { andStays: () => proof({ ...data, stops: false }) })
}
