/** `lab list`. */
import { describeError } from '../base/errors.js'
import { chooseScenarios } from '../plan/catalogue.js'

/** Runs `lab list`. A scenario that cannot be used is named on standard error; the others are listed all the same. */
export async function list(words: readonly string[], options: { json?: boolean }): Promise<void> {
  const catalogue = await chooseScenarios(words)
  for (const { id, problem } of catalogue.broken)
    process.stderr.write(`lab: ${id} cannot be used: ${describeError(problem)}\n`)
  const scenarios = catalogue.scenarios.map(({ id, title, source, probes, controls, toggles }) => ({
    id,
    title,
    source: { title: source.title, url: source.url },
    probes: Object.keys(probes).map(probe => ({ id: probe, control: controls.includes(probe) })),
    toggles: Object.entries(toggles).map(([toggle, { settings, summary }]) => ({
      id: toggle,
      settings,
      summary,
    })),
  }))
  if (options.json) {
    process.stdout.write(`${JSON.stringify(scenarios, null, 2)}\n`)
    return
  }
  for (const { id, title, probes, toggles } of scenarios) {
    process.stdout.write(`${id}\n    ${title}\n`)
    process.stdout.write(
      `    probes   ${probes.map(probe => probe.id + (probe.control ? ' (control)' : '')).join(', ')}\n`,
    )
    for (const [index, toggle] of toggles.entries())
      process.stdout.write(
        `    ${index === 0 ? 'toggles ' : '        '} ${toggle.id}: ${toggle.settings.join(' | ')}\n`,
      )
    process.stdout.write('\n')
  }
}
