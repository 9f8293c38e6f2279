/** What may lie: a program that sets a toggle, a program that loads a topology, a source of evidence. */
import type { Scenario } from '../../src/model/scenario.js'
import { ordinaryProbes } from '../../src/plan/plan.js'
import { type BuildLiar, buildLiars } from './build.js'
import { type EvidenceLiar, evidenceLiars } from './evidence.js'
import { type ToggleLiar, toggleLiars } from './generate.js'

export type Liar = ToggleLiar | BuildLiar | EvidenceLiar

/** Every liar that a scenario's own declarations give. */
export function liarsOf(whole: Scenario): Liar[] {
  // A liar is tried on some experiments: what is a guard of the others is none of their ordinary probes.
  const ordinary = ordinaryProbes(whole)
  const experiments = whole.experiments.map(experiment => ({ probes: ordinary, ...experiment }))
  const scenario = { ...whole, experiments }
  return [...toggleLiars(scenario), ...buildLiars(scenario), ...evidenceLiars(scenario)]
}

/** What it lies about: a setting, what a node is loaded with, a mechanism. */
export function subjectOf(liar: Liar): string {
  switch (liar.of) {
    case 'toggle':
      return `${liar.toggle}=${liar.setting}`
    case 'build':
      return `rules and filters of ${liar.node}`
    case 'evidence':
      return `evidence of ${liar.mechanism}`
  }
}

/** Program or source, and what it does. */
export function deedOf(liar: Liar): string {
  const { tool, lie } = liar
  const what =
    liar.of === 'build' ? ` '${liar.line}'` : liar.of === 'evidence' ? ` (proof ${liar.proof + 1})` : ''
  return `${tool}${what} ${lie}`
}

/** Scenario, subject, program or source, and what it does. */
export function nameOf(liar: Liar): string {
  return `${liar.scenario.id}: ${subjectOf(liar)}: ${deedOf(liar)}`
}
