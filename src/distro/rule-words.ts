/** Rules in a file of iptables-save, word by word. */

/** One rule of such a file. */
export interface FileRule {
  readonly table: string
  readonly chain: string
  readonly words: readonly string[]
  /** Chains of its table that the file itself makes. */
  readonly chains: readonly string[]
}

/** The rules of a file, in its order; none in a file of nft's. */
export function readRules(text: string): FileRule[] {
  const rules: Omit<FileRule, 'chains'>[] = []
  const chains = new Map<string, string[]>()
  let table = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim()
    const own = /^:(\S+) - /.exec(line)?.[1]
    if (own !== undefined) chains.set(table, [...(chains.get(table) ?? []), own])
    const [, chain, rest = ''] = /^(?:\[\d+:\d+\] )?-A (\S+) ?(.*)$/.exec(line) ?? []
    if (chain !== undefined && table !== '') rules.push({ table, chain, words: wordsIn(rest) })
  }
  return rules.map(rule => ({ ...rule, chains: chains.get(rule.table) ?? [] }))
}

/** A rule without some of its words. */
interface Variant {
  /** What is left out: `! --ctstate`, `--random-fully`. */
  readonly words: string
  readonly left: readonly string[]
}

/** A rule without each of its negations, and without each of its options that has no value. */
export function withoutWords(words: readonly string[]): Variant[] {
  return words.flatMap((word, at) => {
    const next = words[at + 1]
    const left = words.toSpliced(at, 1)
    if (word === '!') return [{ words: `! ${next ?? ''}`, left }]
    const isFlag = word.startsWith('--') && (next === undefined || next === '!' || next.startsWith('-'))
    // Without its `!`, what is left would begin with it.
    return isFlag && words[at - 1] !== '!' ? [{ words: word, left }] : []
  })
}

/** Words as iptables-restore takes them apart: what is quoted is one. */
function wordsIn(text: string): string[] {
  return text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []
}
