/**
 * Rules in words. The kernel says which rules there are, and a program that nothing was set with, iptables-save, what each
 * of them reads like: asked once for a rule that is not known yet, in whatever namespace it is in.
 */
import type { Configuration } from '../model/configuration.js'
import type { IptablesCommands } from '../model/steps.js'

const TABLES = ['filter', 'nat', 'mangle', 'raw', 'security']

/** Chains of iptables in a configuration: those of the family ip, and those of x_tables. */
function isIptables(what: string): boolean {
  const [word, family, table = ''] = what.split(' ')
  return word === 'rules' && (family === 'ip' || family === 'legacy') && TABLES.includes(table)
}

/** The words of rules, by the text that a configuration has for them. */
export class RuleBook {
  readonly #words = new Map<string, string>()

  /** Learns what is not known of a configuration; `list` runs a program in its node and resolves with what it prints. */
  async learn(
    configuration: Configuration,
    commands: IptablesCommands,
    list: (argv: readonly string[]) => Promise<string>,
  ): Promise<void> {
    const chains = [...configuration].filter(([what]) => isIptables(what))
    const unknown = chains.some(([, rules]) => rulesIn(rules).some(rule => !this.#words.has(rule)))
    if (!unknown) return
    const listed = rulesByChain(await list([commands.save]))
    for (const [what, rules] of chains) {
      const [, , table, chain] = what.split(' ')
      const words = listed.get(`${table} ${chain}`) ?? []
      const known = rulesIn(rules)
      // Something else has come or gone meanwhile: the next look learns it.
      if (words.length !== known.length) continue
      for (const [at, rule] of known.entries()) this.#words.set(rule, words[at] ?? '')
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
      ['-s', '-d'].includes(words[at - 1] ?? '') && /^\d+(\.\d+){3}$/.test(word) ? `${word}/32` : word,
    )
    .join(' ')
}
