/** `lab list`. */
import { loadScenarios } from '../plan/catalogue.js'

export async function list(options: { json?: boolean }): Promise<void> {
  const scenarios = (await loadScenarios()).map(({ id, title, source, probes, controls, toggles }) => ({
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
