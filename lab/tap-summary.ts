/**
 * Reads the TAP of a whole test run on standard input and says what people want to know: one line per test file while it goes
 * on, each failure with its cause, what was skipped and why, and at last `N passed, N failed, N skipped`. What is counted is
 * the innermost named test, not the assertion. Checks that ran before the tests are passed in as --passed=TITLE and
 * --failed=TITLE, and what another summary has told of already as --told=PASSED,FAILED,SKIPPED. Exits 1 on any failure, a bail-out, a crashed file, or when no test was executed; 2 for another argument.
 */
import { inspect } from 'node:util'
import { Parser, type Result } from 'tap-parser'
import { seconds } from '../src/base/text.js'

interface TestNode {
  title: string
  children: TestNode[]
  points: Result[]
  /** The line in the parent that says how this test ended; missing when the run was cut short. */
  end?: Result
}

interface Leaf {
  path: string[]
  outcome: 'passed' | 'failed' | 'skipped'
  reason: string
  points: Result[]
}

const newNode = (title: string): TestNode => ({ title, children: [], points: [] })

/** Fills `node` from the parser's events. */
function collect(parser: Parser, node: TestNode, onChildEnd: (child: TestNode) => void = () => {}): void {
  let open: TestNode | undefined
  parser.on('child', (child: Parser) => {
    open = newNode(child.name)
    node.children.push(open)
    collect(child, open)
  })
  parser.on('assert', (point: Result) => {
    if (!open) {
      node.points.push(point)
      return
    }
    open.end = point
    onChildEnd(open)
    open = undefined
  })
}

const directive = (point: Result | undefined): boolean | string => point?.skip || point?.todo || false
const words = (reason: boolean | string): string => (typeof reason === 'string' ? reason : '')

function leavesOf(node: TestNode, above: string[]): Leaf[] {
  const path = [...above, node.title]
  if (node.children.length === 0) return [leafOf(node, path)]
  const leaves = node.children.flatMap(child => leavesOf(child, path))
  for (const point of node.points) {
    const reason = directive(point)
    if (reason)
      leaves.push({ path: [...path, point.name], outcome: 'skipped', reason: words(reason), points: [] })
  }
  // A failure of its own: an assertion outside of the tests in it, a crash, a time-out, a wrong number of tests.
  if (!node.end?.ok && !leaves.some(leaf => leaf.outcome === 'failed')) leaves.push(failure(node, path))
  return leaves
}

function leafOf(node: TestNode, path: string[]): Leaf {
  if (!node.end?.ok) return failure(node, path)
  const ended = directive(node.end)
  if (ended === 'no tests found') return { path, outcome: 'failed', reason: 'has no test in it', points: [] }
  if (ended) return { path, outcome: 'skipped', reason: words(ended), points: [] }
  const [first] = node.points
  if (first && node.points.every(point => directive(point)))
    return { path, outcome: 'skipped', reason: words(directive(first)) || first.name, points: [] }
  return { path, outcome: 'passed', reason: '', points: [] }
}

function failure(node: TestNode, path: string[]): Leaf {
  const points = node.points.filter(point => !point.ok && !point.todo)
  const diag = record(node.end?.diag)
  let reason = ''
  if (!node.end) reason = 'was cut short'
  else if (diag.signal) reason = `was ended by ${diag.signal}`
  else if (typeof diag.exitCode === 'number' && points.length === 0)
    reason = `exited with status ${diag.exitCode}`
  else if (points.length === 0) reason = node.end.name
  return { path, outcome: 'failed', reason, points }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** What the assertion itself says about its failure; tap's own book-keeping is left out. */
function explain(point: Result): string[] {
  const { at, diff, stack, source, compare, typeName, ...rest } = record(point.diag)
  const { fileName, lineNumber } = record(at)
  const lines = [`not ok: ${point.name}`]
  if (fileName) lines.push(`at ${fileName}:${lineNumber}`)
  if (typeof diff === 'string') lines.push(...diff.trimEnd().split('\n'))
  else if (typeof stack === 'string' && !fileName) lines.push(...stack.trimEnd().split('\n'))
  for (const [key, value] of Object.entries(rest)) {
    const text = typeof value === 'string' ? value : inspect(value, { depth: 6, breakLength: 100 })
    lines.push(...`${key}: ${text}`.trimEnd().split('\n'))
  }
  return lines
}

const titleOf = (leaf: Leaf): string => leaf.path.join(' › ') + (leaf.reason ? `: ${leaf.reason}` : '')

function printFile(file: TestNode, leaves: Leaf[]): void {
  const count = (outcome: Leaf['outcome']) => leaves.filter(leaf => leaf.outcome === outcome).length
  const parts = (['passed', 'failed', 'skipped'] as const)
    .filter(outcome => count(outcome))
    .map(outcome => `${count(outcome)} ${outcome}`)
  const took = file.end?.time ? ` (${seconds(file.end.time)})` : ''
  console.log(`${count('failed') ? 'FAIL' : 'ok  '}  ${file.title}: ${parts.join(', ')}${took}`)
  for (const leaf of leaves.filter(leaf => leaf.outcome === 'failed')) printFailure(leaf)
}

function printFailure(leaf: Leaf): void {
  console.log(`      ${titleOf(leaf)}`)
  for (const line of leaf.points.flatMap(explain)) console.log(`        ${line}`)
}

function printList(heading: string, leaves: Leaf[]): void {
  if (leaves.length === 0) return
  console.log(`\n${heading}:`)
  for (const leaf of leaves) console.log(`  ${titleOf(leaf)}`)
}

/** What was told before: how many tests of each outcome. */
const told = { passed: 0, failed: 0, skipped: 0 }

function checksFrom(args: string[]): Leaf[] {
  return args.flatMap(arg => {
    const [, passed, failed, skipped] = /^--told=(\d+),(\d+),(\d+)$/.exec(arg) ?? []
    if (passed !== undefined) {
      Object.assign(told, { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) })
      return []
    }
    const match = /^--(passed|failed)=(.+)$/.exec(arg)
    if (!match) {
      console.error(`tap-summary: unknown argument: ${arg}`)
      process.exit(2)
    }
    const outcome = match[1] === 'passed' ? 'passed' : 'failed'
    return { path: [match[2] ?? ''], outcome, reason: '', points: [] }
  })
}

const leaves = checksFrom(process.argv.slice(2))
let executed = 0
const run = newNode('the test run')

function finishFile(file: TestNode): void {
  const found = leavesOf(file, [])
  executed += found.filter(leaf => leaf.outcome !== 'skipped').length
  leaves.push(...found)
  printFile(file, found)
}

const parser = new Parser(({ bailout, ok }) => {
  for (const file of run.children.filter(file => !file.end)) finishFile(file)
  if (bailout) {
    leaves.push({ path: ['bail-out'], outcome: 'failed', reason: words(bailout), points: [] })
  } else if (run.children.length === 0 || (!ok && !leaves.some(leaf => leaf.outcome === 'failed'))) {
    leaves.push(failure(run, [run.title]))
  }
  const of = (outcome: Leaf['outcome']) => leaves.filter(leaf => leaf.outcome === outcome)
  printList('Skipped', of('skipped'))
  printList('Failed', of('failed'))
  if (executed === 0) console.log('\nNo test was executed.')
  const total = (outcome: Leaf['outcome']) => told[outcome] + of(outcome).length
  console.log(`\n${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`)
  process.exitCode = total('failed') > 0 || executed === 0 ? 1 : 0
})

collect(parser, run, finishFile)

// What tests print themselves.
parser.on('extra', (text: string) => process.stdout.write(text))
process.stdin.pipe(parser)
