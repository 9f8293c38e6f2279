/** Words, commands and here-documents as a POSIX shell reads them. */

const MAX_COLUMNS = 100

/** One word, in single quotes where the shell would otherwise read something into it. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+:,./=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** A command over as many lines as it takes; with `stdin`, as a here-document in which nothing is expanded. */
export function command(words: readonly string[], stdin?: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of words.map(quote)) {
    const next = line === '' ? word : `${line} ${word}`
    if (line !== '' && next.length > MAX_COLUMNS && !word.includes('\n')) {
      lines.push(line)
      line = `  ${word}`
    } else line = next
  }
  const text = [...lines, line].join(' \\\n')
  if (stdin === undefined) return text
  const end = hereDocumentEnd(stdin)
  return `${text} <<'${end}'\n${stdin.replace(/\n$/, '')}\n${end}`
}

/** A comment over as many lines as it takes. */
export function comment(lines: string): string {
  return lines
    .split('\n')
    .map(line => `# ${line}`.trimEnd())
    .join('\n')
}

/** A name that the shell takes for a function, from an id of the scenario's. */
export function functionName(id: string): string {
  return id.replace(/[^A-Za-z0-9]+/g, '_').replace(/^(?=\d)/, '_')
}

/**
 * A word that ends a here-document and is none of its lines. dash 0.5.12 loses a byte of a line that begins as the word
 * does and goes on beyond ASCII, so that it begins otherwise where it can.
 */
function hereDocumentEnd(text: string): string {
  const lines = text.split('\n')
  const lost = lines.flatMap(line => /^[!-~]+(?=[^\0-\x7f])/.exec(line)?.[0] ?? [])
  const first = [...'E_ABCDFGHIJKLMNOPQRSTUVWXYZ'].find(
    letter => !lost.some(start => start.startsWith(letter)),
  )
  let end = first === undefined || first === 'E' ? 'END' : `${first}END`
  while (lines.includes(end)) end += '_'
  return end
}
