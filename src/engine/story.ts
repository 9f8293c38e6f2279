/** What a report tells of a scenario besides what came of it, so that its readers need nothing else. */
import { placeOfLoss } from '../evidence/index.js'
import type { Story } from '../model/report.js'
import type { Scenario } from '../model/scenario.js'
import { probeOf } from '../probes/index.js'

/** The story of a scenario, as data. */
export function storyOf(scenario: Scenario): Story {
  const { source, drawing, topology, toggles, probes, controls, mechanisms } = scenario
  return {
    source: { ...source },
    drawing,
    topology: JSON.parse(JSON.stringify(topology)) as Story['topology'],
    toggles: mapValues(toggles, ({ summary, settings }) => ({ summary, settings: [...settings] })),
    probes: mapValues(probes, (spec, id) => {
      const { kind, from, to, command, attack } = probeOf(spec)
      const control = controls.includes(id)
      return {
        kind,
        from,
        ...(to === undefined ? {} : { to }),
        command,
        control,
        ...(attack ? { attack } : {}),
      }
    }),
    mechanisms: mapValues(mechanisms, mechanism => {
      const { title, where, document } = mechanism
      const at = placeOfLoss(mechanism)
      return { title, where, document, ...(at ? { at } : {}) }
    }),
  }
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  value: (entry: T, key: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, entry]) => [key, value(entry, key)]))
}
