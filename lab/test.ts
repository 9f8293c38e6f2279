/**
 * `npm test [-- FILES]` on a machine that lab/test has made ready: checks format, lint and unused code, runs the unit tests
 * several files at once, and all others with tap. FILES (sources or compiled, or folders) runs only these tests, without the checks. The last line is
 * `N passed, N failed, N skipped`.
 */
import { stat } from 'node:fs/promises'
import { $, cd, echo } from 'zx'
import { EXIT } from '../src/base/errors.js'
import { projectRoot } from '../src/base/root.js'
import { testFiles } from './test-files.js'
import { unitFiles } from './unit-files.js'

const SECONDS_PER_FILE = 900

/** Most files wait for guests, scripts and protocols for longer than they compute. */
const FILES_AT_ONCE = 2

/**
 * Folders of tests that want the machine for themselves: they measure, run the whole catalogue, look for what is left behind, or
 * start dozens of scripts at once that wait for seconds.
 */
const ALONE = ['dist/bench', 'dist/scenarios', 'dist/src/script']

/** What is checked besides the tests, by title. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  'format and lint (biome check)': ['biome', 'check', '.'],
  'unused code and packages (knip)': ['knip'],
}

cd(projectRoot())
// Not zx's argv: a name that begins with dashes is to be missed as a file, not taken for an option.
process.exitCode = await main(process.argv.slice(2))

async function main(paths: readonly string[]): Promise<number> {
  const files: string[] = []
  for (const path of paths.length > 0 ? paths : ['.']) {
    const found = await testFiles(path)
    if (found.length === 0) return giveUp(`no test file at ${path}`)
    files.push(...found)
  }
  const everything = paths.length === 0
  const before = everything
    ? ['--passed=types and build (tsc)', ...(await runChecks()), await runUnitTests()]
    : []
  const own = new Set(everything ? await unitFiles([]) : [])
  const status = await runTests(
    files.filter(file => !own.has(file)),
    before,
  )
  await giveToOwner('.tap')
  return status
}

/** Runs every check; what tap-summary is told of them. */
async function runChecks(): Promise<string[]> {
  const results: string[] = []
  for (const [title, command] of Object.entries(CHECKS)) {
    echo(`\n# ${title}`)
    const { ok } = await $({ nothrow: true, preferLocal: true, stdio: 'inherit' })`${command}`
    results.push(`--${ok ? 'passed' : 'failed'}=${title}`)
  }
  return results
}

/** Runs the unit tests: what tap-summary is told of them. */
async function runUnitTests(): Promise<string> {
  echo('\n# unit tests')
  const unit = $({
    nothrow: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })`${process.execPath} dist/lab/unit.js`
  let told = '--failed=unit tests'
  for await (const line of unit) {
    const counts = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(line)
    if (counts) told = `--told=${counts.slice(1).join(',')}`
    else echo(line)
  }
  await unit
  return told
}

/** Resolves with tap's exit status, or where that is 0 with the summary's. */
async function runTests(files: readonly string[], before: readonly string[]): Promise<number> {
  echo('\n# tests')
  const options = ['--disable-coverage', '--reporter=tap', '--no-color', `--jobs=${FILES_AT_ONCE}`]
  const alone = ALONE.map(folder => `--serial=${folder}`)
  const tap = $({
    nothrow: true,
    preferLocal: true,
    stdio: ['inherit', 'pipe', 'inherit'],
  })`tap run ${options} ${alone} --timeout=${SECONDS_PER_FILE} ${files}`
  const summary = $({
    nothrow: true,
    stdio: ['pipe', 'inherit', 'inherit'],
  })`${process.execPath} dist/lab/tap-summary.js ${before}`
  tap.pipe(summary)
  const [tests, counted] = await Promise.all([tap, summary])
  return tests.exitCode || (counted.exitCode ?? EXIT.error)
}

/** After `sudo npm test`, the clone's owner can still remove what root made. */
async function giveToOwner(folder: string): Promise<void> {
  if ((await stat('.')).uid === process.geteuid?.()) return
  await $({ nothrow: true })`chown -Rh --reference=. ${folder}`
}

/** For a run that ends before there are tests to count. */
function giveUp(why: string): number {
  process.stderr.write(`lab/test: ${why}\n`)
  echo('0 passed, 1 failed, 0 skipped')
  return EXIT.usage
}
