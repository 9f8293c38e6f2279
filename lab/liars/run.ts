/**
 * `npm run liars [-- SCENARIO…] [--only TEXT] [--sample N]`: has the programs that toggles are set with, those that load
 * topologies, and the sources of evidence lie, one way after the other, to the scenarios that depend on them, and says which
 * of them went unnoticed. `--only` tries those whose names hold a text, `--sample` every Nth, and `--verbose` says what came of
 * each; without them, the table of each scenario is written into docs/liars.md. Ends with status 1 where one was missed.
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
import { equivalents, score, summary, table, total, withSections } from './table.js'
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
  const started = performance.now()
  const outcomes = await tryLiars(liars, { folder: process.env[FOLDER] ?? '', signal })
  const elapsed = seconds(performance.now() - started)
  for (const outcome of outcomes) if (argv.verbose || outcome.came === 'missed') echo(line(outcome))
  echo(`${summary(outcomes)}\n${score(outcomes)}, in ${elapsed}`)
  if (argv.only === undefined && every === 1) await writeDown(outcomes)
  return outcomes.some(({ came }) => came === 'missed') ? EXIT.failed : EXIT.ok
}

/** Writes the table of each scenario that was tried, and what all of them come to. */
async function writeDown(outcomes: readonly Outcome[]): Promise<void> {
  const ids = [...new Set(outcomes.map(({ liar }) => liar.scenario.id))]
  const fresh = new Map(ids.map(id => [id, table(outcomes.filter(({ liar }) => liar.scenario.id === id))]))
  const sections = withSections(partOf(await readFile(DOCUMENT, 'utf8'), 'liars-scenarios') ?? '', fresh)
  await replaceBetween(DOCUMENT, 'liars-scenarios', sections)
  await replaceBetween(DOCUMENT, 'liars-total', total(sections))
  await replaceBetween(DOCUMENT, 'liars-equivalents', equivalents())
}

function line({ liar, came, says }: Outcome): string {
  return `${came}: ${nameOf(liar)}: ${says.replaceAll('\n', ' ')}`
}
