/** Lies of nft(8) about a table that is there or not. */
import { besides, type Change, type Deed, deedOf, type Lie, otherwise, toolOf } from '../lie.js'

const RULE = /^add rule (\S+ \S+ \S+) (.*)$/

/** Rules that look much like one of nftables, each with what is told of it. */
export function alikeInNft(line: string): [name: string, line: string][] {
  const [, chain = '', words = ''] = RULE.exec(line) ?? []
  const rewritten = (name: string, other: string): [string, string][] =>
    other === words ? [] : [[name, `add rule ${chain} ${other}`]]
  return [
    ...rewritten('has it never match', `meta l4proto sctp ${words}`),
    ...rewritten('has it accept', words.replace(/\b(drop|reject)\b/, 'accept')),
    ...rewritten('has it match everything', words.replace(/^.*(?= (?:drop|reject|accept)$)/, '').trim()),
    ...rewritten(
      'sets something else',
      words.replace(/\b(mark set \S+|[sd]addr set \S+)/, 'meta priority set 1:2'),
    ),
  ]
}

/** Other rules, other hooks, half of the way back. */
export function liesAboutNft(change: Change): Lie[] {
  const [step] = change.steps.filter(own => toolOf(own) === 'nft')
  if (!step) return []
  const { node, argv, stdin } = deedOf(step)
  const about = (name: string, deed: Deed) =>
    otherwise(change, name, own => (toolOf(own) === 'nft' ? [deed] : undefined))
  if (stdin === undefined)
    return about('empties it instead', { node, argv: ['nft', 'flush', ...argv.slice(2)] })
  const lines = stdin.trim().split('\n')
  const written = (name: string, own: readonly string[]) =>
    about(name, { node, argv, stdin: `${own.join('\n')}\n` })
  return [
    ...lines.flatMap((line, at) => {
      if (!RULE.test(line)) return []
      return [
        ...written('loses its rule', lines.toSpliced(at, 1)),
        ...written('loads its rule twice', lines.toSpliced(at, 0, line)),
        ...alikeInNft(line).flatMap(([name, other]) => written(name, lines.with(at, other))),
      ]
    }),
    ...written(
      'hooks on to another place',
      lines.map(line => line.replace(/type (?:filter|route) hook \w+/, 'type filter hook forward')),
    ),
    besides(change, 'accepts everything in a table of its own, too', [
      {
        node,
        argv,
        stdin: 'add table ip liar\nadd chain ip liar extra { type filter hook output priority 0; }\n',
      },
    ]),
  ]
}
