/** Other values in the place of good ones: for properties of everything that refuses what is malformed. */
import fc from 'fast-check'

export type Path = readonly (string | number)[]

/** Every path of a value that leads to something, itself left out. */
export function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Array.isArray(value)
    ? value.flatMap((entry, index) => pathsOf(entry, [...path, index]))
    : Object.entries(value).flatMap(([key, entry]) => pathsOf(entry, [...path, key]))
  return path.length === 0 ? inner : [path, ...inner]
}

/** A copy with another value at a path. */
export function replaced(value: unknown, [step, ...rest]: Path, by: (old: unknown) => unknown): unknown {
  if (step === undefined) return by(value)
  if (Array.isArray(value))
    return value.map((entry, index) => (index === step ? replaced(entry, rest, by) : entry))
  return Object.fromEntries(
    Object.entries(value as object).map(([key, entry]) => [
      key,
      key === step ? replaced(entry, rest, by) : entry,
    ]),
  )
}

/** What a complaint calls the field at a path. */
export const fieldOf = (root: string, path: Path) =>
  (root + path.map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')).replace(/^\./, '')

/** Whether a complaint is about a field, something in it, or what holds it. */
export const about = (field: string, path: string) => field.startsWith(path) || path.startsWith(field)

/** What is nowhere of the right type. */
export const WRONG: readonly unknown[] = [
  null,
  7n,
  Symbol('x'),
  () => 1,
  Number.NaN,
  [[[]]],
  { toString: null },
  new Map(),
  new Date(0),
]

/** What a terminal, a shell, a file system, a batch file or a kernel takes for something else. */
const HOSTILE = [
  ...[
    '',
    ' ',
    '.',
    '..',
    '../x',
    '/',
    '--x',
    '-x',
    'a b',
    'a\nb',
    'x\nnetns del y',
    'a\0b',
    'a\tb',
    '\u001b[2J',
    'é',
    '🧨',
  ],
  ...[
    '$(reboot)',
    '`reboot`',
    ';reboot',
    '|sh',
    'a'.repeat(200_000),
    '\u202ex',
    '__proto__',
    "it's",
    'a"b',
    'a#b',
    'a\\',
  ],
]
export const hostile = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 20 }))
