/** Markdown, as far as the documents need it: fenced blocks, headings, links, words in backticks. */

/** One fenced block. */
export interface Block {
  /** The word behind the fence; empty where there is none. */
  readonly language: string
  readonly lines: readonly string[]
  /** Line of the opening fence, from 1. */
  readonly line: number
  /** What the comment before it says of where it is quoted from; undefined where a test runs it. */
  readonly quoted: string | undefined
  /** The path in backticks that the line before it ends in, with a colon: the file that it is, or changes. */
  readonly file: string | undefined
}

const FENCE = /^( *)```([\w-]*)/
const QUOTED = /^<!-- quoted: (.+) -->$/
const FILE = /`([^`\s]+)`:$/

/** The fenced blocks of a text, in order. */
export function blocksOf(text: string): Block[] {
  const all = text.split('\n')
  const blocks: Block[] = []
  for (let at = 0; at < all.length; at++) {
    const [fence, indent = '', language = ''] = FENCE.exec(all[at] ?? '') ?? []
    if (fence === undefined) continue
    const before = all.slice(0, at).findLast(line => line.trim() !== '')
    const end = all.findIndex((line, index) => index > at && line.trim() === '```')
    blocks.push({
      language,
      lines: all.slice(at + 1, end).map(line => line.slice(indent.length)),
      line: at + 1,
      quoted: QUOTED.exec(before?.trim() ?? '')?.[1],
      file: FILE.exec(before ?? '')?.[1],
    })
    at = end < 0 ? all.length : end
  }
  return blocks
}

/** The text with other lines in a block. */
export function withLines(text: string, { line, lines: old }: Block, lines: readonly string[]): string {
  const all = text.split('\n')
  const indent = FENCE.exec(all[line - 1] ?? '')?.[1] ?? ''
  all.splice(line, old.length, ...lines.map(one => (one === '' ? '' : indent + one)))
  return all.join('\n')
}

/** The text without its blocks, line for line. */
function proseOf(text: string): string {
  return blocksOf(text).reduce(
    (prose, block) =>
      withLines(
        prose,
        block,
        block.lines.map(() => ''),
      ),
    text,
  )
}

/** A place that a document points to. */
export interface Link {
  readonly line: number
  /** A path relative to the document, or nothing. */
  readonly path: string
  /** What is behind the #, or nothing. */
  readonly anchor: string
}

/** Every link of a document, and every picture in it, but those that lead out of the repository. */
export function linksOf(text: string): Link[] {
  const found = /\]\(([^)\s]+)\)|\b(?:src|href)="([^"]+)"/g
  return proseOf(text)
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(found)].flatMap(([, markdown, html]) => {
        const target = markdown ?? html ?? ''
        const [path = '', anchor = ''] = target.split('#')
        return /^[a-z]+:/.test(target) ? [] : [{ line: index + 1, path, anchor }]
      }),
    )
}

/** What a heading is linked by, as GitHub has it: its words in lower case with dashes, and a number where there are several. */
export function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>()
  return proseOf(text)
    .split('\n')
    .flatMap(line => /^#{1,6} +(.+)$/.exec(line)?.[1] ?? [])
    .map(heading => {
      const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
      const slug = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
      const times = seen.get(slug) ?? 0
      seen.set(slug, times + 1)
      return times === 0 ? slug : `${slug}-${times}`
    })
}

/** Words in backticks, each with its line. */
export function codeOf(text: string): { readonly line: number; readonly code: string }[] {
  return proseOf(text)
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/`([^`]+)`/g)].map(([, code = '']) => ({ line: index + 1, code })),
    )
}
