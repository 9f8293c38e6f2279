/** The end of the GitHub action: `node action-summary.js REPORT` puts verdict, path and table where the runner looks for them. */
import { appendFile, readFile, stat } from 'node:fs/promises'
import { argv, glob } from 'zx'
import { markdownTable } from '../src/matrix/table.js'
import { reportSchema } from '../src/model/report.js'
import { worstVerdict } from '../src/model/verdict.js'

const [from = ''] = argv._.map(String)
// The report, or the folder of reports. A run that wrote none is an error, and said so.
const isFolder = (await stat(from).catch(() => undefined))?.isDirectory()
const files = isFolder ? (await glob('*.json', { cwd: from, absolute: true })).sort() : [from]
const texts = await Promise.all(files.map(file => readFile(file, 'utf8').catch(() => undefined)))
const reports = texts.flatMap(text => (text === undefined ? [] : [reportSchema.parse(JSON.parse(text))]))
const verdicts = reports.flatMap(({ scenarios }) => scenarios.map(({ verdict }) => verdict))
const verdict = worstVerdict(verdicts) ?? 'error'
const table = markdownTable(reports.map(report => ({ name: report.kernel.release, report })))

await append('GITHUB_STEP_SUMMARY', `### netns-lab: ${verdict}\n\n${table}`)
await append('GITHUB_OUTPUT', `verdict=${verdict}\nreport=${from}\n`)

/** Appends to the file that an environment variable of the runner names; to standard output where there is no runner. */
async function append(variable: string, text: string): Promise<void> {
  const file = process.env[variable]
  if (file) await appendFile(file, text)
  else process.stdout.write(text)
}
