import ts from 'typescript'

/** The JSDoc comment before something, in one line; undefined where there is none. */
export function commentOf(text: string, node: ts.Node): string | undefined {
  const last = (ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []).at(-1)
  const comment = last && text.slice(last.pos, last.end)
  if (!comment?.startsWith('/**')) return undefined
  return comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^\s*\* ?/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
}
