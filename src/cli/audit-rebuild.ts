/** `lab audit --rebuild ID`: whether what an audit found of a scenario comes true in the lab, with this machine's rules and settings. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileSync } from 'tmp-promise'
import type { Facts } from '../audit/facts.js'
import { type RebuiltProbe, type Recipe, rebuild, recipeOf } from '../audit/rebuild.js'
import { EXIT, LabError } from '../base/errors.js'
import { defaultBackend, iptablesCommands } from '../kernel/iptables.js'
import { describeMachine } from '../kernel/machine.js'
import { runningVersion } from '../kernel/running.js'
import type { Finding } from '../model/audit.js'
import { oneScenario } from '../plan/catalogue.js'
import { inWorld } from './world.js'

/** Where the world finds what was read of the machine, which it does not see itself. */
const RECIPE = 'NETNS_LAB_RECIPE'

/** Tries the first finding that there is something to try of; resolves with the exit status: 1 where something is proved to fail. Throws LabError. */
export async function tryFinding(
  id: string,
  findings: readonly Finding[],
  hosts: readonly Facts[],
): Promise<number> {
  const scenario = await oneScenario(id)
  const found = findings.find(
    ({ scenario: of, finding }) => of === id && (finding === 'exposed' || finding === 'relies on'),
  )
  const facts = hosts.find(({ netns }) => netns === found?.netns)
  if (!found || !facts) {
    const [why] = findings.filter(({ scenario: of }) => of === id)
    throw new LabError(
      `there is nothing to try: ${id} is ${why?.finding ?? 'not concerned'} here${why?.missing === undefined ? '' : `, without ${why.missing}`}`,
      `lab run ${id} tries the document's own`,
      EXIT.usage,
    )
  }
  const file = fileSync({ discardDescriptor: true })
  try {
    writeFileSync(file.name, JSON.stringify(recipeOf(scenario, found, facts)))
    process.env[RECIPE] = file.name
    return await inWorld(false, async () => EXIT.error)
  } finally {
    delete process.env[RECIPE]
    file.removeCallback()
  }
}

/** The same inside the world. */
export function tryInWorld(id: string, json: boolean): Promise<number> {
  return inWorld(false, async ({ rootless }) => {
    const recipe = JSON.parse(readFileSync(process.env[RECIPE] ?? '', 'utf8')) as Recipe
    const backend = await defaultBackend()
    const { slowness } = await describeMachine(rootless)
    const probes = await rebuild(
      await oneScenario(id),
      recipe,
      { kernel: runningVersion(), iptables: backend, commands: iptablesCommands(backend, backend) },
      slowness,
    )
    process.stdout.write(
      json ? `${JSON.stringify({ ...recipe, probes }, null, 2)}\n` : described(recipe, probes),
    )
    if (probes.some(({ control, outcome }) => control && outcome !== 'works')) return EXIT.error
    return probes.some(({ control, outcome }) => !control && outcome === 'fails') ? EXIT.failed : EXIT.ok
  })
}

function described({ scenario, finding, left }: Recipe, probes: readonly RebuiltProbe[]): string {
  const broken = probes.some(({ control, outcome }) => control && outcome !== 'works')
  return [
    `${scenario} with the rules and settings of ${finding.netns}, in the lab:`,
    ...probes.map(
      ({ probe, control, outcome, expected, says }) =>
        `    ${probe.padEnd(28)}${outcome.padEnd(8)}${control ? 'control' : broken ? 'says nothing: a control failed' : verdictOf(outcome, expected)}: ${says}`,
    ),
    ...left.map(what => `    not taken over: ${what}`),
    '',
  ].join('\n')
}

function verdictOf(outcome: RebuiltProbe['outcome'], expected: RebuiltProbe['expected']): string {
  if (outcome === 'not-triggered') return 'nothing came of it'
  if (outcome === expected) return 'proved'
  return outcome === 'works' ? 'taken back: it does not fail here' : 'taken back: it is not held here'
}
