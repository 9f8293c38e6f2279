/**
 * `npm run unit [-- FILES]`: the tests that need no kernel, no privileges and nothing provisioned, several files at once, in
 * seconds. FILES (sources or compiled, or folders) runs only these. The last line is `N passed, N failed, N skipped`.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { $, cd } from 'zx'
import { EXIT } from '../src/base/errors.js'
import { projectRoot } from '../src/base/root.js'
import { turns } from '../src/base/turns.js'
import { unitFiles } from './unit-files.js'
import { type FileResult, GroupReader, subtestOf } from './unit-tap.js'

cd(projectRoot())
process.exitCode = await main(process.argv.slice(2))

async function main(paths: readonly string[]): Promise<number> {
  let files: readonly string[]
  try {
    files = await unitFiles(paths)
  } catch (error) {
    process.stderr.write(`lab/unit: ${(error as Error).message}\n`)
    return EXIT.usage
  }
  const summary = $({
    nothrow: true,
    stdio: ['pipe', 'inherit', 'inherit'],
  })`${process.execPath} dist/lab/tap-summary.js`
  summary.stdin.write('TAP version 14\n')
  let count = 0
  const inTurn = turns(availableParallelism())
  const done = (result: FileResult) => summary.stdin.write(subtestOf(result, ++count))
  await Promise.all(groupsOf(files).map((group, number) => inTurn(() => runGroup(number, group, done))))
  summary.stdin.end(`1..${count}\n`)
  return (await summary).exitCode ?? EXIT.error
}

/** Files that share a process, one for each CPU (each loads tap and the catalogue first, which takes longer than most files), as many long ones in each. One with snapshots has its own: tap finds them by the program's name. */
function groupsOf(files: readonly string[]): string[][] {
  const alone = files.filter(file => readFileSync(file, 'utf8').includes('.matchSnapshot('))
  const shared = files.filter(file => !alone.includes(file))
  const size = Math.min(shared.length, availableParallelism())
  const groups = Array.from({ length: size }, (_, group) => shared.filter((_, at) => at % size === group))
  return [...groups, ...alone.map(file => [file])]
}

/** Runs files in one process, the one with this number; `done` is told what came of each as soon as it is known. */
async function runGroup(
  number: number,
  files: readonly string[],
  done: (result: FileResult) => void,
): Promise<void> {
  const reader = new GroupReader(files, done)
  const program = files.length === 1 ? files : ['dist/lab/unit-group.js', number]
  const group = $({
    nothrow: true,
    env: { ...process.env, NETNS_LAB_UNIT: files.join(':'), TAP_TIMEOUT: '300' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })`${process.execPath} ${program}`
  for await (const line of group) reader.line(line)
  const { exitCode, signal } = await group
  reader.end(exitCode, signal ? `it was ended by ${signal}` : `it ended with status ${exitCode}`)
}
