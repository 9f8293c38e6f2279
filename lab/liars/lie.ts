/** What a lie is: of the commands that bring a toggle to a setting, what is done in their place. */
import { type RunStep, type Step, type SysctlsStep, sysctlCommand } from '../../src/model/steps.js'
import type { Toggle, ToggleContext } from '../../src/model/toggle.js'
import type { Topology } from '../../src/model/topology.js'

/** A step that a program outside the lab performs. */
export type ToolStep = RunStep | SysctlsStep

/** A command in a node. */
export interface Deed {
  readonly node: string
  readonly argv: readonly string[]
  readonly stdin?: string
}

/** What is done in place of one step, at once and behind its back. */
export interface Telling {
  readonly now: readonly Deed[]
  readonly later?: { readonly afterMs: number; readonly deeds: readonly Deed[] }
}

/** One lie about a change: what is told of each of its steps, undefined where that is done as it should be. */
export interface Lie {
  /** What the program does: `does nothing`. */
  readonly name: string
  readonly tellings: readonly (Telling | undefined)[]
}

/** A change of a toggle that is to be lied about. */
export interface Change {
  readonly scenario: {
    readonly topology: Topology
    readonly toggles: Readonly<Record<string, Toggle>>
    /** Settings of toggles that fixes set. */
    readonly fixes: readonly (readonly [toggle: string, setting: string])[]
  }
  readonly toggle: string
  readonly to: string
  readonly from: string | undefined
  readonly context: ToggleContext
  readonly steps: readonly ToolStep[]
}

/** Those of some steps that stand for commands; not those that only wait. */
export function toolSteps(steps: readonly Step[]): ToolStep[] {
  return steps.flatMap(step =>
    step.do === 'sysctls' || (step.do === 'run' && step.untilNot === undefined) ? [step] : [],
  )
}

/** The program that performs a step. */
export function toolOf(step: ToolStep): string {
  return step.do === 'sysctls' ? 'sysctl' : (step.argv[0] ?? '')
}

/** What a step does, as a command. */
export function deedOf(step: ToolStep): Deed {
  if (step.do === 'sysctls') return { node: step.node, argv: sysctlCommand(step) }
  const { node, argv, stdin } = step
  return { node: node ?? '', argv, ...(stdin === undefined ? {} : { stdin }) }
}

/** What brings a toggle from one setting to another, with what follows whenever anything was set. */
export function stepsTo(
  toggle: Toggle | undefined,
  to: string,
  from: string | undefined,
  context: ToggleContext,
): ToolStep[] {
  return toolSteps([...(toggle?.change(to, from, context) ?? []), ...(toggle?.again?.(to, context) ?? [])])
}

/** The same, as commands. */
export function deedsOf(
  { scenario, context }: Pick<Change, 'scenario' | 'context'>,
  toggle: string,
  to: string,
  from: string | undefined,
): Deed[] {
  const settings = { ...context.settings, [toggle]: to }
  return stepsTo(scenario.toggles[toggle], to, from, { ...context, settings }).map(deedOf)
}

/** Something else in place of a whole change. */
export function instead({ steps }: Change, name: string, deeds: readonly Deed[]): Lie {
  return { name, tellings: steps.map((_, at) => ({ now: at === 0 ? deeds : [] })) }
}

/** A change, and something else when it is done. */
export function besides({ steps }: Change, name: string, deeds: readonly Deed[]): Lie {
  const last = steps.length - 1
  return {
    name,
    tellings: steps.map((step, at) => (at === last ? { now: [deedOf(step), ...deeds] } : undefined)),
  }
}

/** Each step in another way, those that there is none for as they should be; nothing where there is none for any. */
export function otherwise(
  { steps }: Change,
  name: string,
  rewrite: (step: ToolStep) => readonly Deed[] | undefined,
): Lie[] {
  const tellings = steps.map(step => {
    const now = rewrite(step)
    return now && { now }
  })
  return tellings.some(Boolean) ? [{ name, tellings }] : []
}
