/**
 * Rules in words. The kernel says which rules there are, and a program what each of them reads like, iptables-save for those of
 * iptables and nft for all others: asked once for a rule that is not known yet, in whatever namespace it is in.
 */
import { missingTool } from '../base/tools.js'
import type { Configuration } from '../model/configuration.js'
import { type IptablesBackend, otherBackend } from '../model/plan.js'
import { type IptablesCommands, RULE_SETS, type RuleSet, rulePrograms } from '../model/steps.js'

/** Without what rules have counted. */
const NFT_LIST = ['nft', '-s', 'list', 'ruleset']
const TABLES = ['filter', 'nat', 'mangle', 'raw', 'security']

/** What a configuration calls the chains of a set of rules, where iptables has this backend: `rules legacy6 filter FORWARD`. */
export function familyOf(set: RuleSet, backend: IptablesBackend): string {
  const nft = (set === 'otherIptables' ? otherBackend(backend) : backend) === 'nft'
  if (set === 'ip6tables') return nft ? 'ip6' : 'legacy6'
  return nft ? 'ip' : 'legacy'
}

/** The set of rules that a chain is of; undefined for chains that no iptables keeps. */
export function setOf(what: string, backend: IptablesBackend): RuleSet | undefined {
  const [, family, table = ''] = what.split(' ')
  return TABLES.includes(table) ? RULE_SETS.find(set => familyOf(set, backend) === family) : undefined
}

/** The words of rules, by the text that a configuration has for them. */
export class RuleBook {
  readonly #words = new Map<string, string>()
  #hasNft: boolean | undefined

  /** Learns what is not known of a configuration; `list` runs a program in its node and resolves with what it prints. */
  async learn(
    configuration: Configuration,
    backend: IptablesBackend,
    commands: IptablesCommands,
    list: (argv: readonly string[]) => Promise<string>,
  ): Promise<void> {
    for (const set of RULE_SETS)
      await this.#learn(
        [...configuration].filter(([what]) => what.startsWith('rules ') && setOf(what, backend) === set),
        async () => rulesByChain(await list([rulePrograms(commands, set).save])),
      )
    // Where there is no nft, what it would list is known by the kernel's text alone.
    this.#hasNft ??= missingTool('nft') === undefined
    if (this.#hasNft)
      await this.#learn(
        [...configuration].filter(
          ([what]) => /^rules (?!legacy)/.test(what) && setOf(what, backend) === undefined,
        ),
        async () => nftRulesByChain(await list(NFT_LIST)),
      )
  }

  /** Learns the words of chains that are not known yet; `list` has them by chain, with or without its family. */
  async #learn(
    chains: readonly (readonly [what: string, rules: string])[],
    list: () => Promise<Map<string, string[]>>,
  ): Promise<void> {
    const unknown = chains.some(([, rules]) => rulesIn(rules).some(rule => !this.#words.has(rule)))
    if (!unknown) return
    const listed = await list()
    for (const [what, rules] of chains) {
      const words = listed.get(what) ?? listed.get(what.replace(/^rules \S+ /, '')) ?? []
      const known = rulesIn(rules)
      // Something else has come or gone meanwhile: the next look learns it.
      if (words.length !== known.length) continue
      for (const [at, rule] of known.entries()) this.#words.set(rule, words[at] ?? '')
    }
  }

  /** Whether a rule has been listed in words. */
  knows(rule: string): boolean {
    return this.#words.has(rule)
  }

  /** A rule in words, or as the kernel's text for it where nobody knows them. */
  words(rule: string): string {
    return this.find(rule) ?? `rule ${rule}`
  }

  /** A rule in words; undefined where nobody knows them. */
  find(rule: string): string | undefined {
    return this.#words.get(rule)
  }
}

/** The rules of a chain as a configuration has them. */
export function rulesIn(value: string | undefined): string[] {
  return value ? value.split(' ') : []
}

/** What iptables-save lists, by `table chain`. */
export function rulesByChain(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  let table = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1)
    const [, chain, words = ''] = /^-A (\S+) ?(.*)$/.exec(line) ?? []
    if (chain === undefined) continue
    const key = `${table} ${chain}`
    found.set(key, [...(found.get(key) ?? []), words])
  }
  return found
}

/** What nft lists, by the name that a configuration has for the chain: `rules ip6 marks output`. */
export function nftRulesByChain(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  let table = ''
  let rules: string[] | undefined
  for (const line of text.split('\n')) {
    const [, tabs = '', words = ''] = /^(\t*)(.*)$/.exec(line) ?? []
    const [head, ...name] = words.replace(/ \{( #.*)?$/, '').split(' ')
    if (tabs.length === 0 && head === 'table') table = name.join(' ')
    if (tabs.length === 1) rules = undefined
    if (tabs.length === 1 && head === 'chain') {
      rules = []
      found.set(`rules ${table} ${name.join(' ')}`, rules)
    }
    // What is indented more goes on with the rule before it.
    if (tabs.length > 2) rules?.push(`${rules.pop()} ${words.trim()}`)
    if (tabs.length === 2 && !/^(type \S+ hook |policy |#)/.test(words)) rules?.push(words)
  }
  return found
}

/** The words of a rule as iptables-save would list them: an address alone is a prefix of its whole length. */
export function asListed(words: readonly string[]): string {
  return words
    .map((word, at) =>
      ['-s', '-d'].includes(words[at - 1] ?? '') && !word.includes('/')
        ? `${word}/${word.includes(':') ? 128 : 32}`
        : word,
    )
    .join(' ')
}
