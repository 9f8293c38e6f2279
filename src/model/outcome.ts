/** How outcomes are told. An attack that does not get through is a success of whom it is made on, and is never said to work. */
import type { TrialReport } from './report.js'

type Told = Pick<TrialReport, 'outcome' | 'attack'>

/** An outcome in a word: of an attack, `reached` where others would fail, and `refused` where they would work. */
export function outcomeWord({ outcome, attack }: Told): string {
  if (!attack) return outcome
  return { works: 'refused', fails: 'reached' }[outcome as string] ?? outcome
}

/** What had to come out, as part of a sentence: `must work`, `must be refused`. */
export function mustWord({ expected, attack }: Pick<TrialReport, 'expected' | 'attack'>): string {
  if (attack) return expected === 'works' ? 'must be refused' : 'must be reached'
  return expected === 'works' ? 'must work' : 'must fail'
}

/** What came of a probe, as the beginning of a sentence. */
export function outcomeClause({ outcome, attack }: { outcome: 'works' | 'fails'; attack: boolean }): string {
  if (attack) return outcome === 'works' ? 'it is refused' : 'it is reached'
  return outcome === 'works' ? 'it works' : 'it fails'
}
