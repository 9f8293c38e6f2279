/** The TAP of unit tests: what several files wrote one after the other, as a subtest for each. */

/** A comment that begins so names the file whose tests follow. */
export const FILE_BEGINS = 'unit test file: '

/** A result that is a failure. */
const NOT_OK = /^not ok (?!.*# (TODO|SKIP)\b)/

/** How long a test took. */
const TIME = /^(?:not )?ok .*# time=([\d.]+)ms/

/** What came of one file. */
export interface FileResult {
  readonly file: string
  /** Its TAP, without version and plan. */
  readonly lines: readonly string[]
  /** How its process ended before it came to its end. */
  readonly crash?: string
}

/** Tells files apart in the lines of one process. */
export class GroupReader {
  readonly #files: readonly string[]
  readonly #waiting: Set<string>
  #file: string | undefined
  #lines: string[] = []
  #planned = false
  #failed = false

  /** One file alone does not say that it begins. */
  constructor(
    files: readonly string[],
    private readonly done: (result: FileResult) => void,
  ) {
    this.#files = files
    this.#waiting = new Set(files)
    if (files.length === 1) this.#begin(files[0])
  }

  line(text: string): void {
    const begins = text.startsWith(`# ${FILE_BEGINS}`) ? text.slice(FILE_BEGINS.length + 2) : undefined
    if (begins !== undefined && this.#files.includes(begins)) this.#begin(begins)
    else if (/^1\.\.\d+/.test(text)) this.#planned = true
    else if (!/^TAP version /.test(text) && !this.#planned) {
      this.#lines.push(text)
      this.#failed ||= NOT_OK.test(text)
    }
  }

  /** The process has ended with this status, or as the words say. One that says of no test that it failed came to nothing. */
  end(status: number | null, how: string): void {
    const complete = this.#planned && (status === 0 || this.#failed)
    this.#finish(complete ? undefined : how)
    for (const file of this.#waiting) this.done({ file, lines: [], crash: how })
  }

  #begin(file: string | undefined): void {
    this.#finish(undefined)
    this.#file = file
    this.#lines = []
    if (file !== undefined) this.#waiting.delete(file)
  }

  #finish(crash: string | undefined): void {
    if (this.#file === undefined) return
    this.done({
      file: this.#file,
      lines: this.#lines,
      ...(crash === undefined ? {} : { crash }),
    })
  }
}

/** What came of a file as a subtest with this number. */
export function subtestOf({ file, lines, crash }: FileResult, number: number): string {
  let count = 0
  const all = [...lines, ...(crash === undefined ? [] : [`not ok 0 - ${crash}`])]
  const own = all.map(line => line.replace(/^(not )?ok \d+/, (_, not = '') => `${not}ok ${++count}`))
  const milliseconds = own.reduce((sum, line) => sum + Number(TIME.exec(line)?.[1] ?? 0), 0)
  const end = own.some(line => NOT_OK.test(line))
    ? `not ok ${number} - ${file}`
    : `ok ${number} - ${file}${count === 0 ? ' # SKIP no tests found' : ''}`
  return [
    `# Subtest: ${file}`,
    ...own.map(line => (line === '' ? '' : `    ${line}`)),
    `    1..${count}`,
    `${end}${count === 0 ? '' : ` # time=${milliseconds.toFixed(1)}ms`}`,
    '',
  ].join('\n')
}
