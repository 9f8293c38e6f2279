/**
 * `npm run chaos -- [--times 200] [--seed S] [--verbose] [SCENARIO...]`: disturbs a run at a random moment, again and again: signals, killed
 * children, full disks, missing tools, limits, a broken /run. Whatever happens, a verdict must not be wrong, nothing may be
 * left behind, and the user must be told. Ends with status 1 when that did not hold, and says which --seed does it again.
 */
import { chmodSync } from 'node:fs'
import { dirSync } from 'tmp-promise'
import { argv, echo } from 'zx'
import { describeError, EXIT, LabError } from '../src/base/errors.js'
import { anySeed } from '../src/base/random.js'
import { columns } from '../src/base/text.js'
import { measureBaseline } from './chaos-judge.js'
import { planRound, type RoundResult, runRound } from './chaos-round.js'
import { FAULTS } from './faults.js'
import { count } from './options.js'
import { insideSandbox, runInSandbox } from './sandbox.js'
import { hostState, stateChanges } from './snapshot.js'

const TIMES = 200
const LINES_SHOWN = 40
const PROBLEMS_SHOWN = 6

try {
  process.exitCode = insideSandbox() ? await inside() : await outside()
} catch (error) {
  echo(`chaos: ${describeError(error)}`)
  process.exitCode = error instanceof LabError ? error.exitCode : EXIT.error
}

/** Watches over the real host while a sandbox stands in for it. */
async function outside(): Promise<number> {
  const before = await hostState()
  const status = await runInSandbox()
  const changes = stateChanges(before, await hostState())
  for (const change of changes) echo(`the host is not as before: ${change}`)
  return changes.length > 0 ? EXIT.failed : status
}

async function inside(): Promise<number> {
  const times = count(argv.times, '--times', TIMES)
  const first = count(argv.seed, '--seed', anySeed())
  const { name: folder } = dirSync({ prefix: 'chaos' })
  // An ordinary user's run writes below it.
  chmodSync(folder, 0o755)
  const baseline = measureBaseline(folder, argv._.map(String))
  const verdicts = [...baseline.scenarios].map(([id, verdict]) => `${id} ${verdict}`)
  echo(`${times} rounds from --seed ${first}; undisturbed: ${verdicts.join(', ')}`)
  const ids = [...baseline.scenarios.keys()]
  const results: RoundResult[] = []
  for (let round = 0; round < times; round++) {
    const result = await runRound(planRound(first + round, ids), baseline, folder)
    results.push(result)
    if (result.problems.length > 0 || argv.verbose) echo(describe(result))
  }
  echo('')
  echo(table(results))
  const bad = results.filter(({ problems }) => problems.length > 0).length
  echo(`${results.length - bad} of ${results.length} rounds as they must be`)
  return bad > 0 ? EXIT.failed : EXIT.ok
}

/** A round in full: how to have it again, what was done, what came, and what is wrong with that. */
function describe({ round, struck, ending, problems, elapsedMs, said }: RoundResult): string {
  const { seed, fault, scenarios, evidence, momentMs } = round
  const lines = said.trimEnd().split('\n').slice(-LINES_SHOWN)
  return [
    `--times 1 --seed ${seed}${argv._.map(id => ` ${id}`).join('')}: ${fault.name} (${struck ?? 'too late'}) after ${momentMs} ms of ${scenarios.join(' ')}, evidence ${evidence}: ${ending}, ${elapsedMs} ms`,
    ...problems.slice(0, PROBLEMS_SHOWN).map(problem => `  ${problem}`),
    ...(problems.length > PROBLEMS_SHOWN ? [`  and ${problems.length - PROBLEMS_SHOWN} more`] : []),
    ...(problems.length > 0 || argv.verbose === 2 ? lines.map(line => `  | ${line}`) : []),
  ].join('\n')
}

function table(results: readonly RoundResult[]): string {
  const endings = [...new Set(results.map(({ ending }) => ending))].sort()
  const names = FAULTS.map(({ name }) => name)
  const row = (name: string, own: readonly RoundResult[]) => [
    name,
    ...[
      own.length,
      own.filter(({ struck }) => struck !== undefined).length,
      ...endings.map(ending => own.filter(result => result.ending === ending).length),
      own.filter(({ problems }) => problems.length > 0).length,
    ].map(number => (number === 0 ? '·' : String(number))),
  ]
  return columns([
    ['fault', 'rounds', 'in time', ...endings, 'wrong'],
    ...names.map(name =>
      row(
        name,
        results.filter(({ round }) => round.fault.name === name),
      ),
    ),
    row('all', results),
  ])
}
