/** What differs between two configurations of a node, and what of that was claimed. */
import type { Configuration, ConfigurationChange } from '../model/configuration.js'

/** Everything that differs, in the order of its names. */
export function diffConfigurations(
  node: string,
  before: Configuration,
  after: Configuration,
): ConfigurationChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])]
    .filter(what => before.get(what) !== after.get(what))
    .sort()
  return names.map(what => {
    const [was, is] = [before.get(what), after.get(what)]
    return {
      node,
      what,
      ...(was === undefined ? {} : { before: was }),
      ...(is === undefined ? {} : { after: is }),
    }
  })
}
