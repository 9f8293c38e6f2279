/** Patterns in proofs: regular expressions as data, and for grep. */
import { LabError } from '../base/errors.js'
import type { Pattern } from '../model/fields.js'

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** The pattern of a whole text: a string stands for itself. */
export function whole(pattern: Pattern): string {
  return typeof pattern === 'string' ? `^${escaped(pattern)}$` : pattern.source
}

/** The pattern of a text that holds this: a string stands for itself. */
export function holding(pattern: Pattern): string {
  return typeof pattern === 'string' ? escaped(pattern) : pattern.source
}

/** What of JavaScript's regular expressions `grep -E` does not know. */
const NOT_EXTENDED = /\\[dDsSwWb]|\(\?/

/** The same for `grep -E`. Throws LabError for what that does not know. */
export function extended(expression: string): string {
  if (NOT_EXTENDED.test(expression))
    throw new LabError(
      `the regular expression /${expression}/ cannot be used by grep -E`,
      'write it with character classes',
    )
  return expression
}
