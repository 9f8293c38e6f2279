/**
 * Rules in words. The kernel says which rules there are, and a program that nothing was set with, iptables-save, what each
 * of them reads like: asked once for a rule that is not known yet, in whatever namespace it is in.
 */
import type { Configuration } from '../model/configuration.js'
import { type IptablesBackend, otherBackend } from '../model/plan.js'
import { type IptablesCommands, RULE_SETS, type RuleSet, rulePrograms } from '../model/steps.js'

const TABLES = ['filter', 'nat', 'mangle', 'raw', 'security']

/** What a configuration calls the chains of a set of rules, where iptables has this backend: `rules legacy6 filter FORWARD`. */
export function familyOf(set: RuleSet, backend: IptablesBackend): string {
  const nft = (set === 'otherIptables' ? otherBackend(backend) : backend) === 'nft'
  if (set === 'ip6tables') return nft ? 'ip6' : 'legacy6'
  return nft ? 'ip' : 'legacy'
}

/** The set of rules that a family of chains is of; undefined for chains that no iptables keeps. */
export function setOf(family: string, backend: IptablesBackend): RuleSet | undefined {
  return RULE_SETS.find(set => familyOf(set, backend) === family)
}

/** Chains of a set of rules in a configuration. */
function chainsOf(configuration: Configuration, set: RuleSet, backend: IptablesBackend) {
  return [...configuration].filter(([what]) => {
    const [word, family, table = ''] = what.split(' ')
    return word === 'rules' && family === familyOf(set, backend) && TABLES.includes(table)
  })
}

/** The words of rules, by the text that a configuration has for them. */
export class RuleBook {
  readonly #words = new Map<string, string>()

  /** Learns what is not known of a configuration; `list` runs a program in its node and resolves with what it prints. */
  async learn(
    configuration: Configuration,
    backend: IptablesBackend,
    commands: IptablesCommands,
    list: (argv: readonly string[]) => Promise<string>,
  ): Promise<void> {
    for (const set of RULE_SETS) {
      const chains = chainsOf(configuration, set, backend)
      const unknown = chains.some(([, rules]) => rulesIn(rules).some(rule => !this.#words.has(rule)))
      if (!unknown) continue
      const listed = rulesByChain(await list([rulePrograms(commands, set).save]))
      for (const [what, rules] of chains) {
        const [, , table, chain] = what.split(' ')
        const words = listed.get(`${table} ${chain}`) ?? []
        const known = rulesIn(rules)
        // Something else has come or gone meanwhile: the next look learns it.
        if (words.length !== known.length) continue
        for (const [at, rule] of known.entries()) this.#words.set(rule, words[at] ?? '')
      }
    }
  }

  /** A rule in words, or as the kernel's text for it where nobody knows them. */
  words(rule: string): string {
    return this.#words.get(rule) ?? `rule ${rule}`
  }
}

/** The rules of a chain as a configuration has them. */
export function rulesIn(value: string | undefined): string[] {
  return value ? value.split(' ') : []
}

/** What iptables-save lists, by `table chain`. */
function rulesByChain(text: string): Map<string, string[]> {
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
