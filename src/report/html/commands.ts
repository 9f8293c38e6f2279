/** The commands of a scenario's experiments in order, between the phases and trials that they were for. */

import { quote } from '../../base/shell-words.js'
import { outcomeWord } from '../../model/outcome.js'
import type { Story } from '../../model/report.js'
import { resultOf } from '../../model/verdict.js'
import { documented, settingsBeyond } from '../words.js'
import type { ExperimentLog, Happening } from './model.js'
import { type Html, html } from './template.js'

/** More of a command's output than this is no help in a page; the JSON report and `--trace` have it all. */
const OUTPUT_CHARACTERS = 2000

/** The logs of experiments, each folded. */
export function commandSection(logs: readonly ExperimentLog[], story: Story | undefined): Html {
  return html`<details class="commands"><summary>Commands in order</summary>
${logs.map(
  ({
    title,
    happenings,
    states = [],
  }) => html`<details><summary>${title} <span class="dim">${countCommands(happenings)} commands</span></summary>
<ol class="log">${merge(happenings).map(entry => line(entry, story, stateOf(entry, happenings, states)))}</ol></details>
`,
)}</details>
`
}

/** The file that says what the nodes were like after a trial. */
function stateOf(
  { happening }: Entry,
  happenings: readonly Happening[],
  states: readonly string[],
): string | undefined {
  const trials = happenings.filter(({ kind }) => kind === 'trial')
  return states[trials.indexOf(happening)]
}

interface Entry {
  readonly happening: Happening
  times: number
}

function countCommands(happenings: readonly Happening[]): number {
  return happenings.filter(({ kind }) => kind === 'command').length
}

/** Evidence is looked at again and again: the same command for it, between two other events, is one line. */
function merge(happenings: readonly Happening[]): Entry[] {
  const entries: Entry[] = []
  let looks = new Map<string, Entry>()
  for (const happening of happenings) {
    const key =
      happening.kind === 'command' && happening.why === 'collect evidence'
        ? `${happening.command.node} ${happening.command.argv.join(' ')}`
        : undefined
    const known = key === undefined ? undefined : looks.get(key)
    if (known) {
      known.times++
      continue
    }
    const entry = { happening, times: 1 }
    entries.push(entry)
    if (key === undefined) looks = new Map()
    else looks.set(key, entry)
  }
  return entries
}

function line({ happening, times }: Entry, story: Story | undefined, state: string | undefined): Html {
  if (happening.kind === 'phase') return html`<li class="phase">${happening.phase}</li>`
  if (happening.kind === 'trial') {
    const { trial } = happening
    const settings = settingsBeyond(trial.toggles, documented(story))
    return html`<li class="probe ${resultOf(trial.verdict)}"><b>${trial.probe}</b> ${settings.join(', ')} → ${outcomeWord(trial)}: ${trial.says}${state !== undefined && html` <a href="${encodeURI(state)}">state</a>`}</li>`
  }
  const { node, argv, stdin, stdout, stderr, exitCode, signal, elapsedMs, builtin } = happening.command
  const end = signal ?? (exitCode === 0 ? '' : `exit ${exitCode}`)
  const said = cut([stdout, stderr].filter(Boolean).join('').trimEnd())
  const facts = [
    happening.why,
    `${elapsedMs.toFixed(1)} ms`,
    ...(times > 1 ? [`${times} times`] : []),
    ...(builtin ? ['done by the lab itself'] : []),
  ]
  return html`<li><code><span class="node">${node ?? 'world'}</span> ${argv.map(quote).join(' ')}</code>${end ? html` <span class="fail">${end}</span>` : ''} <span class="dim">${facts.join(' · ')}</span>${
    stdin ? html`<pre class="stdin">${stdin.trimEnd()}</pre>` : ''
  }${said ? html`<details><summary>output</summary><pre>${said}</pre></details>` : ''}</li>`
}

function cut(text: string): string {
  return text.length > OUTPUT_CHARACTERS
    ? `${text.slice(0, OUTPUT_CHARACTERS)}\n… ${text.length - OUTPUT_CHARACTERS} characters more`
    : text
}
