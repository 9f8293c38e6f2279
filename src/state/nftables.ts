/**
 * Rule sets as nf_tables has them (nf_tables_fill_rule_info(), net/netfilter/nf_tables_api.c): what iptables-nft, ebtables-nft,
 * nft and libvirt made alike. A rule is known by its expressions, without what they have counted.
 */
import { createHash } from 'node:crypto'
import type { RuleCount } from '../model/rule-count.js'
import { NETLINK_NETFILTER, SystemError } from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { attributes, elements, NetlinkError, NetlinkSocket, NLM_F } from '../world/rtnetlink.js'

const SUBSYSTEM = 10
/** What nfnetlink answers for a subsystem that it does not have (nfnetlink_rcv_msg(), net/netfilter/nfnetlink.c). */
const NO_SUBSYSTEM: ReadonlySet<string> = new Set(['EINVAL', 'EOPNOTSUPP'])
const MESSAGE = { getTable: 1, getChain: 4, getRule: 7, getSet: 10 }
/** The table is the first attribute of whatever is in one. */
const TABLE = 1
const CHAIN = { name: 3, hook: 4, policy: 5, type: 7, counters: 8 }
const HOOK = { number: 1, priority: 2, device: 3 }
/** NF_INET_*, which those of bridges are alike (linux/netfilter.h, linux/netfilter_bridge.h). */
const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting']
const RULE = { chain: 2, expressions: 4 }
const SET = { name: 2, flags: 3, keyType: 4, keyLength: 5 }
const ELEMENT = { name: 1, data: 2 }
const COUNTER_PACKETS = 2
const FAMILIES: Readonly<Record<number, string>> = {
  1: 'inet',
  2: 'ip',
  3: 'arp',
  5: 'netdev',
  7: 'bridge',
  10: 'ip6',
}
/** nf_tables expressions whose state changes by itself. */
const STATEFUL: ReadonlySet<string> = new Set(['counter', 'quota', 'last', 'limit', 'connlimit'])

/** Reads the rule sets of one namespace. */
export class NftablesReader {
  readonly #socket: NetlinkSocket | undefined

  /** Opens its socket; a kernel without nf_tables has no rules of its. */
  constructor(netns: Netns) {
    try {
      this.#socket = new NetlinkSocket(open => netns.inside(open), NETLINK_NETFILTER)
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
    }
  }

  /** Every chain with its rules, in their order: `rules ip nat POSTROUTING` is `3f2a… 91bc…`; and every set. */
  read(into: Map<string, string>): void {
    for (const { name, found } of this.#all(MESSAGE.getChain, CHAIN.name)) {
      const hook = found.get(CHAIN.hook)
      into.set(`rules ${name}`, '')
      if (hook) into.set(`chain ${name}`, `${policyOf(found)} ${hookOf(hook)}`)
    }
    for (const { name, found } of this.#all(MESSAGE.getRule, RULE.chain)) {
      const before = into.get(`rules ${name}`)
      const print = fingerprint(found.get(RULE.expressions))
      into.set(`rules ${name}`, `${before ? `${before} ` : ''}${print}`)
    }
    // What ebtables leaves behind when its last rule is gone: chains that let everything pass.
    for (const [what, rules] of into) {
      const chain = what.replace(/^rules/, 'chain')
      if (
        !what.startsWith('rules bridge ') ||
        rules !== '' ||
        !(into.get(chain) ?? 'accept').startsWith('accept')
      )
        continue
      into.delete(what)
      into.delete(chain)
    }
    for (const { name, found } of this.#all(MESSAGE.getSet, SET.name))
      into.set(
        `set ${name}`,
        [SET.flags, SET.keyType, SET.keyLength].map(type => found.get(type)?.toString('hex') ?? '').join(' '),
      )
  }

  /** What every rule and policy with a counter has counted until now. */
  counts(): RuleCount[] {
    const rules = this.#all(MESSAGE.getRule, RULE.chain).flatMap(({ name, found }) => {
      const expressions = found.get(RULE.expressions)
      const packets = countOf(expressions)
      return packets === undefined
        ? []
        : [{ chain: `rules ${name}`, rule: fingerprint(expressions), packets }]
    })
    const policies = this.#all(MESSAGE.getChain, CHAIN.name).flatMap(({ name, found }) => {
      const counters = found.get(CHAIN.counters)
      return counters
        ? [{ chain: `rules ${name}`, policy: policyOf(found), packets: packetsIn(counters) }]
        : []
    })
    return [...rules, ...policies]
  }

  close(): void {
    this.#socket?.close()
  }

  /** All of one kind, with their attributes, by family, table, and the attribute that has the rest of their name. */
  #all(kind: number, last: number): { readonly name: string; readonly found: Map<number, Buffer> }[] {
    return this.#dump(kind).map(message => {
      const found = attributes(message.subarray(4))
      const family = FAMILIES[message[0] ?? 0] ?? message[0]
      return { name: `${family} ${text(found.get(TABLE))} ${text(found.get(last))}`, found }
    })
  }

  #dump(message: number): Buffer[] {
    try {
      // struct nfgenmsg: any family.
      const body = Buffer.alloc(4)
      return this.#socket?.ask({ type: (SUBSYSTEM << 8) | message, flags: NLM_F.dump, body }) ?? []
    } catch (error) {
      // nfnetlink is there, nf_tables is not.
      if (error instanceof NetlinkError && NO_SUBSYSTEM.has(error.code)) return []
      throw error
    }
  }
}

/** What a base chain hangs on to: `postrouting priority 300`. */
function hookOf(nested: Buffer): string {
  const found = attributes(nested)
  const number = found.get(HOOK.number)?.readUInt32BE() ?? 0
  const device = found.get(HOOK.device)
  return [
    HOOKS[number] ?? `hook ${number}`,
    ...(device ? [`device ${text(device)}`] : []),
    `priority ${found.get(HOOK.priority)?.readInt32BE()}`,
  ].join(' ')
}

/** A rule's expressions in a short text, the same for the same rule in any namespace. */
function fingerprint(expressions: Buffer | undefined): string {
  const hash = createHash('sha256')
  for (const element of elements(expressions)) {
    const found = attributes(element)
    const name = text(found.get(ELEMENT.name))
    hash.update(`${name}\0`)
    if (!STATEFUL.has(name)) hash.update(found.get(ELEMENT.data) ?? '')
  }
  return hash.digest('hex').slice(0, 12)
}

/** What a base chain does with what no rule decides about. */
function policyOf(chain: ReadonlyMap<number, Buffer>): string {
  return chain.get(CHAIN.policy)?.readUInt32BE() === 0 ? 'drop' : 'accept'
}

function packetsIn(counter: Buffer | undefined): number {
  return Number(
    attributes(counter ?? Buffer.alloc(0))
      .get(COUNTER_PACKETS)
      ?.readBigUInt64BE() ?? 0n,
  )
}

/** What a rule's first counter has counted. */
function countOf(expressions: Buffer | undefined): number | undefined {
  for (const element of elements(expressions)) {
    const found = attributes(element)
    if (text(found.get(ELEMENT.name)) === 'counter') return packetsIn(found.get(ELEMENT.data))
  }
  return undefined
}

function text(bytes: Buffer | undefined): string {
  return bytes?.toString('latin1').replace(/\0.*$/s, '') ?? ''
}
