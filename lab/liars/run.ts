/**
 * `npm run liars [-- SCENARIO…] [--only TEXT] [--sample N]`: has the programs that toggles are set with, those that load
 * topologies, and the sources of evidence lie, one way after the other, to the scenarios that depend on them, and says which
 * of them went unnoticed. `--only` tries those whose names hold a text, `--sample` every Nth; without them, what came of each
 * scenario is written into docs/liars.md. `--verbose` says what came of each liar, `--jobs` has so many experiments at once, whatever
 * the machine's load, and on a terminal, or with `--progress`, standard error has how far it is. Ends with status 1 where one was missed.
 */
import { rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirSync } from 'tmp-promise'
import { argv, echo } from 'zx'
import { count } from '../../bench/options.js'
import { describeError, EXIT, LabError } from '../../src/base/errors.js'
import { repositoryFile } from '../../src/base/root.js'
import { seconds } from '../../src/base/text.js'
import { inWorld } from '../../src/cli/world.js'
import { chooseScenarios } from '../../src/plan/catalogue.js'
import { insideWorld } from '../../src/world/enter.js'
import { partOf, replaceBetween } from '../readme.js'
import { liarsOf, nameOf } from './liar.js'
import type { Outcome } from './outcome.js'
import {
  counted,
  deviations,
  equivalents,
  groups,
  rowsIn,
  score,
  summary,
  tableOf,
  total,
  withSections,
} from './table.js'
import { tryLiars } from './try.js'

const DOCUMENT = repositoryFile('docs/liars.md')
/** The folder of what lies, for the process inside the world. */
const FOLDER = 'NETNS_LAB_LIARS'

try {
  process.exitCode = insideWorld() ? await inWorld(false, ({ signal }) => inside(signal)) : await outside()
} catch (error) {
  echo(`liars: ${describeError(error)}`)
  process.exitCode = error instanceof LabError ? error.exitCode : EXIT.error
}

async function outside(): Promise<number> {
  if (process.getuid?.() !== 0) throw new LabError('liars take root', 'run it as root', EXIT.unavailable)
  const { name } = dirSync({ prefix: 'liars' })
  process.env[FOLDER] = name
  process.env.PATH = `${name}/bin:${process.env.PATH}`
  try {
    return await inWorld(false, async () => EXIT.error)
  } finally {
    rmSync(name, { recursive: true, force: true })
  }
}

async function inside(signal: AbortSignal): Promise<number> {
  const { scenarios, broken } = await chooseScenarios(argv._.map(String))
  for (const { problem } of broken) throw problem
  const every = count(argv.sample, '--sample', 1)
  const liars = scenarios
    .flatMap(liarsOf)
    .filter(liar => nameOf(liar).includes(String(argv.only ?? '')))
    .filter((_, at) => at % Math.max(every, 1) === 0)
  const jobs = count(argv.jobs, '--jobs', 0)
  const started = performance.now()
  const outcomes = await tryLiars(liars, {
    folder: process.env[FOLDER] ?? '',
    signal,
    ...(jobs > 0 ? { jobs } : {}),
    progress: text => {
      if (process.stderr.isTTY || argv.progress) process.stderr.write(`${text}\n`)
    },
  })
  const elapsed = seconds(performance.now() - started)
  for (const outcome of outcomes) if (argv.verbose || outcome.came === 'missed') echo(line(outcome))
  echo(`${summary(outcomes)}\n${score(outcomes)}, in ${elapsed}`)
  if (argv.only === undefined && every === 1) await writeDown(outcomes)
  return outcomes.some(({ came }) => came === 'missed') ? EXIT.failed : EXIT.ok
}

/** Writes the row of each scenario that was tried, its deviations, and what all of them come to. */
async function writeDown(outcomes: readonly Outcome[]): Promise<void> {
  const own = groups(outcomes, ({ liar }) => liar.scenario.id)
  const old = await readFile(DOCUMENT, 'utf8')
  const rows = rowsIn(partOf(old, 'liars-table') ?? '')
  for (const [id, some] of own) rows.set(id, counted(some))
  const fresh = new Map([...own].map(([id, some]) => [id, deviations(some)]))
  await replaceBetween(DOCUMENT, 'liars-table', tableOf(rows))
  await replaceBetween(DOCUMENT, 'liars-total', total(rows))
  await replaceBetween(
    DOCUMENT,
    'liars-deviations',
    withSections(partOf(old, 'liars-deviations') ?? '', fresh),
  )
  await replaceBetween(DOCUMENT, 'liars-equivalents', equivalents())
}

function line({ liar, came, says }: Outcome): string {
  return `${came}: ${nameOf(liar)}: ${says.replaceAll('\n', ' ')}`
}
