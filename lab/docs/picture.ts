/** A picture of a terminal, as SVG, from what was written to one. */

const COLUMNS = 100
const SIZE = { font: 13, column: 7.82, row: 18, margin: 16 }
const BACKGROUND = '#0d1117'
const FOREGROUND = '#e6edf3'
/** What Select Graphic Rendition (ECMA-48) numbers look like here. */
const COLOURS: Readonly<Record<number, string>> = {
  31: '#ff7b72',
  32: '#3fb950',
  33: '#d29922',
  35: '#bc8cff',
  36: '#39c5cf',
  90: '#8b949e',
}
const BOLD = 1
const ENDS = [0, 22, 39]

/** What a code to a terminal begins with. */
const ESCAPE = '\x1b'
const COLOUR = new RegExp(`${ESCAPE}\\[\\d+m`, 'g')
const PIECE = new RegExp(`${ESCAPE}\\[(\\d+)m|([^${ESCAPE}]+)`, 'g')
const ERASE = `\r${ESCAPE}[K`

/** The width of the terminal that is drawn. */
export const PICTURE_COLUMNS = COLUMNS

/** What the lines of a terminal are in the end, with their colours, when what erases a line has been obeyed. */
export function terminalLines(written: string): string[] {
  return written.split('\n').map(line => line.split(ERASE).at(-1) ?? '')
}

/** Text without its colours. */
export function plain(line: string): string {
  return line.replace(COLOUR, '')
}

/** Draws lines of a terminal. The lines themselves are kept in the picture, for `linesOf`. */
export function drawTerminal(title: string, lines: readonly string[]): string {
  const width = Math.ceil(COLUMNS * SIZE.column + 2 * SIZE.margin)
  const height = lines.length * SIZE.row + 2 * SIZE.margin
  let style = ''
  const rows = lines.flatMap((line, index) => {
    const spans = spansOf(line, style)
    style = spans.end
    // Whatever the font is, what stands in a column stays there.
    const across = (columns: number) => (columns * SIZE.column).toFixed(1)
    return spans.all.map(({ text, column, style }) => {
      const x = (SIZE.margin + column * SIZE.column).toFixed(1)
      const y = SIZE.margin + (index + 0.75) * SIZE.row
      return `  <text x="${x}" y="${y}" textLength="${across(text.length)}"${style}>${escaped(text)}</text>`
    })
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
  <title>${escaped(title)}</title>
  <metadata>${escaped(JSON.stringify(lines))}</metadata>
  <style>text { font: ${SIZE.font}px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; white-space: pre; fill: ${FOREGROUND} }</style>
  <rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>
${rows.join('\n')}
</svg>
`
}

/** The lines that a picture was drawn from. */
export function linesOf(svg: string): string[] {
  const kept = /<metadata>(.*)<\/metadata>/.exec(svg)?.[1] ?? '[]'
  return JSON.parse(kept.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')) as string[]
}

interface Span {
  readonly text: string
  readonly column: number
  readonly style: string
}

/**
 * The pieces of a line that look alike, each at its column, and the style at its end, with which the next line begins. Blanks
 * are not drawn.
 */
function spansOf(line: string, begin: string): { readonly all: readonly Span[]; readonly end: string } {
  const all: Span[] = []
  let column = 0
  let style = begin
  for (const [, code, text = ''] of line.matchAll(PIECE)) {
    if (code !== undefined) style = styleOf(Number(code))
    for (const { 0: words, index } of text.matchAll(/\S+(?: \S+)*/g))
      all.push({ text: words, column: column + index, style })
    column += text.length
  }
  return { all, end: style }
}

function styleOf(code: number): string {
  if (ENDS.includes(code)) return ''
  if (code === BOLD) return ' style="font-weight: bold"'
  const colour = COLOURS[code]
  if (colour === undefined) throw new Error(`the picture has no colour for SGR ${code}`)
  return ` style="fill: ${colour}"`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
