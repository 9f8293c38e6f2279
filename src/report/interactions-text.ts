/** The table of interactions for people: what each setting repairs, breaks, or leaves, a line for each scenario that has it. */
import type { Effect, Interaction, SettingRow } from './interactions.js'

/** The sign of an effect in a table, and what it says. */
export const EFFECTS: Readonly<Record<Effect, { readonly sign: string; readonly says: string }>> = {
  makes: { sign: '✕', says: 'is what makes the failure' },
  breaks: { sign: '✕', says: 'breaks' },
  both: { sign: '±', says: 'repairs some and breaks others' },
  repairs: { sign: '✓', says: 'repairs' },
  partly: { sign: '◐', says: 'repairs a part' },
  together: { sign: '+', says: 'repairs together with others' },
  leaves: { sign: '–', says: 'leaves it broken' },
}

/** What a setting does in a scenario, in a few words: `repairs own-address-tcp, leaves float-ping broken`. */
export function describeInteraction({ effect, probes, breaks, leaves, together }: Interaction): string {
  if (effect === 'makes') return `makes ${probes.join(', ')} fail`
  const does = [
    ...(probes.length > 0 ? [`repairs ${probes.join(', ')}`] : []),
    ...(breaks.length > 0 ? [`breaks ${breaks.join(', ')}`] : []),
    ...(leaves.length > 0 ? [`leaves ${leaves.join(', ')} broken`] : []),
    ...(effect === 'together'
      ? [`repairs with ${together.map(words => words.join(' ')).join(', or ')}`]
      : []),
  ]
  return does.join(', ') || 'changes nothing'
}

/** The table as plain text: a setting, then the scenarios, those in which it makes or breaks something first. */
export function interactionsText(rows: readonly SettingRow[]): string {
  return rows
    .map(({ toggle, setting, interactions }) => {
      const width = Math.max(...interactions.map(({ scenario }) => scenario.length))
      const lines = worstFirst(interactions).map(
        one => `    ${EFFECTS[one.effect].sign} ${one.scenario.padEnd(width)}  ${describeInteraction(one)}\n`,
      )
      return `${toggle}=${setting}\n${lines.join('')}`
    })
    .join('\n')
}

/** The table in Markdown. */
export function interactionsMarkdown(rows: readonly SettingRow[]): string {
  const lines = rows.flatMap(({ toggle, setting, interactions }) =>
    worstFirst(interactions).map(
      (one, at) =>
        `| ${at === 0 ? `\`${toggle}=${setting}\`` : ''} | ${EFFECTS[one.effect].sign} | \`${one.scenario}\` | ${describeInteraction(one)} |\n`,
    ),
  )
  return `| Setting | | Scenario | What it does |\n| --- | --- | --- | --- |\n${lines.join('')}`
}

function worstFirst(interactions: readonly Interaction[]): Interaction[] {
  const order = Object.keys(EFFECTS)
  return [...interactions].sort((a, b) => order.indexOf(a.effect) - order.indexOf(b.effect))
}
