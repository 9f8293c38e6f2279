/** `lab script --selftest`: a scenario as tools/testing/selftests/net has its tests, on their own lib.sh. */
import { command, comment, functionName } from '../base/shell-words.js'
import { wrap } from '../base/text.js'
import { outcomeWord } from '../model/outcome.js'
import type { ExperimentPlan, PhasePlan, TrialPlan } from '../model/plan.js'
import type { Scenario } from '../model/scenario.js'
import { type Dialect, enter, type PlainPlan, plainLines, plainPlan, refused } from './plain-steps.js'
import { probePart } from './probe-part.js'

const COLUMNS = 78

/** Nodes are variables: setup_ns() gives their namespaces names that nobody else has. */
const DIALECT: Dialect = {
  word: node => `"$${functionName(node)}"`,
  make: nodes => `setup_ns ${nodes.map(functionName).join(' ')}`,
  expands: true,
  loUp: true,
  waits: true,
}

/** What probes of several programs take of whoever calls them. */
const FRAME = `WAIT=1
work=$(mktemp -d)

in_node()
{
	ip netns exec "$@"
}

skip()
{
	echo "SKIP: $*"
	exit "$ksft_skip"
}
`

/**
 * The selftest: every trial of the plan in a function for its phase, by its outcome; the exit status is kselftest's. lib.sh is that
 * of Linux 6.12 or later. Throws LabError (exit 2), saying why, where it takes the lab's own frame.
 */
export function selftestScript(
  scenario: Scenario,
  plan: ExperimentPlan,
  { commandLine, kernel }: { readonly commandLine: string; readonly kernel: string },
): string {
  const { title, source, drawing } = scenario
  const own = plainPlan(scenario, plan)
  // Each is one topology to the kernel's own tests: what needs another for each fix is for one fix.
  const again = plan.phases.findIndex(({ phase }, at) => phase === 'control' && at > 0)
  if (again >= 0) throw refused('each of its fixes takes a topology of its own: name one with --toggle')
  const phases = plan.phases.map(phase => (phase.phase === 'reverted' ? { ...phase, trials: [] } : phase))
  const trials = phases.flatMap(phase => phase.trials)
  if (trials.length === 0) throw refused('its outcome is luck')
  const preludes = [...new Set(trials.map(({ spec }) => part(spec, own).prelude))].filter(text => text !== '')
  const named = phases.map((phase, at) => ({ phase, name: `${phase.phase}_${at + 1}` }))
  const tests = named.filter(({ phase }) => phase.trials.length > 0)
  const [first] = phases
  return `${[
    '#!/bin/bash',
    '# SPDX-License-Identifier: GPL-2.0 OR MIT',
    '#',
    comment(
      [
        wrap(`${title}.`, COLUMNS),
        wrap(`Source: ${source.title}`, COLUMNS),
        source.url,
        '',
        drawing.replace(/^\n/, ''),
        '',
        `Made by netns-lab (${commandLine}), for Linux ${kernel}.`,
        // What a probe says is for who reads along, and variables of setup_ns() are set by their names.
        'shellcheck disable=SC1091,SC2016,SC2034,SC2154,SC2317',
      ].join('\n'),
    ),
    '',
    'source lib.sh',
    '',
    ...(preludes.length > 0 ? [FRAME, ...preludes] : []),
    `# check works|fails NAME COMMAND...`,
    CHECK,
    'setup()',
    '{',
    ...plainLines(plan.build.flat(), own, DIALECT),
    ...plainLines(first?.change ?? [], own, DIALECT),
    '}',
    '',
    ...named.flatMap(({ phase, name }) =>
      phase.trials.length > 0 || phase.phase === 'reverted' ? phaseLines(phase, name, first, own) : [],
    ),
    'cleanup()',
    '{',
    '\tcleanup_all_ns',
    ...(preludes.length > 0 ? ['\trm -rf "$work"'] : []),
    '}',
    'trap cleanup EXIT',
    '',
    'set -e',
    'setup',
    'set +e',
    `for name in ${named
      .filter(({ phase }) => tests.some(test => test.phase === phase) || phase.phase === 'reverted')
      .map(({ name }) => name)
      .join(' ')}; do`,
    '\t"$name"',
    'done',
    'exit "$EXIT_STATUS"',
  ].join('\n')}\n`
}

const CHECK = `check()
{
	local must=$1 name=$2 came=fails
	shift 2

	"$@" >/dev/null 2>&1 && came=works
	RET=$ksft_pass
	[ "$came" = "$must" ] || RET=$ksft_fail
	log_test "$name"
}
`

function part(spec: TrialPlan['spec'], plan: PlainPlan) {
  return probePart(spec, plan, node => enter(DIALECT, node), DIALECT.word)
}

function phaseLines(
  { phase, settings, change, trials }: PhasePlan,
  name: string,
  first: PhasePlan | undefined,
  plan: PlainPlan,
): string[] {
  const set = Object.entries(settings)
    .filter(([toggle, setting]) => first?.settings[toggle] !== setting)
    .map(([toggle, setting]) => `${toggle}=${setting}`)
    .join(' ')
  const probes = trials.flatMap(trial => trialLines(trial, set, plan))
  // The change of the first phase is part of the build.
  const changes = phase === 'control' ? [] : plainLines(change, plan, DIALECT)
  const lines = [...changes, ...probes]
  return [`${name}()`, '{', ...(lines.length > 0 ? lines : [':']), '}', '']
}

function trialLines(
  { probe, spec, prepare, expectation }: TrialPlan,
  set: string,
  plan: PlainPlan,
): string[] {
  const name = `${functionName(probe)}_probe`
  const came = outcomeWord({ outcome: expectation.outcome, ...(spec.attack ? { attack: true } : {}) })
  // An attack fails, as a trial, where it gets through.
  const inverse = { works: 'fails', fails: 'works' } as const
  const must = spec.attack ? inverse[expectation.outcome] : expectation.outcome
  const { call } = part(spec, plan)
  return [
    ...plainLines(prepare, plan, DIALECT),
    `${name}() { ${call}; }`,
    command(['check', must, `${probe}${set === '' ? '' : ` (${set})`}: ${came}`, name]),
  ]
}
