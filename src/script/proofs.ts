/** Proofs of a mechanism as calls of the script's evidence functions: the same kernel sources as the lab's, read by common tools. */
import { LabError } from '../base/errors.js'
import { comment, functionName, quote } from '../base/shell-words.js'
import type { Mechanism, Proof } from '../model/proof.js'
import type { ExperimentPlan } from '../plan/plan.js'
import type { SOURCES } from './sources.js'

/** What of JavaScript's regular expressions `grep -E` does not know. */
const NOT_EXTENDED = /\\[dDsSwWb]|\(\?/

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

/** The library functions that read the proofs, by their names in SOURCES. */
export function proofFunctions({ proofs }: Mechanism): (keyof typeof SOURCES)[] {
  return proofs.map(({ source }) => FUNCTIONS[source] ?? 'not_here')
}

/** Programs that read the proofs. */
export function proofTools({ proofs }: Mechanism, plan: ExperimentPlan): string[] {
  return proofs.flatMap(({ source }) => {
    if (source === 'mib') return ['nstat', 'awk']
    if (source === 'rule-counter') return [plan.commands.save]
    return source === 'conntrack-stat' || source === 'kernel-log' ? ['awk'] : []
  })
}

const FUNCTIONS: Readonly<Partial<Record<Proof['source'], keyof typeof SOURCES>>> = {
  mib: 'mib',
  'conntrack-stat': 'conntrack_stat',
  'rule-counter': 'rule',
  route: 'route',
  address: 'address',
  conntrack: 'tracked',
  'kernel-log': 'kernel_log',
}

function proofLine(proof: Proof, { commands, macs }: ExperimentPlan): string {
  const { source, node } = proof
  const call = (...words: readonly string[]) =>
    [FUNCTIONS[source] ?? 'not_here', '"$1"', quote(node), ...words.map(quote)].join(' ')
  const moves = (value: boolean) => (value ? 'moves' : 'still')
  switch (proof.source) {
    case 'mib':
      return call(proof.counter, moves(proof.moves), String(proof.atLeast ?? 1))
    case 'conntrack-stat':
      return call(proof.counter, moves(proof.moves))
    case 'rule-counter':
      return call(commands.save, proof.table, proof.rule, moves(proof.moves))
    case 'route':
      return call(proof.to, proof.from, proof.device, extended(proof.says))
    case 'address':
      return call(proof.device, proof.startsWith, proof.flag)
    case 'conntrack':
      return call(extended(proof.entry), proof.present ? 'present' : 'missing')
    case 'kernel-log':
      return call(extended(proof.line.replaceAll('@mac@', macs[`${node}:${proof.device}`] ?? '')))
    default:
      // A source that only the lab itself can read.
      return call(source)
  }
}

function extended(expression: string): string {
  if (NOT_EXTENDED.test(expression))
    throw new LabError(
      `the regular expression /${expression}/ cannot be used by grep -E`,
      'write it with character classes',
    )
  return expression
}
