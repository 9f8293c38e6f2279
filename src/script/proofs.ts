/** Proofs of a mechanism as calls of the script's evidence functions: the same kernel sources as the lab's, read by common tools. */
import { comment, functionName, quote } from '../base/shell-words.js'
import { sourceOf } from '../evidence/index.js'
import type { Mechanism, Proof } from '../model/evidence.js'
import type { ExperimentPlan } from '../model/plan.js'
import type { ScriptPart } from '../model/script-part.js'

const NOT_HERE = `# not_here before|after NODE SOURCE: what takes the lab itself to see.
not_here() {
  [ "$1" = before ] || finding unavailable "$2" "evidence from $3 is read by the lab only"
}
`

/** A shell function that takes a mechanism's proofs `before` a probe and compares them `after` it. */
export function mechanismFunction(
  id: string,
  { title, where, proofs }: Mechanism,
  plan: ExperimentPlan,
): string {
  return [
    comment(`${title}: ${where}.`),
    `${functionName(id)}() {`,
    '  item=0',
    ...proofs.map(proof => `  ${proofLine(proof, plan)}`),
    '}',
  ].join('\n')
}

/** What the proofs of a mechanism take in a script. Throws LabError for an expression that a script cannot have. */
export function proofParts({ proofs }: Mechanism, plan: ExperimentPlan): ScriptPart[] {
  return proofs.map(proof => partOf(proof, plan))
}

function partOf(proof: Proof, { commands, macs }: ExperimentPlan): ScriptPart {
  const { source } = proof
  const context = { commands, mac: (node: string, device: string) => macs[`${node}:${device}`] ?? '' }
  return (
    sourceOf(proof).script?.(proof, context) ?? { words: ['not_here', source], library: NOT_HERE, tools: [] }
  )
}

function proofLine(proof: Proof, plan: ExperimentPlan): string {
  const [name, ...words] = partOf(proof, plan).words
  return [name, '"$1"', quote(proof.node), ...words.map(quote)].join(' ')
}
