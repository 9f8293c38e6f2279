/** What a machine's reports must be like, and its network afterwards. */
import type { Report } from '../../src/model/report.js'
import { isBad } from '../../src/model/verdict.js'
import { diffReports } from '../../src/report/diff.js'

/**
 * What is wrong with a machine's report beside this machine's, in sentences; none when every verdict is the same, or differs as
 * the kernel's commits say. `lacking` names what the machine does not have: what needs it, and nothing else, is skipped.
 */
export function judgeReport(here: Report, there: Report, lacking: readonly string[]): string[] {
  const bad = there.scenarios.flatMap(({ id, verdict, reason }) => {
    if (isBad(verdict)) return [`${id}: ${verdict}: ${reason}`]
    if (verdict === 'skipped' && !lacking.some(word => reason.includes(word)))
      return [`${id}: skipped: ${reason}`]
    return []
  })
  const lost = here.scenarios.filter(({ id }) => !there.scenarios.some(scenario => scenario.id === id))
  // What is bad has been told; of what was skipped there is nothing to compare.
  const compared = there.scenarios.filter(({ verdict }) => verdict !== 'skipped' && !isBad(verdict))
  const ran = new Set(compared.map(({ id }) => id))
  const unexplained = diffReports(here, there).differences.filter(
    ({ kind, scenario, change }) =>
      ran.has(scenario) &&
      change === undefined &&
      !['mechanism', 'evidence', 'newly-run', 'no-longer-run', 'judged-better'].includes(kind),
  )
  return [
    ...bad,
    ...lost.map(({ id }) => `${id}: not in the report`),
    ...unexplained.map(
      ({ kind, scenario, probe, phases, after }) =>
        `${scenario}: ${probe}, ${phases.join(', ')}: ${kind}, and no commit explains it: ${after?.why ?? ''}`,
    ),
  ]
}

/**
 * What a machine lacks by `lab doctor`, beyond what its kernel is too old or too new for: that is told as `this kernel has no`. An ordinary
 * user cannot read the kernel's log, and the other iptables is nobody's need.
 */
export function missingIn(doctor: string): string[] {
  return [...doctor.matchAll(/^ {2}missing +(\S+).*\n +(.*)$/gm)].flatMap(([, id = '', why = '']) =>
    /legacy|kernel-log/.test(id) || why.startsWith('this kernel has no ') ? [] : [`${id}: ${why}`],
  )
}

/** The line for root that a run prints where modules are missing that only root can load; empty where it prints none. */
export function hintIn(stderr: string): string {
  return /^ +→ (sudo modprobe -a .*)$/m.exec(stderr)?.[1] ?? ''
}

/** The modules that such a line loads. */
export function modulesIn(hint: string): string[] {
  return hint.split(' ').slice(3)
}

/** What differs between two of network-state.sh, a line for each that only one has, without sysctls that came with a module. */
export function networkChanges(before: string, after: string): string[] {
  const [old, now] = [sections(before), sections(after)]
  return [...new Set([...old.keys(), ...now.keys()])].flatMap(name => {
    const [had, has] = [old.get(name) ?? [], now.get(name) ?? []]
    const keys = new Set(had.map(line => line.split(' ')[0]))
    const came = has.filter(
      line => !had.includes(line) && (name !== 'sysctls' || keys.has(line.split(' ')[0])),
    )
    return [
      ...had.filter(line => !has.includes(line)).map(line => `${name} lost: ${line}`),
      ...came.map(line => `${name} got: ${line}`),
    ]
  })
}

function sections(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const part of text.split(/^# /m).slice(1)) {
    const [name = '', ...lines] = part.trimEnd().split('\n')
    found.set(name, lines)
  }
  return found
}
