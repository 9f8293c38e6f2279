/**
 * Writes the table of what was tried on which kernel into the README, from the reports of a matrix:
 * `node dist/lab/support-table.js README.md matrix/debian-5.10.json …`. The table stands between two comments.
 */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { describeError, EXIT, LabError } from '../src/base/errors.js'
import { writeWhole } from '../src/base/files.js'
import { markdownTable } from '../src/matrix/table.js'
import { readReport } from '../src/report/read.js'

const BEGIN = '<!-- support-table:start -->'
const END = '<!-- support-table:end -->'

async function main([readme, ...files]: readonly string[]): Promise<void> {
  if (readme === undefined || files.length === 0)
    throw new LabError('no files given', 'node dist/lab/support-table.js README.md REPORT.json…', EXIT.usage)
  const columns = files.map(file => ({ name: basename(file, '.json'), report: readReport(file) }))
  const newest = columns
    .map(({ report }) => report.started.slice(0, 10))
    .sort()
    .at(-1)
  const text = await readFile(readme, 'utf8')
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (begin < 0 || end < begin)
    throw new LabError(`${readme} has no place for the table`, `put ${BEGIN} and ${END} into it, a line each`)
  writeWhole(
    readme,
    `${text.slice(0, begin)}${BEGIN}\n\n${markdownTable(columns)}\nTried on ${newest}.\n\n${text.slice(end)}`,
  )
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`support-table: ${describeError(error)}\n`)
  process.exitCode = error instanceof LabError ? error.exitCode : EXIT.error
}
