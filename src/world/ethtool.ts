/**
 * Features of devices (offloads) by ethtool's own netlink family (net/ethtool/features.c, 5.7): what `ethtool -k` lists, and
 * `ethtool -K` sets by its kernel names.
 */
import { SystemError } from './libc.js'
import { attribute, attributes, elements, NetlinkError, NetlinkSocket, NLM_F } from './rtnetlink.js'

const NETLINK_GENERIC = 16
const GENL_ID_CTRL = 16
const CTRL = { getFamily: 3, familyId: 1, familyName: 2 }
/** linux/ethtool_netlink.h. */
const MESSAGE = { getStrings: 1, getFeatures: 11, setFeatures: 12 }
const HEADER = { attribute: 1, index: 1, flags: 3, compact: 1, omitReply: 2 }
const FEATURES = { changeable: 2, wanted: 3, active: 4 }
const BITSET = { bits: 3, value: 4, bit: { container: 1, name: 2, value: 3 } }
const STRINGS = { sets: 2, set: { container: 1, id: 1, strings: 3 }, string: { index: 1, value: 2 } }
const ETH_SS_FEATURES = 4
const NESTED = 0x8000

/** What a device's features are, by their names. */
export interface DeviceFeatures {
  /** Those that somebody may change. */
  readonly changeable: ReadonlySet<string>
  /** Those that were asked for. */
  readonly wanted: ReadonlySet<string>
  /** Those that are on: the kernel leaves out what it wants without what that rests on (netdev_fix_features()). */
  readonly active: ReadonlySet<string>
}

/** The number of the family and the names of the bits are the machine's: asked for once. */
let known: { readonly family: number; readonly bits: ReadonlyMap<string, number> } | undefined

/** Reads and sets the features of the devices of one namespace. Close it when done. */
export class Ethtool {
  readonly #socket: NetlinkSocket

  /** Opens its socket by `inside`, which runs what it is given in the namespace. Throws SystemError. */
  constructor(inside: (open: () => number) => number) {
    this.#socket = new NetlinkSocket(inside, NETLINK_GENERIC)
  }

  /** Which of these features every device has, by its index; undefined where the kernel has no such family (CONFIG_ETHTOOL_NETLINK). */
  features(names: readonly string[]): Map<number, DeviceFeatures> | undefined {
    const own = this.#known()
    if (!own) return undefined
    const bits = names.flatMap(name => {
      const bit = own.bits.get(name)
      return bit === undefined ? [] : [[name, bit] as const]
    })
    const header = attribute(HEADER.flags, HEADER.compact)
    const messages = this.#socket.ask({
      type: own.family,
      flags: NLM_F.dump,
      body: message(MESSAGE.getFeatures, [attribute(HEADER.attribute | NESTED, header)]),
    })
    return new Map(
      messages.map(answer => {
        const found = attributes(answer.subarray(4))
        const set = (type: number) => namesIn(attributes(found.get(type)).get(BITSET.value), bits)
        return [
          attributes(found.get(HEADER.attribute)).get(HEADER.index)?.readUInt32LE() ?? 0,
          {
            changeable: set(FEATURES.changeable),
            wanted: set(FEATURES.wanted),
            active: set(FEATURES.active),
          },
        ]
      }),
    )
  }

  /**
   * Turns features of a device on and off. Throws SystemError: NetlinkError for one that is not known, EOPNOTSUPP where the
   * kernel has no such family. One that the device does not let change stays as it is, without a word.
   */
  set(index: number, values: Readonly<Record<string, 'on' | 'off'>>): void {
    const own = this.#known()
    if (!own) throw new SystemError('netlink', EOPNOTSUPP, 'ethtool')
    const bits = Object.entries(values).map(([name, value]) =>
      attribute(
        BITSET.bit.container | NESTED,
        Buffer.concat([
          attribute(BITSET.bit.name, name),
          ...(value === 'on' ? [attribute(BITSET.bit.value, Buffer.alloc(0))] : []),
        ]),
      ),
    )
    const header = [attribute(HEADER.index, index), attribute(HEADER.flags, HEADER.omitReply)]
    const wanted = attribute(BITSET.bits | NESTED, Buffer.concat(bits))
    this.#socket.perform([
      {
        type: own.family,
        flags: 0,
        body: message(MESSAGE.setFeatures, [
          attribute(HEADER.attribute | NESTED, Buffer.concat(header)),
          attribute(FEATURES.wanted | NESTED, wanted),
        ]),
      },
    ])
  }

  close(): void {
    this.#socket.close()
  }

  #known(): typeof known {
    if (known) return known
    let family: number | undefined
    try {
      const [answer] = this.#socket.ask({
        type: GENL_ID_CTRL,
        flags: 0,
        body: message(CTRL.getFamily, [attribute(CTRL.familyName, 'ethtool')]),
      })
      family = answer && attributes(answer.subarray(4)).get(CTRL.familyId)?.readUInt16LE()
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error
    }
    if (family === undefined) return undefined
    const wanted = attribute(STRINGS.set.id, ETH_SS_FEATURES)
    const sets = attribute(STRINGS.set.container | NESTED, wanted)
    const [answer] = this.#socket.ask({
      type: family,
      flags: 0,
      body: message(MESSAGE.getStrings, [
        attribute(HEADER.attribute | NESTED, Buffer.alloc(0)),
        attribute(STRINGS.sets | NESTED, sets),
      ]),
    })
    const set = attributes(attributes(answer?.subarray(4)).get(STRINGS.sets)).get(STRINGS.set.container)
    const bits = elements(attributes(set).get(STRINGS.set.strings)).map(element => {
      const found = attributes(element)
      const name = found.get(STRINGS.string.value)?.toString('latin1').replace(/\0.*$/s, '') ?? ''
      return [name, found.get(STRINGS.string.index)?.readUInt32LE() ?? 0] as const
    })
    known = { family, bits: new Map(bits) }
    return known
  }
}

const EOPNOTSUPP = 95

/** struct genlmsghdr and the attributes behind it. */
function message(command: number, body: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([command, 1, 0, 0]), ...body])
}

/** The names of the bits that are set in a compact bitset. */
function namesIn(words: Buffer | undefined, bits: readonly (readonly [string, number])[]): Set<string> {
  const isSet = (bit: number) => (((words?.[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1
  return new Set(bits.flatMap(([name, bit]) => (isSet(bit) ? [name] : [])))
}
