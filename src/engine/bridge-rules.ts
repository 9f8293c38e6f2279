/**
 * What rules of bridges come to, whatever chains a tool or a daemon keeps them in: every way from a hook to a verdict, with all that
 * a frame must match on it.
 */
import type { Configuration } from '../model/configuration.js'
import { rulesIn } from './rule-book.js'

/** Heads of matches and statements in the words of nft(8). */
const HEADS = /\s+(?=(?:ether|meta|iifname|oifname|ct|log|limit|ip [sd]addr)\s)/
const VERDICT = /^(.*?)\s*\b(accept|drop|return|continue|(?:jump|goto) \S+)$/
/** Deeper than the kernel lets chains jump (NFT_JUMP_STACK_SIZE, include/net/netfilter/nf_tables.h). */
const DEPTH = 16

/** Chains, rules and sets of bridges. */
export function isBridgeRules(what: string): boolean {
  return /^(rules|chain|set) bridge /.test(what)
}

/**
 * Every way of a node's rules for bridged frames that its hook's policy is not the end of anyhow, in the order of the words:
 * `postrouting ether type ip6 oifname "vnet0" drop`. Undefined where a rule is none that can be followed: nobody knows its words,
 * or it has its verdict from a map.
 */
export function bridgeRules(
  configuration: Configuration,
  wordsOf: (rule: string) => string | undefined,
): string[] | undefined {
  const all: string[] = []
  for (const [what, value] of configuration) {
    const [word, family, table, chain] = what.split(' ')
    if (word !== 'chain' || family !== 'bridge') continue
    const [policy = '', hook = ''] = value.split(' ')
    const found = waysFrom(`${table} ${chain}`, [], name =>
      rulesIn(configuration.get(`rules bridge ${name}`)).map(rule => wordsOf(rule) ?? ''),
    )
    if (!found) return undefined
    // A chain of one's own that ebtables made ends in what it has for a policy.
    while (found.at(-1)?.verdict === policy) found.pop()
    all.push(...found.map(({ matches, verdict }) => [hook, ...[...matches].sort(), verdict].join(' ')))
  }
  return all.sort()
}

interface Way {
  readonly matches: readonly string[]
  readonly verdict: string
}

/** Every way through a chain and those that it jumps to, in the order in which the kernel goes them. */
function waysFrom(
  chain: string,
  before: readonly string[],
  rulesOf: (chain: string) => readonly string[],
  depth = 0,
): Way[] | undefined {
  const found: Way[] = []
  for (const rule of rulesOf(chain)) {
    const [, words, verdict = ''] = VERDICT.exec(rule) ?? []
    if (words === undefined || depth > DEPTH) return undefined
    const matches = [...before, ...matchesOf(words)]
    const [, next] = verdict.split(' ')
    const ways =
      next === undefined
        ? [{ matches, verdict }]
        : waysFrom(chain.replace(/ .*$/, ` ${next}`), matches, rulesOf, depth + 1)
    if (!ways) return undefined
    found.push(...ways)
  }
  return found
}

/** A rule as the ways through rules are written: its hook, its matches in the order of their words, its verdict. */
export function asBridgeRule(rule: string): string {
  const [, words = '', verdict = ''] = VERDICT.exec(rule) ?? []
  const [hook = '', ...matches] = words.split(/ (.*)/, 2)
  return [hook, ...matches.flatMap(matchesOf).sort(), verdict].join(' ')
}

/** What a rule matches, each in the words of the newest nft. */
function matchesOf(words: string): string[] {
  return words
    .replace(/\bcounter\b/, '')
    .split(HEADS)
    .map(match => match.trim().replace(/^meta protocol /, 'ether type '))
    .filter(Boolean)
}
