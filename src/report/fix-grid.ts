/** The table of fixes in characters, as wide as there is room for. */
import type { Paint } from '../base/colour.js'
import { type Cell, type FixTable, type Row, rowParts, type TableProbe } from './fix-table.js'

/** What is said of a cell: a sign that needs a legend, and a word that needs none. */
interface Said {
  readonly sign: string
  readonly word: string
}

const SAID: Readonly<Record<Cell['outcome'], Said>> = {
  works: { sign: '✓', word: 'works' },
  fails: { sign: '✕', word: 'fails' },
  both: { sign: '±', word: 'either' },
  untried: { sign: '–', word: '' },
  skipped: { sign: '–', word: 'skipped' },
  'not-triggered': { sign: '○', word: 'not so' },
  error: { sign: '?', word: 'error' },
}
const ATTACK_WORDS: Readonly<Partial<Record<Cell['outcome'], string>>> = {
  works: 'refused',
  fails: 'reached',
}

/** What stands behind what must have come out otherwise, and behind what the document says otherwise. */
const BAD = '!'
const CHANGED = '*'
const GAP = 2
/** Before the other lines of a label. */
const INDENT = '  '
/** Labels are broken where there is less room than this. */
const NARROW = 26

/** A cell in words: `✓ works`, `✕ reached !`. */
export function cellText({ outcome, bad, changed }: Cell, attack: boolean, signs = false): string {
  const { sign, word } = SAID[outcome]
  const said = signs ? '' : ((attack ? ATTACK_WORDS[outcome] : undefined) ?? word)
  const mark = bad ? BAD : changed ? CHANGED : ''
  return `${sign}${said === '' ? '' : ` ${said}`}${mark}`
}

/** What the marks in a table mean, one for each that is there. */
export function legendOf({ rows }: FixTable, signs = false): string[] {
  const cells = rows.flatMap(row => row.cells)
  const has = (...outcomes: readonly Cell['outcome'][]) =>
    cells.some(({ outcome }) => outcomes.includes(outcome))
  return [
    ...(signs ? ['✓ works', '✕ fails'] : []),
    ...(has('untried') || (signs && has('skipped')) ? ['– not tried'] : []),
    ...(has('not-triggered') ? ['○ it takes luck to fail, and there was none'] : []),
    ...(has('both') ? ['± both ways'] : []),
    ...(cells.some(({ bad }) => bad) ? [`${BAD} must come out otherwise`] : []),
    ...(cells.some(({ bad, changed }) => changed && !bad)
      ? [`${CHANGED} not as documented: as this kernel must`]
      : []),
  ]
}

interface Column {
  /** Its heading, line by line. */
  readonly heading: readonly string[]
  readonly width: number
}

/** The table in lines of at most so many columns, where its words are not longer than that. */
export function fixGrid(table: FixTable, columns: number, paint: Paint): string[] {
  const { probes, rows } = table
  if (rows.length === 0) return []
  const labels = rows.map(rowParts)
  const whole = Math.max(...labels.map(parts => parts.join(', ').length))
  const longest = Math.max(...labels.flat().map(part => part.length))
  const layouts = [
    probes.map((probe, at) => column([probe.id], rows, probe, at, false)),
    probes.map((probe, at) => column(brokenAtDashes(probe.id, rows, probe, at), rows, probe, at, false)),
    probes.map((probe, at) => column([letter(at)], rows, probe, at, true)),
  ]
  const roomOf = (layout: readonly Column[]) =>
    columns - layout.reduce((sum, { width }) => sum + width + GAP, 0)
  const enough = Math.min(whole, Math.max(NARROW, longest + INDENT.length + 1))
  const fits = layouts.findIndex(layout => roomOf(layout) >= enough)
  const chosen = fits < 0 ? layouts.length - 1 : fits
  const layout = layouts[chosen] ?? []
  const signs = chosen === layouts.length - 1
  const lines = labels.map(parts => label(parts, roomOf(layout)))
  const room = Math.max(...lines.flat().map(line => line.length))
  const height = Math.max(...layout.map(({ heading }) => heading.length))
  const head = Array.from({ length: height }, (_, line) =>
    [
      ' '.repeat(room),
      // Headings stand on the rows.
      ...layout.map(({ heading, width }) => (heading[line - height + heading.length] ?? '').padEnd(width)),
    ]
      .join(' '.repeat(GAP))
      .trimEnd(),
  )
  const body = rows.flatMap((row, at) =>
    rowLines(lines[at] ?? [], row, { layout, room, signs, probes, paint }),
  )
  const letters = signs ? probes.map(({ id }, at) => `${letter(at)} ${id}`) : []
  const legend = [...legendOf(table, signs), ...letters]
  return [
    ...head.map(line => paint('gray', line)),
    ...body,
    ...packed(legend, columns).map(line => paint('gray', line)),
  ]
}

interface Drawn {
  readonly layout: readonly Column[]
  readonly room: number
  readonly signs: boolean
  readonly probes: readonly TableProbe[]
  readonly paint: Paint
}

function rowLines([first = '', ...more]: readonly string[], { cells }: Row, drawn: Drawn): string[] {
  const { layout, room, signs, probes, paint } = drawn
  const texts = cells.map((cell, at) => {
    const text = cellText(cell, probes[at]?.attack ?? false, signs)
    const last = at === cells.length - 1
    return paintCell(cell, last ? text : text.padEnd(layout[at]?.width ?? 0), paint)
  })
  return [[first.padEnd(room), ...texts].join(' '.repeat(GAP)), ...more]
}

/** Green is what works and must; a failure that must come has no colour of its own. */
function paintCell({ outcome, bad }: Cell, text: string, paint: Paint): string {
  if (bad) return paint('red', text)
  if (outcome === 'works') return paint('green', text)
  return outcome === 'fails' || outcome === 'both' ? text : paint('gray', text)
}

function column(
  heading: readonly string[],
  rows: readonly Row[],
  { attack }: TableProbe,
  at: number,
  signs: boolean,
): Column {
  return { heading, width: Math.max(...heading.map(line => line.length), widest(rows, attack, at, signs)) }
}

function widest(rows: readonly Row[], attack: boolean, at: number, signs: boolean): number {
  return Math.max(...rows.map(({ cells }) => (cells[at] ? cellText(cells[at], attack, signs).length : 0)))
}

/** A name in lines that are no longer than the cells below them, where it has dashes to break it at. */
function brokenAtDashes(id: string, rows: readonly Row[], { attack }: TableProbe, at: number): string[] {
  const width = widest(rows, attack, at, false)
  const lines: string[] = []
  for (const piece of id.split(/(?<=-)/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + piece.length <= width) lines[lines.length - 1] = last + piece
    else lines.push(piece)
  }
  return lines
}

/** A row's name in lines: broken between settings, where there is no room for all of them. */
function label(parts: readonly string[], room: number): string[] {
  const lines: string[] = []
  for (const [at, part] of parts.entries()) {
    const next = parts[at + 1]
    const piece = next === undefined || next.startsWith('or ') ? part : `${part},`
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + piece.length <= room)
      lines[lines.length - 1] = `${last} ${piece}`
    else lines.push(lines.length === 0 ? piece : INDENT + piece)
  }
  return lines
}

function packed(pieces: readonly string[], columns: number): string[] {
  const lines: string[] = []
  for (const piece of pieces) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 2 + piece.length <= columns)
      lines[lines.length - 1] = `${last}  ${piece}`
    else lines.push(piece)
  }
  return lines
}

function letter(at: number): string {
  return 'abcdefghijklmnopqrstuvwxyz'[at] ?? `${at + 1}`
}
