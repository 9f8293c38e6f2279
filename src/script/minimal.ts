/** `lab script --minimal`: the failure and one fix in a page of commands, for people who want to see it and no more. */
import { comment } from '../base/shell-words.js'
import { wrap } from '../base/text.js'
import type { ExperimentPlan, PhasePlan, TrialPlan } from '../model/plan.js'
import type { Scenario } from '../model/scenario.js'
import { type Dialect, enter, type PlainPlan, plainLines, plainPlan, refused } from './plain-steps.js'
import { probePart } from './probe-part.js'

/** More is no page. */
const MOST_LINES = 79
const COLUMNS = 100

const DIALECT: Dialect = {
  word: node => node,
  make: nodes =>
    `for each in ${nodes.join(' ')}; do ip netns add "$each"; ip -n "$each" link set lo up; done`,
  expands: false,
  loUp: true,
  waits: false,
}

/** A probe that fails, and works once this fix is set; without a fix, a probe that fails. */
interface Shown {
  readonly broken: TrialPlan
  readonly fixed?: PhasePlan
}

/**
 * The script: set up, show the failure, turn the fix, show that it works. Of the plan's failures and fixes it takes those with the
 * fewest lines. Throws LabError (exit 2), saying why, where it would be longer than a page, or where the outcome is luck.
 */
export function minimalScript(
  scenario: Scenario,
  plan: ExperimentPlan,
  { commandLine, kernel }: { readonly commandLine: string; readonly kernel: string },
): string {
  const own = plainPlan(scenario, plan)
  const shown = pairs(plan)
  if (shown.length === 0) throw refused(`nothing of it fails on Linux ${kernel} but by luck or for a moment`)
  const scripts = shown.map(one => ({ one, lines: scriptLines(own, one) }))
  const shortest = scripts.reduce((best, other) => (other.lines.length < best.lines.length ? other : best))
  const drawing = scenario.drawing.replace(/^\n/, '').split('\n')
  const head = (drawn: readonly string[]) => [
    '#!/bin/sh',
    ...comment(
      [
        wrap(`${scenario.title}.`, COLUMNS),
        scenario.source.url,
        ...(drawn.length > 0 ? ['', ...drawn] : []),
        '',
        `Made by netns-lab (${commandLine}). Run it as root: all of it happens in namespaces of its own.`,
        'SPDX-License-Identifier: MIT',
      ].join('\n'),
    ).split('\n'),
  ]
  const whole = [...head(drawing), ...shortest.lines]
  const fitting = whole.length <= MOST_LINES ? whole : [...head([]), ...shortest.lines]
  if (fitting.length > MOST_LINES)
    throw refused(`its shortest script has ${fitting.length} lines, and a page has ${MOST_LINES}`)
  return `${fitting.join('\n')}\n`
}

/** What can be shown of a plan, for each failure its fixes; where it has none for any, the failures alone. */
function pairs({ phases }: ExperimentPlan): Shown[] {
  const broken = phases.filter(({ phase }) => phase === 'broken').flatMap(({ trials }) => trials)
  const failing = broken.filter(({ expectation }) => expectation.outcome === 'fails')
  const fixes = failing.flatMap(trial =>
    phases
      .filter(({ phase }) => phase === 'fixed')
      .filter(({ trials }) =>
        trials.some(({ probe, expectation }) => probe === trial.probe && expectation.outcome === 'works'),
      )
      .map(fixed => ({ broken: trial, fixed })),
  )
  return fixes.length > 0 ? fixes : failing.map(trial => ({ broken: trial }))
}

function scriptLines(plan: PlainPlan, { broken, fixed }: Shown): string[] {
  const { call, prelude } = probePart(
    broken.spec,
    plan,
    node => enter(DIALECT, node),
    node => node,
  )
  const prepare = plainLines(broken.prepare, plan, DIALECT)
  // An attack fails, as a trial, where it gets through.
  const [fails, works, bad, good] = broken.spec.attack
    ? ['probe', '! probe', 'gets through', 'is refused']
    : ['! probe', 'probe', 'fails', 'works']
  const set = Object.entries(fixed?.fix ?? {})
    .map(([name, setting]) => `${name}=${setting}`)
    .join(' ')
  const control = plan.phases.find(({ phase }) => phase === 'control')
  const text = [
    'set -e',
    '[ "$1" = inside ] || exec unshare --mount --net --pid --fork --kill-child --mount-proc sh "$0" inside',
    'mount -t tmpfs tmpfs /run && mkdir /run/netns',
    ...(prelude
      ? [
          'WAIT=1 work=/run/work && mkdir "$work"',
          'in_node() { node=$1; shift; ip netns exec "$node" "$@"; }',
          'skip() { echo "SKIP: $*"; exit 4; }',
          prelude,
        ]
      : []),
    '',
    ...plainLines(plan.build.flat(), plan, DIALECT),
    ...plainLines(control?.change ?? [], plan, DIALECT),
    'sleep 1 # until the links carry frames',
    '',
    `# ${broken.probe}`,
    prepare.length > 0 ? `probe() {\n${[...prepare, call].join('\n')}\n}` : `probe() { ${call}; }`,
    `if ${fails}; then echo '${broken.probe} ${bad}, as documented'; else echo '${broken.probe} ${good}: not here'; exit 1; fi`,
    ...(fixed
      ? [
          '',
          `# ${set}`,
          ...plainLines(fixed.change, plan, DIALECT),
          `if ${works}; then echo '${broken.probe} ${good} with ${set}'; else echo '${broken.probe} still ${bad}'; exit 1; fi`,
        ]
      : []),
  ]
  return text.join('\n').split('\n')
}
