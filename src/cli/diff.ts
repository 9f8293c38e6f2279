/** `lab diff`. */
import { EXIT } from '../base/errors.js'
import { unknownWord } from '../base/nearest.js'
import { diffReports, FAIL_ON, type FailOn, failsOn, isWorse } from '../report/diff.js'
import { diffMarkdown, diffText } from '../report/diff-text.js'
import { renderDiff } from '../report/html/diff.js'
import { readReport } from '../report/read.js'

/** Runs `lab diff`; resolves with the exit status, 1 where something is different that `failOn` names. Throws LabError for a file that is no report. */
export async function diff(
  before: string,
  after: string,
  { format, failOn }: { readonly format: string; readonly failOn: readonly string[] },
): Promise<number> {
  for (const kind of failOn) if (!isFailOn(kind)) throw unknownWord('kind of difference', kind, FAIL_ON)
  const result = diffReports(readReport(before), readReport(after))
  const formats: Readonly<Record<string, () => string>> = {
    json: () => `${JSON.stringify(result, null, 2)}\n`,
    markdown: () => diffMarkdown(result),
    html: () => renderDiff(result, isWorse),
    text: () => diffText(result),
  }
  process.stdout.write(formats[format]?.() ?? '')
  return failsOn(result, failOn.filter(isFailOn)) ? EXIT.failed : EXIT.ok
}

function isFailOn(kind: string): kind is FailOn {
  return FAIL_ON.some(known => known === kind)
}
