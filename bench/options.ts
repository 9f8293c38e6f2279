/** Options of the scripts in this folder. */
import { EXIT, LabError } from '../src/base/errors.js'

/** A whole number of at least 0 that an option has, or `otherwise`. Throws LabError (exit 2) for anything else. */
export function count(value: unknown, option: string, otherwise: number): number {
  if (value === undefined) return otherwise
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  throw new LabError(`${option} ${value} is not a whole number`, `write ${option} 10`, EXIT.usage)
}
