/** How eagerly Node.js compiles. */
import { setFlagsFromString } from 'node:v8'

/**
 * The flag of V8 by whose major version it is called: fifteen times the default of each. Of newer ones, the compiler in between makes up for
 * most of it.
 */
const LATER: Readonly<Record<string, string>> = {
  '11': '--interrupt-budget=1000000',
  '12': '--invocation-count-for-turbofan=45000',
}

/**
 * Has this process compile what it runs often only when it has run very often: most of what a run does, it does some hundred times,
 * and to compile it well took a tenth of a catalogue's processor time.
 */
export function compileLater(): void {
  const flag = LATER[process.versions.v8.split('.')[0] ?? '']
  if (flag !== undefined) setFlagsFromString(flag)
}
