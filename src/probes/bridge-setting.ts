import { z } from 'zod'
import { node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import { deviceIndex } from '../world/libc.js'
import { readBridgeOption, setBridgeOption } from '../world/links.js'
import { NetlinkError } from '../world/rtnetlink.js'

const SHAPE = {
  from: node(),
  bridge: z.string(),
  option: z.enum(['forward_delay', 'group_fwd_mask']),
  /** As iproute2 takes it: hundredths of a second, a mask. */
  value: z.int().min(0).max(0xffff),
}

const LIBRARY = `# bridge_setting NODE BRIDGE OPTION VALUE: whether the kernel takes it. It is set back.
bridge_setting() {
  before=$(in_node "$1" ip -d -o link show dev "$2" | sed -n "s/.* $3 \\([^ ]*\\).*/\\1/p")
  came=works said="$3 of $2 is $4"
  if ! said=$(in_node "$1" ip link set dev "$2" type bridge "$3" "$4" 2>&1); then
    came=fails
    case $said in
      *'Numerical result out of range'*) refused='RTM_NEWLINK ERANGE' ;;
      *'Invalid argument'*) refused='RTM_NEWLINK EINVAL' ;;
    esac
  fi
  in_node "$1" ip link set dev "$2" type bridge "$3" "$before" 2>/dev/null
  return 0
}
`

/** Setting an option of a bridge, and back again. Works when the kernel takes it. */
export const bridgeSetting = probeKind('bridge-setting', SHAPE, {
  describe: ({ bridge, option, value }) => `ip link set dev ${bridge} type bridge ${option} ${value}`,
  from: ({ from }) => from,
  typicalMs: () => 1,
  script: ({ from, bridge, option, value }) => ({
    words: ['bridge_setting', from, bridge, option, String(value)],
    library: LIBRARY,
    tools: ['ip'],
  }),

  async run({ from, bridge, option, value }, { netns }) {
    const own = netns(from)
    const index = own.inside(() => deviceIndex(bridge))
    const before = readBridgeOption(own, index, option)
    try {
      setBridgeOption(own, index, option, value)
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error
      const refused = { call: 'RTM_NEWLINK', code: error.code }
      return { outcome: 'fails', refused, says: `the kernel refuses it (${error.code})` }
    }
    const says = `${option} of ${bridge} was ${before} and became ${readBridgeOption(own, index, option)}`
    setBridgeOption(own, index, option, Number(before))
    return { outcome: 'works', says }
  },
})
