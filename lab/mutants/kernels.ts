/** Which mutants share a kernel: sixty kernels with a catalogue each take hours, eleven take half of one. */
import type { Mutant } from './mutant.js'
import { UNPATCHED } from './mutants.js'

/** A kernel, and the mutants that are in it. */
export interface MutantKernel {
  /** What it is called: as its mutant, if that is the only one. */
  readonly name: string
  readonly mutants: readonly Mutant[]
}

/** A kernel for each. */
export function alone(mutants: readonly Mutant[]): MutantKernel[] {
  return mutants.map(mutant => ({ name: mutant.id, mutants: [mutant] }))
}

/**
 * Few kernels, in which no two mutants change the same scenario, or the same file of the source: what differs
 * in a scenario is then the doing of the only one that must change it. The unpatched kernel is one by itself.
 * `filesOf` has the files that a mutant's patch changes.
 */
export function together(
  mutants: readonly Mutant[],
  filesOf: (mutant: Mutant) => readonly string[],
): MutantKernel[] {
  const groups: Mutant[][] = []
  const size = ({ changes }: Mutant) => changes.length
  const traces = (mutant: Mutant) => [...mutant.changes.map(({ scenario }) => scenario), ...filesOf(mutant)]
  const apart = (one: Mutant, other: Mutant) => {
    const taken = new Set(traces(other))
    return !traces(one).some(trace => taken.has(trace))
  }
  // Those that change most have the least choice.
  for (const mutant of mutants.filter(({ id }) => id !== UNPATCHED.id).sort((a, b) => size(b) - size(a))) {
    const free = groups.filter(group => group.every(other => apart(mutant, other)))
    // The emptiest: the fewer there are in one, the easier it is to say which of them has surprised.
    const group = free.sort((a, b) => a.length - b.length)[0]
    if (group) group.push(mutant)
    else groups.push([mutant])
  }
  const numbered = groups.map((group, index) =>
    group.length > 1 ? [{ name: `mutants-${index + 1}`, mutants: group }] : alone(group),
  )
  return [...numbered.flat(), ...alone(mutants.filter(({ id }) => id === UNPATCHED.id))]
}
