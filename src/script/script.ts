/** A plan as a POSIX shell script that stands alone, in the manner of a kernel selftest. */
import { LabError } from '../base/errors.js'
import { command, comment, functionName, quote } from '../base/shell-words.js'
import { wrap } from '../base/text.js'
import { CAPABILITIES } from '../kernel/capabilities.js'
import { changeLine } from '../model/change.js'
import { outcomeWord } from '../model/outcome.js'
import type { ExperimentPlan, PhasePlan, TrialPlan } from '../model/plan.js'
import type { ProbeSpec } from '../model/probe.js'
import type { Scenario, Settings } from '../model/scenario.js'
import type { ScriptPart } from '../model/script-part.js'
import { type IptablesCommands, PLAIN_IPTABLES, type Step } from '../model/steps.js'
import { kernelChanges } from '../plan/expectations.js'
import { probeOf } from '../probes/index.js'
import { ATTACK, DAEMONS, EVIDENCE, ROUTER_MESSAGES, SERVE, TRIALS, UNTIL_NOT, WORLD } from './library.js'
import { mechanismFunction, proofParts } from './proofs.js'
import { stepLines, stepTools } from './steps.js'

const COLUMNS = 100
/** What every script calls besides what its scenario uses. */
const TOOLS = ['ip', 'mount', 'nsenter', 'sysctl', 'unshare', 'xargs']

/**
 * The script of a plan: control, broken, and fixed where the plan has it. `commandLine` and `kernel` are those that it
 * was made with. Throws LabError for a probe or an expression that a script cannot have.
 */
export function scriptOf(
  scenario: Scenario,
  plan: ExperimentPlan,
  { commandLine, kernel }: { readonly commandLine: string; readonly kernel: string },
): string {
  const phases = phasesOfScript(plan)
  const trials = phases.flatMap(phase => phase.trials)
  const settings = phases[0]?.settings ?? {}
  const probes = trials.map(({ spec }) => scriptProbe(spec, plan.commands))
  const mechanisms = mechanismsOf(scenario, trials)
  const proofs = mechanisms.flatMap(({ mechanism }) => proofParts(mechanism, plan))
  const steps = [
    ...plan.build.flat(),
    ...phases.flatMap(({ change, trials: own }) => [...change, ...own.flatMap(({ prepare }) => prepare)]),
  ]
  const tools = [...TOOLS, ...steps.flatMap(stepTools), ...[...probes, ...proofs].flatMap(part => part.tools)]
  const protocols = [...new Set(steps.flatMap(step => (step.do === 'serve' ? [step.protocol] : [])))].sort()
  const parts = [
    WORLD,
    ...(steps.some(step => step.do === 'daemon') ? [DAEMONS] : []),
    ...(steps.some(waitsForOutput) ? [UNTIL_NOT] : []),
    ...(steps.some(step => step.do === 'advertise' || step.do === 'query') ? [ROUTER_MESSAGES] : []),
    TRIALS,
    ...(trials.some(({ spec }) => spec.attack) ? [ATTACK] : []),
    ...(proofs.length > 0 ? [EVIDENCE] : []),
    ...new Set([
      ...proofs.map(({ library }) => library),
      ...(protocols.length > 0 ? [SERVE] : []),
      ...probes.map(({ library }) => library),
    ]),
    ...mechanisms.map(({ id, mechanism }) => `${mechanismFunction(id, mechanism, plan)}\n`),
  ]
  return `${[
    header(scenario, plan, { commandLine, kernel }),
    [
      '# Seconds to wait for an answer.',
      'WAIT=$' + '{WAIT:-1}',
      `programs=${quote([...new Set(tools)].sort().join(' '))}`,
      `needs=${quote(needsOf(plan))}`,
      ...(protocols.length > 0 ? [`protocols=${quote(protocols.join(' '))}`] : []),
      'tests=0 failed=0',
      '',
    ].join('\n'),
    ...parts,
    topologyLines(plan, phases),
    ...phases.map((phase, at) => phaseLines(phase, settings, plan.commands, at)),
  ].join('\n')}\nfinish\n`
}

/** The phases as a script has them: each fix is taken back before the next one, which is not tried again. */
function phasesOfScript({ phases }: ExperimentPlan): PhasePlan[] {
  const shown = phases.map(phase => (phase.phase === 'reverted' ? { ...phase, trials: [] } : phase))
  return shown.at(-1)?.phase === 'reverted' ? shown.slice(0, -1) : shown
}

/** The steps of the build; where a fix begins with a topology made anew, as a function. */
function topologyLines({ build, netns }: ExperimentPlan, phases: readonly PhasePlan[]): string {
  const lines = build.flat().map(stepLines).join('\n')
  if (!phases.slice(1).some(({ phase }) => phase === 'control')) return `# The topology.\n${lines}\n`
  return `# The topology.\nbuild() {\n${lines}\n}\n
# What was tried leaves something behind: a path MTU, a connection. Servers of the old nodes end with the script.
rebuild() {
  for node in ${Object.keys(netns).map(quote).join(' ')}; do ip netns delete "$node"; done
  rm -f "$work"/*
  build
}
build
`
}

/** A probe as part of a script. Throws LabError for one that takes the lab itself. */
function scriptProbe(spec: ProbeSpec, commands: IptablesCommands): ScriptPart {
  const part = probeOf(spec).script(commands)
  if (part) return part
  throw new LabError(`a probe of kind '${spec.kind}' cannot be put into a script`, 'use lab run for it')
}

function waitsForOutput(step: Step): boolean {
  return step.do === 'links-up' || (step.do === 'run' && step.untilNot !== undefined)
}

/** Every mechanism by which a trial of the plan must fail. */
function mechanismsOf(scenario: Scenario, trials: readonly TrialPlan[]) {
  const ids = new Set(trials.flatMap(trial => expectedMechanism(trial) ?? []))
  return [...ids].flatMap(id => {
    const mechanism = scenario.mechanisms[id]
    return mechanism ? [{ id, mechanism }] : []
  })
}

function expectedMechanism({ expectation }: TrialPlan): string | undefined {
  return expectation.outcome === 'fails' ? expectation.mechanism : undefined
}

/** The lines of a phase, the `at`th; `before` are the settings of the first one. */
function phaseLines(
  { phase, settings, change, trials }: PhasePlan,
  before: Settings,
  commands: IptablesCommands,
  at: number,
): string {
  const anew = phase === 'control' && at > 0
  const changed = Object.entries(settings).filter(([name, setting]) => before[name] !== setting)
  const set = anew ? `anew, ${at}` : changed.map(([name, setting]) => `${name} ${setting}`).join(', ')
  const lines = [
    comment(`${phase[0]?.toUpperCase()}${phase.slice(1)}${set ? `: ${set}` : ''}.`),
    ...(anew ? ['rebuild'] : []),
    ...change.map(stepLines),
    ...trials.map(
      trial => `\n${trialLines(trial, `${phase} ${trial.probe}${set ? ` (${set})` : ''}`, commands)}`,
    ),
    // Where the control fails, what follows says nothing about the kernel.
    ...(phase === 'control' ? ['[ "$failed" -eq 0 ] || finish'] : []),
  ]
  return `${lines.join('\n')}\n`
}

function trialLines(trial: TrialPlan, name: string, commands: IptablesCommands): string {
  const { expectation, spec, prepare } = trial
  const { why, differs, answeredBy, serverSaw } = expectation
  const mechanism = expectedMechanism(trial)
  const came = outcomeWord({ outcome: expectation.outcome, ...(spec.attack ? { attack: true } : {}) })
  const must =
    expectation.outcome === 'fails'
      ? `must fail${mechanism ? ' by_mechanism' : ''}`
      : command([
          'must',
          'work',
          ...(serverSaw ? [answeredBy ?? '-', serverSaw] : answeredBy ? [answeredBy] : []),
        ])
  return [
    comment(wrap(`${why}${differs ? ` The document differs: ${differs}` : ''}`, COLUMNS)),
    `begin ${quote(`${name} ${came}${mechanism ? `: ${mechanism}` : ''}`)}`,
    ...(mechanism ? [`${functionName(mechanism)} before`] : []),
    ...prepare.map(stepLines),
    command(scriptProbe(spec, commands).words),
    ...(spec.attack ? ['attack'] : []),
    ...(mechanism ? [`look ${functionName(mechanism)}`] : []),
    must,
  ].join('\n')
}

function header(
  scenario: Scenario,
  { phases }: ExperimentPlan,
  { commandLine, kernel }: { readonly commandLine: string; readonly kernel: string },
): string {
  const { title, source, drawing } = scenario
  const changes = kernelChanges(scenario)
  const left = Object.entries(scenario.probes).flatMap(([id, spec]) =>
    probeOf(spec).script(PLAIN_IPTABLES) ? [] : [id],
  )
  const shown = fixesOf(phases.flatMap(({ fix }) => (fix ? [fix] : [])))
  // Where one was asked for, the others are not missed.
  const others =
    shown.length > 1
      ? fixesOf(scenario.experiments.flatMap(({ fixes }) => fixes)).filter(fix => !shown.includes(fix))
      : []
  const text = [
    'SPDX-License-Identifier: MIT',
    '',
    wrap(`${title}.`, COLUMNS),
    '',
    wrap(`Source: ${source.title}`, COLUMNS),
    source.url,
    wrap(`“${source.says}”`, COLUMNS),
    '',
    drawing.replace(/^\n/, ''),
    '',
    ...Object.entries(scenario.topology.nodes).map(([node, { is }]) => `${node}: ${is}`),
    '',
    `Made by netns-lab (${commandLine}).`,
    wrap(
      `It expects what kernel ${kernel} must do.${changes.map(change => ` Kernels differ by ${changeLine(change)}.`).join('')}`,
      COLUMNS,
    ),
    ...(others.length > 0 ? [wrap(`Other fixes, each with --toggle: ${others.join(', ')}.`, COLUMNS)] : []),
    ...(left.length > 0
      ? [
          wrap(
            `Left out, as its outcome is luck: ${left.join(', ')} (lab run ${scenario.id} has it).`,
            COLUMNS,
          ),
        ]
      : []),
    '',
    wrap(
      'Exit status: 0 when everything comes out as documented, 1 when it does not, 4 when it cannot be tried here. Nothing outside its own namespaces is changed. WAIT=5 gives a slow machine more time.',
      COLUMNS,
    ),
    'What is in single quotes is for other shells to expand, typographic quotes are meant, and a function may be for other settings.',
    'shellcheck disable=SC1112,SC2016,SC2317',
  ]
  return `#!/bin/sh\n${comment(text.join('\n'))}\n`
}

/** Fixes in the words of `--toggle`, each once. */
function fixesOf(fixes: readonly Settings[]): string[] {
  const words = (fix: Settings) => Object.entries(fix).map(([name, setting]) => `${name}=${setting}`)
  return [...new Set(fixes.map(fix => words(fix).join(' ')))]
}

function needsOf(plan: ExperimentPlan): string {
  return plan.needs
    .map(id => {
      const capability = CAPABILITIES.find(candidate => candidate.id === id)
      if (!capability) throw new LabError(`unknown capability '${id}'`)
      const { title, config, packages } = capability
      const brings = [...config, ...packages.map(name => `package ${name}`)]
      return brings.length > 0 ? `${title} (${brings.join(', ')})` : title
    })
    .join('; ')
}
