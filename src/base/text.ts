/** Text in lines of a given width, and numbers with their units. */

/** Breaks `text` at spaces into lines of at most `width` columns, a longer word by itself; `indent`, which does not count, stands before each but the first. */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const next = line === '' ? word : `${line} ${word}`
    if (line !== '' && next.length > width) {
      lines.push(line)
      line = word
    } else line = next
  }
  return [...lines, line].join(`\n${indent}`)
}

/** Rows in columns: the first one to the left, the others, which are numbers, to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map(row => row[at]?.length ?? 0)))
  return rows
    .map(row =>
      row
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join('  '),
    )
    .join('\n')
}

/** A number of things: `1 scenario`, `2 scenarios`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}

/** Seconds with one decimal. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

/** Whole mebibytes, rounded up. */
export function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`
}

/** The last `count` lines of what a program printed, as one. */
export function lastLines(output: string, count = 1): string {
  const lines = output.trim().split('\n').slice(-count)
  return lines.map(line => line.trim()).join(' | ') || 'it printed nothing'
}
