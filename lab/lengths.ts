/**
 * Writes how long each scenario takes, by which the catalogue is cut into shards: `node dist/lab/lengths.js REPORT.json…`, of runs
 * of the whole catalogue, best of guests with one CPU, as it is for those that the catalogue is cut.
 */
import { fs } from 'zx'
import { describeError, EXIT, LabError } from '../src/base/errors.js'
import { projectRoot } from '../src/base/root.js'
import { readReport } from '../src/report/read.js'

const FILE = `${projectRoot()}/src/plan/lengths.ts`

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`lengths: ${describeError(error)}\n`)
  process.exitCode = error instanceof LabError ? error.exitCode : EXIT.error
}

async function main(files: readonly string[]): Promise<void> {
  if (files.length === 0)
    throw new LabError('no files given', 'node dist/lab/lengths.js REPORT.json…', EXIT.usage)
  const lengths = new Map<string, number[]>()
  for (const { id, elapsedMs } of files.flatMap(file => readReport(file).scenarios))
    lengths.set(id, [...(lengths.get(id) ?? []), elapsedMs])
  const lines = [...lengths].sort().map(([id, all]) => {
    const mean = all.reduce((sum, length) => sum + length, 0) / all.length
    return `  '${id}': ${Math.max(1, Math.round(mean / 100))},\n`
  })
  await fs.writeFile(
    FILE,
    `/** How long each scenario takes, in tenths of a second: written by lab/lengths.ts from reports. */\nexport const LENGTHS: Readonly<Record<string, number>> = {\n${lines.join('')}}\n`,
  )
}
