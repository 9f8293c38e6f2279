/** The table of fixes in a scenario's README: what its expectations say of every trial that is planned. */
import { iptablesCommands } from '../kernel/iptables.js'
import type { Scenario } from '../model/scenario.js'
import type { KernelVersion } from '../model/version.js'
import { defaultSettings, kernelChanges } from '../plan/expectations.js'
import { planScenario } from '../plan/plan.js'
import { type TableTrial, tableOf } from '../report/fix-table.js'
import { linesOf, signOf } from '../report/fix-words.js'
import { fixTableLines } from '../report/markdown.js'

/** A kernel that has every change that a scenario may be keyed by, and one that has none. */
const NEWEST: KernelVersion = { major: 999, minor: 0, patch: 0 }
const OLDEST: KernelVersion = { major: 3, minor: 0, patch: 0 }

/** The lines and the table, twice where kernels differ. */
export function fixTablesOf(scenario: Scenario): string {
  const commits = kernelChanges(scenario).map(({ commit }) => `\`${commit}\``)
  if (commits.length === 0) return on(scenario, NEWEST)
  return [
    `On a kernel with ${commits.join(', ')}:`,
    on(scenario, NEWEST),
    `On a kernel without ${commits.length > 1 ? 'any of them' : 'it'}:`,
    on(scenario, OLDEST),
  ].join('\n\n')
}

function on(scenario: Scenario, kernel: KernelVersion): string {
  const table = tableOf(plannedTrials(scenario, kernel), defaultSettings(scenario))
  const lines = linesOf(table, id => scenario.mechanisms[id]?.title)
  return [...lines.map(line => `- ${signOf(line)} ${line.text}`), '', ...fixTableLines(table)]
    .join('\n')
    .trimEnd()
}

/** What must come of every trial, as if it had. */
function plannedTrials(scenario: Scenario, kernel: KernelVersion): TableTrial[] {
  const commands = iptablesCommands('nft', 'nft')
  const plans = planScenario(scenario, { kernel, iptables: 'nft', commands, instance: '' })
  return plans.flatMap(({ title, phases }) =>
    phases.flatMap(({ phase, fix, trials }) =>
      trials.map(({ probe, spec, settings, expectation }): TableTrial => {
        const { outcome, mechanism, differs, kernel: keyed } = expectation
        const change =
          keyed && ('has' in keyed ? { ...keyed.has, has: true } : { ...keyed.lacks, has: false })
        return {
          experiment: title,
          phase,
          probe,
          toggles: { ...settings },
          ...(fix ? { fix: { ...fix } } : {}),
          outcome,
          expected: outcome,
          verdict: differs === undefined ? 'confirmed' : 'changed',
          ...(spec.attack ? { attack: true } : {}),
          ...(mechanism === undefined ? {} : { mechanism }),
          ...(change
            ? { change: JSON.parse(JSON.stringify(change)) as NonNullable<TableTrial['change']> }
            : {}),
        }
      }),
    ),
  )
}
