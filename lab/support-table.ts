/**
 * Writes the table of what was tried on which kernel into the README, from the reports of a matrix:
 * `node dist/lab/support-table.js README.md matrix/debian-5.10.json …`. The table stands between two comments.
 */
import { argv, path } from 'zx'
import { describeError, EXIT, LabError } from '../src/base/errors.js'
import { markdownTable } from '../src/matrix/table.js'
import { readReport } from '../src/report/read.js'
import { replaceBetween } from './readme.js'

try {
  await main(argv._.map(String))
} catch (error) {
  process.stderr.write(`support-table: ${describeError(error)}\n`)
  process.exitCode = error instanceof LabError ? error.exitCode : EXIT.error
}

async function main([readme, ...files]: readonly string[]): Promise<void> {
  if (readme === undefined || files.length === 0)
    throw new LabError('no files given', 'node dist/lab/support-table.js README.md REPORT.json…', EXIT.usage)
  const columns = files.map(file => ({ name: path.basename(file, '.json'), report: readReport(file) }))
  const [newest] = columns.map(({ report }) => report.started.slice(0, 10)).sort((a, b) => b.localeCompare(a))
  await replaceBetween(readme, 'support-table', `\n${markdownTable(columns)}\nTried on ${newest}.\n`)
}
