/** Which scenario has which kinds of scripts, and why not. */
import { LabError } from '../../src/base/errors.js'
import type { Scenario } from '../../src/model/scenario.js'
import { PLAIN_IPTABLES } from '../../src/model/steps.js'
import type { KernelVersion } from '../../src/model/version.js'
import { loadCatalogue } from '../../src/plan/catalogue.js'
import { planChosen } from '../../src/script/choose.js'
import { minimalScript } from '../../src/script/minimal.js'
import { selftestScript } from '../../src/script/selftest.js'

/** The kinds of scripts besides the usual one. */
const KINDS = { minimal: minimalScript, selftest: selftestScript } as const
export type Kind = keyof typeof KINDS

/** The kernel that the table is for. */
const KERNEL = { major: 6, minor: 12, patch: 0 }

/** A script of a kind; or why there is none. */
export function scriptOfKind(
  scenario: Scenario,
  kind: Kind,
  version: KernelVersion,
): { readonly text: string } | { readonly why: string } {
  const plan = planChosen(scenario, {
    settings: {},
    kernel: version,
    iptables: 'nft',
    commands: PLAIN_IPTABLES,
  })
  const commandLine = `lab script ${scenario.id} --${kind}`
  try {
    return { text: KINDS[kind](scenario, plan, { commandLine, kernel: `${version.major}.${version.minor}` }) }
  } catch (error) {
    if (error instanceof LabError) return { why: error.message.replace(/^[^:]+: /, '') }
    throw error
  }
}

/** A row for each scenario. */
export async function scriptKindsTable(): Promise<string> {
  const { scenarios } = await loadCatalogue()
  const cell = (scenario: Scenario, kind: Kind) => {
    const made = scriptOfKind(scenario, kind, KERNEL)
    return 'why' in made ? `no: ${made.why}` : `${made.text.split('\n').length - 1} lines`
  }
  return [
    '| scenario | `--minimal` | `--selftest` |',
    '| --- | --- | --- |',
    ...scenarios.map(
      scenario => `| \`${scenario.id}\` | ${cell(scenario, 'minimal')} | ${cell(scenario, 'selftest')} |`,
    ),
  ].join('\n')
}
