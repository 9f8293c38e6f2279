/** The end of the GitHub action: `node action-summary.js REPORT` puts verdict, path and table where the runner looks for them. */
import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Report, reportSchema } from '../src/model/report.js'
import { worstVerdict } from '../src/model/verdict.js'

const path = process.argv[2] ?? ''
const files = readable(path)
const reports = files.map((file): Report => reportSchema.parse(JSON.parse(readFileSync(file, 'utf8'))))
const verdicts = reports.flatMap(({ scenarios }) => scenarios.map(({ verdict }) => verdict))
const worst = worstVerdict(verdicts) ?? 'error'

const kernels = reports.map(({ kernel }) => kernel.release)
const ids = [...new Set(reports.flatMap(({ scenarios }) => scenarios.map(({ id }) => id)))]
const cells = (id: string) =>
  reports.map(({ scenarios }) => scenarios.find(scenario => scenario.id === id)?.verdict ?? '')
const table = [
  `| scenario | ${kernels.join(' | ')} |`,
  `| --- | ${kernels.map(() => '---').join(' | ')} |`,
  ...ids.map(id => `| ${id} | ${cells(id).join(' | ')} |`),
]
append('GITHUB_STEP_SUMMARY', `### netns-lab: ${worst}\n\n${table.join('\n')}\n`)
append('GITHUB_OUTPUT', `verdict=${worst}\nreport=${path}\n`)

/** Files with reports at a path: the file itself, or those of a folder. A run that wrote none is an error, and said so. */
function readable(from: string): string[] {
  try {
    if (!statSync(from).isDirectory()) return [from]
    return readdirSync(from).flatMap(name => (name.endsWith('.json') ? [join(from, name)] : []))
  } catch {
    return []
  }
}

/** Appends to the file that an environment variable of the runner names; to standard output where there is no runner. */
function append(variable: string, text: string): void {
  const file = process.env[variable]
  if (file) appendFileSync(file, text)
  else process.stdout.write(text)
}
