/** What must hold after a disturbed run, whatever was done to it: a known ending, an explanation, and no wrong verdict. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execaSync } from 'execa'
import { EXIT, LabError } from '../src/base/errors.js'
import { type Report, reportSchema, type TrialReport } from '../src/model/report.js'
import { nameTrial, trialKey } from '../src/model/trial.js'
import type { Fault } from './faults.js'

/** The command line. */
export const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const ENDINGS: readonly (number | null)[] = [
  EXIT.ok,
  EXIT.error,
  EXIT.allSkipped,
  EXIT.unavailable,
  EXIT.interrupted,
]
/** What a person never wants to read: a stack, a value that was not there, the runtime's own last words. */
const GIBBERISH = /^\s+at .+:\d+|node:internal|\bundefined\b|\[object |\bNaN\b|FATAL ERROR|^Node\.js v/m

/** What an undisturbed run makes of every scenario and trial. */
export interface Baseline {
  readonly scenarios: ReadonlyMap<string, string>
  readonly trials: ReadonlyMap<string, string>
}

/** What a run was asked for, and what was done to it. */
interface Disturbed {
  readonly fault: Fault
  readonly scenarios: readonly string[]
}

/** How a process ended. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What is to be compared later, from the report of a run that nothing disturbs. Throws LabError when that one fails. */
export function measureBaseline(folder: string, ids: readonly string[]): Baseline {
  const file = join(folder, 'baseline.json')
  const argv = [MAIN, 'run', ...ids, '--json', file]
  const { exitCode, stdout, stderr } = execaSync(process.execPath, argv, { reject: false })
  if (exitCode !== EXIT.ok)
    throw new LabError(`a run that nothing disturbs ends with status ${exitCode}`, `${stdout}${stderr}`)
  const { scenarios } = reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  rmSync(file)
  return {
    scenarios: new Map(scenarios.map(({ id, verdict }) => [id, verdict])),
    trials: new Map(
      scenarios.flatMap(({ id, trials }) => trials.map(trial => [id + trialKey(trial), trial.verdict])),
    ),
  }
}

/** What is wrong in the way in which a run ended, and in what it printed. */
export function judgeEnding({ code, signal }: End, said: string, struck: string | undefined): string[] {
  const problems: string[] = []
  // A signal that the lab does not catch ends it by that signal, as it does any program; one that nobody sent is a crash.
  // A file that cannot be written is a slip of the caller's where that shows before the run.
  const refused = code === EXIT.usage && /^lab: .* cannot be written: [A-Z]+$/m.test(said)
  if (signal !== null ? signal !== struck : !ENDINGS.includes(code) && !refused)
    problems.push(`ended with ${signal ?? `status ${code}`}`)
  if (/no private namespaces.*status [23]\b/.test(said))
    problems.push('blames the namespaces for what the run says')
  if (GIBBERISH.test(said)) problems.push('says what no person understands')
  const explained = /^lab: \S|^error +\S/m.test(said)
  if (code !== null && code !== EXIT.ok && code !== EXIT.allSkipped && !explained && struck !== 'hung up')
    problems.push(`ended with status ${code} and does not say why`)
  return problems
}

/** What is wrong in the reports and the events that the run left on its disk, whole or not. */
export function judgeFiles(
  disk: string,
  { fault, scenarios: asked }: Disturbed,
  baseline: Baseline,
): string[] {
  const problems: string[] = []
  const allowed = (verdict: string, expected: string | undefined, why: string) =>
    verdict === 'error' ||
    verdict === expected ||
    (verdict === 'skipped' && (fault.maySkip === true || why.startsWith('not triggered')))
  const judge = (id: string, trial: TrialReport) => {
    const expected = baseline.trials.get(id + trialKey(trial))
    // What is not triggered by chance here may be triggered there.
    if (expected !== 'skipped' && !allowed(trial.verdict, expected, trial.why))
      problems.push(`${id}: ${nameTrial(trial)}: ${trial.verdict}, not ${expected ?? 'there'}: ${trial.why}`)
  }
  for (const file of [join(disk, 'report.json'), join(disk, 'out', 'report.json')]) {
    const report = readReport(file, problems)
    for (const { id, verdict, reason, trials } of report?.scenarios ?? []) {
      const expected = baseline.scenarios.get(id)
      if (!asked.includes(id)) problems.push(`${file} has ${id}, which was not asked for`)
      if (!allowed(verdict, expected, reason)) problems.push(`${id}: ${verdict}, not ${expected}: ${reason}`)
      for (const trial of trials) judge(id, trial)
      const tried = new Set(trials.map(trial => id + trialKey(trial)))
      const planned = [...baseline.trials.keys()].filter(key => key.startsWith(`${id}[`))
      const missing = planned.filter(key => !tried.has(key)).length
      if (verdict === expected && missing > 0)
        problems.push(`${id}: ${verdict}, but ${missing} trials are missing`)
    }
  }
  for (const line of existing(join(disk, 'out', 'events.ndjson'))
    .split('\n')
    .slice(0, -1)) {
    const event = readEvent(line)
    if (event?.type === 'trial' && event.scenario && event.trial) judge(event.scenario, event.trial)
  }
  return [...new Set(problems)]
}

/** An event as far as it matters here; a line that the disk had no more room for is none. */
function readEvent(line: string): { type?: string; scenario?: string; trial?: TrialReport } | undefined {
  try {
    return JSON.parse(line) as ReturnType<typeof readEvent>
  } catch {
    return undefined
  }
}

function readReport(file: string, problems: string[]): Report | undefined {
  const text = existing(file)
  if (text === '') return undefined
  try {
    return reportSchema.parse(JSON.parse(text))
  } catch (error) {
    problems.push(`${file} is no whole report: ${(error as Error).message.split('\n')[0]}`)
    return undefined
  }
}

function existing(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}
