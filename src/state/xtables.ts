/** Rule sets of iptables-legacy, as x_tables hands them out (get_entries(), net/ipv4/netfilter/ip_tables.c), without what they counted. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import type { RuleCount } from '../model/rule-count.js'
import {
  AF_INET,
  AF_INET6,
  askSocketOption,
  closeFd,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_RAW,
  openSocket,
  SOCK_RAW,
  SystemError,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'

/** IPT_SO_GET_INFO and IPT_SO_GET_ENTRIES; those of IP6T have the same numbers. */
const GET_INFO = 64
const GET_ENTRIES = 65
const XT_TABLE_MAXNAMELEN = 32
/** raw, mangle, nat, filter and security: there are no others. */
const NAMES_BYTES = 256
/** struct ipt_getinfo: name, valid_hooks, hook_entry[5], underflow[5], num_entries, size. */
const INFO_BYTES = 84
const INFO_SIZE_AT = 80
/** struct ipt_get_entries: name, size, then the entries, aligned to eight bytes. */
const ENTRIES_AT = 40
/**
 * The two families of tables. struct ipt_entry and ip6t_entry: ip or ipv6, nfcache, target_offset, next_offset, comefrom, counters, then
 * matches and the target.
 */
const FAMILIES = [
  {
    name: 'legacy',
    list: 'ip_tables_names',
    domain: AF_INET,
    level: IPPROTO_IP,
    entry: { targetOffset: 88, nextOffset: 90, comefrom: 92, packets: 96, end: 112 },
  },
  {
    name: 'legacy6',
    list: 'ip6_tables_names',
    domain: AF_INET6,
    level: IPPROTO_IPV6,
    entry: { targetOffset: 140, nextOffset: 142, comefrom: 144, packets: 152, end: 168 },
  },
] as const
type Family = (typeof FAMILIES)[number]
/** What a policy, or the way back, is as a verdict of the target (XT_RETURN is -NF_REPEAT - 1). */
const VERDICTS: Readonly<Record<number, string>> = { [-1]: 'drop', [-2]: 'accept', [-5]: 'return' }
const TARGET_NAME_AT = 2
const TARGET_DATA_AT = 32
const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']
const INFO = { validHooks: 32, hookEntry: 36 }

/** Reads the legacy tables of one namespace, of both families. */
export class LegacyReader {
  readonly #families: readonly FamilyReader[]

  constructor(netns: Netns) {
    this.#families = FAMILIES.map(family => new FamilyReader(netns, family))
  }

  /** Every chain of every legacy table that there is: `rules legacy nat POSTROUTING`. None where the kernel has no x_tables. */
  read(into: Map<string, string>): void {
    for (const family of this.#families) family.read(into)
  }

  /** What every rule and policy has counted until now. */
  counts(): RuleCount[] {
    return this.#families.flatMap(family => family.counts())
  }

  close(): void {
    for (const family of this.#families) family.close()
  }
}

class FamilyReader {
  readonly #buffer = Buffer.alloc(NAMES_BYTES)
  #names: number | undefined
  #socket: number | undefined

  constructor(
    private readonly netns: Netns,
    private readonly family: Family,
  ) {}

  read(into: Map<string, string>): void {
    this.#each((table, chains, starts) => {
      for (const { name: chain, rules } of chains) {
        const prints = rules.map(rule => fingerprint(rule, this.family, starts))
        // The last one is the policy, or the way back from a chain of one's own.
        into.set(
          `chain ${this.family.name} ${table} ${chain}`,
          `${verdictOf(rules.at(-1), this.family) ?? 'other'} ${prints.pop() ?? ''}`,
        )
        into.set(`rules ${this.family.name} ${table} ${chain}`, prints.join(' '))
      }
    })
  }

  counts(): RuleCount[] {
    const counts: RuleCount[] = []
    const { name, entry } = this.family
    this.#each((table, chains, starts) => {
      for (const { name: chain, rules } of chains)
        for (const [at, rule] of rules.entries()) {
          const packets = Number(rule.readBigUInt64LE(entry.packets))
          const what = `rules ${name} ${table} ${chain}`
          if (at < rules.length - 1)
            counts.push({ chain: what, rule: fingerprint(rule, this.family, starts), packets })
          else counts.push({ chain: what, policy: verdictOf(rule, this.family) ?? 'other', packets })
        }
    })
    return counts
  }

  close(): void {
    if (this.#names !== undefined) closeSync(this.#names)
    if (this.#socket !== undefined) closeFd(this.#socket)
  }

  /** Calls `take` with every table's chains, and the names of chains by where they start. */
  #each(take: (table: string, chains: readonly Chain[], starts: ReadonlyMap<number, string>) => void): void {
    const tables = this.#tables()
    if (tables.length === 0) return
    try {
      this.#socket ??= this.netns.inside(() => openSocket(this.family.domain, SOCK_RAW, IPPROTO_RAW))
      for (const table of tables) {
        const chains = readTable(this.#socket, this.family, table)
        take(table, chains, new Map(chains.map(chain => [chain.start, chain.name])))
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
    }
  }

  /** The file stays that of its namespace, and tells them anew whenever it is read from its beginning. */
  #tables(): string[] {
    try {
      this.#names ??= this.netns.inside(() => openSync(`/proc/thread-self/net/${this.family.list}`, 'r'))
      const length = readSync(this.#names, this.#buffer, 0, NAMES_BYTES, 0)
      return this.#buffer.toString('latin1', 0, length).split('\n').filter(Boolean)
    } catch (error) {
      // ip_tables may still be loaded.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
}

function readTable(fd: number, family: Family, table: string): Chain[] {
  const name = Buffer.alloc(XT_TABLE_MAXNAMELEN)
  name.write(table, 'latin1')
  const question = Buffer.concat([name, Buffer.alloc(INFO_BYTES - name.length)])
  const info = askSocketOption(fd, family.level, GET_INFO, question)
  const size = info.readUInt32LE(INFO_SIZE_AT)
  const request = Buffer.alloc(ENTRIES_AT + size)
  name.copy(request)
  request.writeUInt32LE(size, XT_TABLE_MAXNAMELEN)
  const answer = askSocketOption(fd, family.level, GET_ENTRIES, request)
  return chainsOf(entriesIn(answer.subarray(ENTRIES_AT), family), family, info)
}

interface Entry {
  readonly at: number
  readonly bytes: Buffer
}

interface Chain {
  readonly name: string
  /** Where its first rule stands in the table, which is what a jump to it says. */
  readonly start: number
  readonly rules: Buffer[]
}

function entriesIn(bytes: Buffer, { entry }: Family): Entry[] {
  const found: Entry[] = []
  for (let at = 0; at + entry.end <= bytes.length; ) {
    const next = bytes.readUInt16LE(at + entry.nextOffset)
    if (next < entry.end) break
    found.push({ at, bytes: bytes.subarray(at, at + next) })
    at += next
  }
  return found
}

/** The chains of a table: built-in ones begin where the hooks do, others behind an ERROR target that has their name. */
function chainsOf(entries: readonly Entry[], family: Family, info: Buffer): Chain[] {
  const hooks = new Map<number, string>()
  for (const [hook, chain] of HOOKS.entries())
    if (((info.readUInt32LE(INFO.validHooks) >> hook) & 1) === 1)
      hooks.set(info.readUInt32LE(INFO.hookEntry + 4 * hook), chain)
  const chains: Chain[] = []
  let own: string | undefined
  for (const { at, bytes } of entries) {
    const target = targetOf(bytes, family)
    if (nameOf(target) === 'ERROR') {
      own = textOf(target.subarray(TARGET_DATA_AT))
      continue
    }
    const name = hooks.get(at) ?? own
    own = undefined
    if (name !== undefined) chains.push({ name, start: at, rules: [bytes] })
    else chains.at(-1)?.rules.push(bytes)
  }
  return chains
}

function targetOf(rule: Buffer, { entry }: Family): Buffer {
  return rule.subarray(rule.readUInt16LE(entry.targetOffset))
}

function nameOf(target: Buffer): string {
  return textOf(target.subarray(TARGET_NAME_AT, TARGET_DATA_AT - 1))
}

function textOf(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/\0.*$/s, '')
}

/** What a policy, or the way back, comes to. */
function verdictOf(entry: Buffer | undefined, family: Family): string | undefined {
  return entry && VERDICTS[targetOf(entry, family).readInt32LE(TARGET_DATA_AT)]
}

/** A rule in a short text. A jump says where in the table its chain is, which moves with every rule before it. */
function fingerprint(rule: Buffer, family: Family, starts: ReadonlyMap<number, string>): string {
  const still = Buffer.from(rule)
  still.fill(0, family.entry.comefrom, family.entry.end)
  const hash = createHash('sha256')
  const target = targetOf(still, family)
  const verdict = nameOf(target) === '' ? target.readInt32LE(TARGET_DATA_AT) : -1
  if (verdict >= 0) {
    hash.update(starts.get(verdict) ?? '')
    target.writeInt32LE(0, TARGET_DATA_AT)
  }
  return hash.update(still).digest('hex').slice(0, 12)
}
