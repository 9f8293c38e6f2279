/** What came of a liar. */
import type { ScenarioReport } from '../../src/model/report.js'
import { isBad } from '../../src/model/verdict.js'
import { equivalenceOf } from './equivalents.js'
import type { Liar } from './liar.js'

/**
 * `named`: an error that names the program or the source. `idle`: no lie was told while anything rested on it. `equivalent`: it
 * is known to come to the same, and why.
 */
export const OUTCOMES = [
  'named',
  'error',
  'regressed',
  'unexpected-pass',
  'flaky',
  'missed',
  'equivalent',
  'idle',
  'skipped',
] as const
export type Came = (typeof OUTCOMES)[number]

export interface Outcome {
  readonly liar: Liar
  readonly came: Came
  readonly says: string
}

/**
 * What came of a liar whose scenario came to this; `told` says whether any of its lies was told while something rested on it,
 * undefined where none was told at all: then whatever came was not for a lie.
 */
export function outcomeOf(liar: Liar, scenario: ScenarioReport, told: boolean | undefined): Outcome {
  const { verdict, reason, trials } = scenario
  const outcome = (came: Came, says = reason): Outcome => ({ liar, came, says })
  if (verdict === 'skipped') return outcome('skipped')
  if (told === undefined)
    return outcome('missed', `it has never lied, and this came of the scenario: ${reason}`)
  if (isBad(verdict)) {
    if (verdict !== 'error') return outcome(verdict as Came)
    const why = trials.flatMap(trial => (trial.verdict === 'error' ? [trial.why] : []))
    return outcome(why.some(text => names(text, liar.tool)) ? 'named' : 'error')
  }
  if (!told) return outcome('idle')
  const equivalence = equivalenceOf(liar)
  return equivalence === undefined ? outcome('missed') : outcome('equivalent', equivalence)
}

/** Whether a text has a program's name as a word of its own. */
function names(text: string, tool: string): boolean {
  return text.split(/[\s'"()[\],;:]+/).includes(tool)
}
