/**
 * Reads what the kernel's own tests print: KTAP and TAP 13, nested by two spaces, as
 * Documentation/dev-tools/ktap.rst has it, and the `TEST: name [ OK ]` lines of tools/testing/selftests/net.
 */
import { stripVTControlCharacters } from 'node:util'
import { LabError } from '../base/errors.js'

/** One test of a kselftest, with the tests inside it. */
export interface KernelTest {
  readonly name: string
  /** `xfail`: fails, as the test's author knows; `error`: the test itself could not run */
  readonly outcome: 'pass' | 'fail' | 'skip' | 'xfail' | 'error'
  /** what follows the directive, or the `#`; empty when nothing does */
  readonly why: string
  /** of the result, counted from 1 */
  readonly line: number
  readonly subtests: readonly KernelTest[]
}

/** How many tests came out how. */
export type KernelTestCounts = Readonly<Record<KernelTest['outcome'], number>>

/** Nobody nests deeper; a file that does would exhaust the stack of whoever walks its tests. */
const DEEPEST = 100

/** An open level of KTAP. */
interface Level {
  /** of its version line, counted from 1 */
  readonly opened: number
  plan: number | undefined
  /** why the whole level is skipped: the comment of `1..0 # SKIP` */
  skipped: string | undefined
  readonly tests: KernelTest[]
}

/**
 * The tests in the output of a kselftest. Lines of no known form are passed over, as ktap.rst asks for; `TEST:` lines
 * count only where there is no KTAP. Throws LabError, naming the line, for output that does not add up: cut off, bailed
 * out, numbers or plans that do not fit, or no result at all.
 */
export function readKtap(text: string): readonly KernelTest[] {
  const lines = text.split('\n').map(line => stripVTControlCharacters(line).trimEnd())
  const open: Level[] = []
  lines.forEach((line, index) => {
    readLine(open, line, index + 1)
  })
  const [top, nested] = open
  if (!top) return readTestLines(lines)
  if (nested) refuse(nested.opened, 'the subtests that begin here have no result after them')
  closeLevel(top, lines.length)
  if (top.skipped !== undefined)
    return [{ name: 'all tests', outcome: 'skip', why: top.skipped, line: top.opened, subtests: [] }]
  if (top.tests.length === 0) refuse(top.opened, 'no result follows the version line')
  return top.tests
}

/** Counts the innermost tests, and an outer one only when it failed though nothing inside it did. */
export function countTests(tests: readonly KernelTest[]): KernelTestCounts {
  const counts = { pass: 0, fail: 0, skip: 0, xfail: 0, error: 0 }
  for (const { outcome, subtests } of tests) {
    const inner = countTests(subtests)
    for (const [key, value] of Object.entries(inner)) counts[key as KernelTest['outcome']] += value
    const unexplained = (outcome === 'fail' || outcome === 'error') && inner.fail + inner.error === 0
    if (subtests.length === 0 || unexplained) counts[outcome]++
  }
  return counts
}

function readLine(open: Level[], line: string, number: number): void {
  const words = line.trimStart()
  const indent = line.length - words.length
  if (indent % 2 !== 0 || line.startsWith('\t')) return
  const depth = indent / 2
  if (/^(KTAP version 1|TAP version 1[34])$/.test(words)) {
    if (depth < open.length)
      refuse(number, 'a second version line, with no result before it that ends the level')
    if (depth > open.length)
      refuse(number, `subtests are indented by ${indent} spaces, not ${2 * open.length}`)
    if (depth >= DEEPEST) refuse(number, `subtests are nested more than ${DEEPEST} levels deep`)
    open.push({ opened: number, plan: undefined, skipped: undefined, tests: [] })
    return
  }
  const level = open[depth]
  if (!level) return
  if (words.startsWith('Bail out!')) refuse(number, `the test gave up: ${words}`)
  const plan = /^1\.\.(\d+)(?:\s+#\s*SKIP\b\s*(.*))?$/is.exec(words)
  if (plan) {
    if (level.plan !== undefined) refuse(number, 'a second plan')
    level.plan = Number(plan[1])
    if (level.plan === 0) level.skipped = plan[2] ?? ''
    return
  }
  const result = /^(ok|not ok) (\d+)(?:\s+(.*))?$/s.exec(words)
  if (!result) return
  if (depth < open.length - 2)
    refuse(number, `the subtests that begin in line ${open.at(-1)?.opened} have no result after them`)
  const inner = depth === open.length - 2 ? open.pop() : undefined
  if (inner) closeLevel(inner, number)
  const expected = level.tests.length + 1
  if (Number(result[2]) !== expected) refuse(number, `test ${result[2]} comes where test ${expected} must`)
  level.tests.push(readResult(result[1] === 'ok', expected, result[3] ?? '', number, inner?.tests ?? []))
}

function readResult(
  ok: boolean,
  count: number,
  rest: string,
  line: number,
  subtests: readonly KernelTest[],
): KernelTest {
  const hash = rest.indexOf('#')
  const description = (hash < 0 ? rest : rest.slice(0, hash)).replace(/^- */, '').trim()
  const comment = hash < 0 ? '' : rest.slice(hash + 1).trim()
  const name = description || `test ${count}`
  const directive = /^(SKIP|XFAIL|TODO|TIMEOUT|ERROR)\b:?\s*/i.exec(comment)
  const why = comment.slice(directive?.[0].length ?? 0)
  return { name, outcome: outcomeOf(ok, directive?.[1]?.toUpperCase()), why, line, subtests }
}

function outcomeOf(ok: boolean, directive: string | undefined): KernelTest['outcome'] {
  if (directive === 'SKIP') return 'skip'
  // kselftest.h prints `ok # XFAIL`; TODO is TAP's, where `ok` says that nothing is left to do.
  if (directive === 'XFAIL' || (directive === 'TODO' && !ok)) return 'xfail'
  if (ok) return 'pass'
  return directive === 'ERROR' ? 'error' : 'fail'
}

function closeLevel({ opened, plan, tests }: Level, number: number): void {
  if (plan !== undefined && plan !== tests.length)
    refuse(number, `${tests.length} of the ${plan} tests planned since line ${opened} have a result`)
}

const WORDS: Readonly<Record<string, KernelTest['outcome']>> = {
  OK: 'pass',
  PASS: 'pass',
  FAIL: 'fail',
  SKIP: 'skip',
  XFAIL: 'xfail',
}

/** The shell scripts' own lines, and the totals that most of them end with. */
function readTestLines(lines: readonly string[]): readonly KernelTest[] {
  const tests: KernelTest[] = []
  lines.forEach((given, index) => {
    const line = given.trim()
    const total = /^Tests (passed|failed): +(\d+)$/.exec(line)
    if (total) {
      const [, word, said] = total
      const read = tests.filter(({ outcome }) => outcome === (word === 'passed' ? 'pass' : 'fail')).length
      if (read !== Number(said)) refuse(index + 1, `${said} tests ${word} by its count, ${read} by its lines`)
    }
    if (!line.startsWith('TEST:') || !line.endsWith(']')) return
    const bracket = line.lastIndexOf('[')
    const outcome = bracket < 0 ? undefined : WORDS[line.slice(bracket + 1, -1).trim()]
    if (outcome === undefined) return
    const name = line.slice('TEST:'.length, bracket).trim()
    tests.push({ name, outcome, why: '', line: index + 1, subtests: [] })
  })
  if (tests.length === 0) refuse(lines.length, 'the output ends, and neither KTAP nor a TEST: line was in it')
  return tests
}

function refuse(line: number, problem: string): never {
  throw new LabError(
    `line ${line} of the kselftest's output: ${problem}`,
    'run the test by itself and read what it prints; it may have been cut off',
  )
}
