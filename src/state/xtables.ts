/** Rule sets of iptables-legacy, as x_tables hands them out (get_entries(), net/ipv4/netfilter/ip_tables.c), without what they counted. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import {
  AF_INET,
  askSocketOption,
  closeFd,
  IPPROTO_RAW,
  openSocket,
  SOCK_RAW,
  SystemError,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'

const IPPROTO_IP = 0
const IPT_SO_GET_INFO = 64
const IPT_SO_GET_ENTRIES = 65
const XT_TABLE_MAXNAMELEN = 32
/** raw, mangle, nat, filter and security: there are no others. */
const NAMES_BYTES = 256
/** struct ipt_getinfo: name, valid_hooks, hook_entry[5], underflow[5], num_entries, size. */
const INFO_BYTES = 84
const INFO_SIZE_AT = 80
/** struct ipt_get_entries: name, size, then the entries, aligned to eight bytes. */
const ENTRIES_AT = 40
/** struct ipt_entry: ip, nfcache, target_offset, next_offset, comefrom, counters, then matches and the target. */
const ENTRY = { targetOffset: 88, nextOffset: 90, comefrom: 92, end: 112 }
const TARGET_NAME_AT = 2
const TARGET_DATA_AT = 32
const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']
const INFO = { validHooks: 32, hookEntry: 36 }

/** Reads the legacy tables of one namespace. */
export class LegacyReader {
  readonly #buffer = Buffer.alloc(NAMES_BYTES)
  #names: number | undefined
  #socket: number | undefined

  constructor(private readonly netns: Netns) {}

  /** Every chain of every legacy table that there is: `rules legacy nat POSTROUTING`. None where the kernel has no x_tables. */
  read(into: Map<string, string>): void {
    const tables = this.#tables()
    if (tables.length === 0) return
    try {
      this.#socket ??= this.netns.inside(() => openSocket(AF_INET, SOCK_RAW, IPPROTO_RAW))
      for (const table of tables) readTable(this.#socket, table, into)
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
    }
  }

  close(): void {
    if (this.#names !== undefined) closeSync(this.#names)
    if (this.#socket !== undefined) closeFd(this.#socket)
  }

  /** The file stays that of its namespace, and tells them anew whenever it is read from its beginning. */
  #tables(): string[] {
    try {
      this.#names ??= this.netns.inside(() => openSync('/proc/thread-self/net/ip_tables_names', 'r'))
      const length = readSync(this.#names, this.#buffer, 0, NAMES_BYTES, 0)
      return this.#buffer.toString('latin1', 0, length).split('\n').filter(Boolean)
    } catch (error) {
      // ip_tables may still be loaded.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
}

function readTable(fd: number, table: string, into: Map<string, string>): void {
  const name = Buffer.alloc(XT_TABLE_MAXNAMELEN)
  name.write(table, 'latin1')
  const question = Buffer.concat([name, Buffer.alloc(INFO_BYTES - name.length)])
  const info = askSocketOption(fd, IPPROTO_IP, IPT_SO_GET_INFO, question)
  const size = info.readUInt32LE(INFO_SIZE_AT)
  const request = Buffer.alloc(ENTRIES_AT + size)
  name.copy(request)
  request.writeUInt32LE(size, XT_TABLE_MAXNAMELEN)
  const answer = askSocketOption(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, request)
  const chains = chainsOf(entriesIn(answer.subarray(ENTRIES_AT)), info)
  const starts = new Map(chains.map(chain => [chain.start, chain.name]))
  for (const { name: chain, rules } of chains) {
    const prints = rules.map(rule => fingerprint(rule, starts))
    // The last one is the policy, or the way back from a chain of one's own.
    into.set(`chain legacy ${table} ${chain}`, prints.pop() ?? '')
    into.set(`rules legacy ${table} ${chain}`, prints.join(' '))
  }
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

function entriesIn(bytes: Buffer): Entry[] {
  const found: Entry[] = []
  for (let at = 0; at + ENTRY.end <= bytes.length; ) {
    const next = bytes.readUInt16LE(at + ENTRY.nextOffset)
    if (next < ENTRY.end) break
    found.push({ at, bytes: bytes.subarray(at, at + next) })
    at += next
  }
  return found
}

/** The chains of a table: built-in ones begin where the hooks do, others behind an ERROR target that has their name. */
function chainsOf(entries: readonly Entry[], info: Buffer): Chain[] {
  const hooks = new Map<number, string>()
  for (const [hook, chain] of HOOKS.entries())
    if (((info.readUInt32LE(INFO.validHooks) >> hook) & 1) === 1)
      hooks.set(info.readUInt32LE(INFO.hookEntry + 4 * hook), chain)
  const chains: Chain[] = []
  let own: string | undefined
  for (const { at, bytes } of entries) {
    const target = targetOf(bytes)
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

function targetOf(entry: Buffer): Buffer {
  return entry.subarray(entry.readUInt16LE(ENTRY.targetOffset))
}

function nameOf(target: Buffer): string {
  return textOf(target.subarray(TARGET_NAME_AT, TARGET_DATA_AT - 1))
}

function textOf(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/\0.*$/s, '')
}

/** A rule in a short text. A jump says where in the table its chain is, which moves with every rule before it. */
function fingerprint(entry: Buffer, starts: ReadonlyMap<number, string>): string {
  const still = Buffer.from(entry)
  still.fill(0, ENTRY.comefrom, ENTRY.end)
  const hash = createHash('sha256')
  const target = targetOf(still)
  const verdict = nameOf(target) === '' ? target.readInt32LE(TARGET_DATA_AT) : -1
  if (verdict >= 0) {
    hash.update(starts.get(verdict) ?? '')
    target.writeInt32LE(0, TARGET_DATA_AT)
  }
  return hash.update(still).digest('hex').slice(0, 12)
}
