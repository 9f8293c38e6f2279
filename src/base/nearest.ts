/** Slips of the finger: which known word was meant. */
import { EXIT, LabError } from './errors.js'

/** The candidate that is nearest to `word` by edit distance, when it is near enough to be a slip of the finger. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map(candidate => ({
      candidate,
      // A word that was only begun counts as near, however much of it is missing.
      distance: candidate.startsWith(word) ? 1 : editDistance(word, candidate),
    }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best && best.distance <= Math.max(2, Math.floor(word.length / 2)) ? best.candidate : undefined
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** An error for a word that is not among the known ones: it names the nearest, or lists them all. */
export function unknownWord(kind: string, word: string, known: readonly string[]): LabError {
  const near = nearest(word, known)
  return new LabError(
    `unknown ${kind} '${word}'`,
    near ? `did you mean '${near}'?` : `known: ${known.join(', ')}`,
    EXIT.usage,
  )
}
