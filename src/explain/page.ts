/** A scenario's story on a page, from the same data that is executed and judged. */

import { wrap } from '../base/text.js'
import { hasChange, releasesOf, revertClause } from '../model/change.js'
import type { Claim } from '../model/configuration.js'
import { outcomeWord } from '../model/outcome.js'
import type { Scenario, Settings } from '../model/scenario.js'
import { PLAIN_IPTABLES, type RuleSet } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'
import { formatKernelVersion, type KernelVersion } from '../model/version.js'
import { defaultSettings, kernelChanges } from '../plan/expectations.js'
import { claimsOf, ordinaryProbes } from '../plan/plan.js'
import { probeOf } from '../probes/index.js'
import { combinations, type Effect, effects, failuresOf } from './effects.js'

const WIDTH = 100

/** No claim depends on these. */
const ANY_MACHINE = {
  iptables: PLAIN_IPTABLES,
  mac: () => '$MAC',
  folder: '',
}

/** How headings stand out: bold on a terminal, as they are elsewhere. */
export type Emphasis = (text: string) => string

/** The page. `all` are the scenarios that there are, for what a setting breaks elsewhere. */
export function explainScenario(
  scenario: Scenario,
  all: readonly Scenario[],
  kernel: KernelVersion,
  strong: Emphasis,
): string {
  const { id, title, source, drawing, topology } = scenario
  const sections = [
    `${strong(id)}\n${paragraph(`${title}.`)}`,
    section('What people saw', [paragraph(`“${source.says}”`), paragraph(source.title), `  ${source.url}`]),
    section('Where', [
      drawing.replace(/^\n/, ''),
      '',
      ...Object.entries(topology.nodes).map(([node, { is }]) => `  ${node.padEnd(14)}${is}`),
    ]),
    section('Why', mechanisms(scenario)),
    section('Probes', probes(scenario)),
    ...(Object.keys(scenario.toggles).length > 0
      ? [
          section('What changes it', [
            ...Object.keys(scenario.toggles).flatMap(name => toggleLines(scenario, name, all, strong)),
            ...togetherLines(scenario, strong),
          ]),
        ]
      : []),
    ...saved(scenario).map(lines => section('What becomes of rules that are saved and loaded', lines)),
    ...kernels(scenario, kernel).map(lines => section('Kernels', lines)),
    section('See for yourself', [`  lab run ${id}`, `  lab shell ${id}`, `  lab script ${id} > ${id}.sh`]),
  ]
  return `${sections.join('\n\n')}\n`

  function section(heading: string, lines: readonly string[]): string {
    return `${strong(heading)}\n${lines.join('\n').trimEnd()}`
  }
}

function paragraph(text: string, indent = '  '): string {
  return indent + wrap(text, WIDTH - indent.length, indent)
}

/** A label in a column, and text that hangs beside it. */
function hanging(label: string, text: string, indent: string, column: number): string {
  const start = `${indent}${label.padEnd(column)}`
  return start + wrap(text, WIDTH - start.length, ' '.repeat(start.length))
}

function mechanisms({ mechanisms: all, expect }: Scenario): string[] {
  const expectations = Object.values(expect).flat()
  return Object.entries(all)
    .flatMap(([id, { title, where, document }]) => {
      const failing = expectations.filter(
        ({ outcome, mechanism, refusedBy }) => (outcome === 'fails' && mechanism === id) || refusedBy === id,
      )
      return [
        paragraph(`${title} — ${where}.`),
        ...new Set(failing.map(({ why }) => paragraph(why, '    '))),
        paragraph(`The document: “${document}”`, '    '),
        '',
      ]
    })
    .slice(0, -1)
}

function probes(scenario: Scenario): string[] {
  const { probes: all, controls } = scenario
  const ordinary = ordinaryProbes(scenario)
  return Object.entries(all).map(([id, spec]) => {
    const { command, from, attack } = probeOf(spec)
    const when = controls.includes(id) ? ', the control' : ordinary.includes(id) ? '' : ', while a fix is set'
    const role = `${attack ? ', an attack: it must not get through' : ''}${when}`
    return hanging(id, `${command} (in ${from})${role}`, '  ', 24)
  })
}

function toggleLines(scenario: Scenario, name: string, all: readonly Scenario[], strong: Emphasis): string[] {
  const toggle: Toggle | undefined = scenario.toggles[name]
  if (!toggle) return []
  const base = defaultSettings(scenario)
  return [
    `  ${strong(name)}: ${toggle.summary}; the failure has ${toggle.settings[0]}`,
    ...toggle.settings
      .slice(1)
      .flatMap(setting => [
        `    ${name} = ${setting}`,
        ...toggle.onRealSystem(setting).map(line => `        # ${line}`),
        ...differences(scenario, name, setting).map(text => hanging('kernel:', text, '        ', 9)),
        ...effectLines(scenario, effects(scenario, base, { ...base, [name]: setting })),
        ...failuresOf(all, scenario, name, setting).map(other =>
          hanging('elsewhere', `it is the failure of ${other.id}: ${other.title}.`, '      ', 15),
        ),
      ]),
    '',
  ]
}

/** What the kernel says under a setting and not under the first one, as trials have it checked. */
function differences(scenario: Scenario, name: string, setting: string): string[] {
  const base = defaultSettings(scenario)
  const claims = (settings: Settings) => claimsOf(scenario, settings, { ...ANY_MACHINE, settings })
  const before = claims(base).map(({ claim }) => JSON.stringify(claim))
  return claims({ ...base, [name]: setting }).flatMap(({ toggle, claim }) =>
    toggle === name && !before.includes(JSON.stringify(claim)) ? [describeClaim(claim)] : [],
  )
}

const SETS: Readonly<Record<RuleSet, string>> = {
  iptables: '',
  ip6tables: 'ip6tables ',
  otherIptables: 'the other iptables’ ',
}

function describeClaim(claim: Claim): string {
  if ('what' in claim) return `${claim.node}: ${claim.what} ${claim.value ?? 'is not there'}`
  if ('nftTable' in claim)
    return [
      `${claim.node}: ${claim.rules} rules in table ${claim.nftTable} of nftables`,
      ...Object.entries(claim.hooks ?? {}).map(([chain, hook]) => `${chain} at ${hook}`),
    ].join(', ')
  if ('bridgeRules' in claim)
    return `${claim.node}: ${claim.bridgeRules.length === 0 ? 'no rule for bridged frames' : `for bridged frames: ${claim.bridgeRules.join('; ')}`}`
  const { node, set = 'iptables', table } = claim
  const chain = `${SETS[set]}${table} ${claim.chain}`
  if ('policy' in claim) return `${node}: policy of ${chain}: ${claim.policy}`
  const { rule } = claim
  return 'words' in rule
    ? `${node}: rule ${rule.position} of ${chain}: ${rule.words.join(' ')}`
    : `${node}: not in ${chain}: ${rule.not.map(words => words.join(' ')).join('; nor ')}`
}

function togetherLines(scenario: Scenario, strong: Emphasis): string[] {
  const found = combinations(scenario)
  if (found.length === 0) return []
  return [
    `  ${strong('together')}`,
    ...found.flatMap(({ settings, effects: list }) => [
      `    ${Object.entries(settings)
        .map(([name, setting]) => `${name} = ${setting}`)
        .join(', ')}`,
      ...effectLines(scenario, list),
    ]),
    '',
  ]
}

/** What is said of a guard: it is no failure that a setting could repair, but what it must leave as it is, or what it costs. */
const OF_GUARDS = {
  repairs: 'now works',
  breaks: 'now fails',
  leaves: 'still fails',
  keeps: 'still works',
} as const

/** What is said of an attack, which is repaired where it is refused. */
const OF_ATTACKS = {
  repairs: 'keeps out',
  breaks: 'lets in',
  leaves: 'leaves open',
  keeps: 'keeps out',
} as const

function effectLines(scenario: Scenario, list: readonly Effect[]): string[] {
  const { controls, mechanisms: known, probes: specs } = scenario
  const isAttack = (id: string) => specs[id]?.attack ?? false
  const ordinary = new Set([...controls, ...ordinaryProbes(scenario)])
  const shown = list.flatMap(({ probes: ids, ...effect }) => {
    // A control that must fail goes on failing: that is no news.
    const news = effect.kind === 'leaves' ? ids.filter(id => !controls.includes(id)) : ids
    return (
      [
        [news.filter(isAttack), OF_ATTACKS[effect.kind]],
        [
          news.filter(id => !isAttack(id) && ordinary.has(id)),
          effect.kind === 'leaves' ? 'leaves broken' : effect.kind,
        ],
        [news.filter(id => !isAttack(id) && !ordinary.has(id)), OF_GUARDS[effect.kind]],
      ] as const
    ).flatMap(([probes, label]) =>
      effect.kind === 'keeps' || probes.length === 0 ? [] : [{ ...effect, probes, label }],
    )
  })
  return shown.map(({ label, probes: ids, after, kernels: on }) => {
    const reason = after.outcome === 'fails' ? after.mechanism : after.refusedBy
    const because = reason === undefined ? undefined : known[reason]?.title
    const names = ids.map(id => (controls.includes(id) ? `${id} (control)` : id)).join(', ')
    const text = [
      `${on ? `on ${on}: ` : ''}${names}${because ? `, by ${because}` : ''}. ${after.why}`,
      ...(after.differs ? [`The document differs: ${after.differs}`] : []),
    ]
    return hanging(label, text.join(' '), '      ', 15)
  })
}

/** What is lost of fixes whose rules are saved and loaded again (`lab run --persist`): probes with the same reason together. */
function saved({ expect, probes: specs }: Scenario): string[][] {
  const told = new Map<string, { after: string; probes: string[] }>()
  for (const [probe, list] of Object.entries(expect))
    for (const { persisted, tools = {}, when = {}, outcome, why, differs } of list) {
      if (persisted === undefined) continue
      const versions = Object.entries(tools).map(([tool, range]) =>
        'since' in range ? `${tool} from ${range.since} on` : `${tool} before ${range.before}`,
      )
      const set = Object.entries(when).map(([name, setting]) => `${name} = ${[setting].flat().join(' or ')}`)
      const before = `${[...set, `saved by ${persisted}`, ...versions].join(', ')}: `
      const attack = specs[probe]?.attack ?? false
      const came = outcomeWord({ outcome, ...(attack ? { attack: true } : {}) })
      const after = ` ${came}. ${why}${differs === undefined ? '' : ` The document differs: ${differs}`}`
      const known = told.get(before + after)?.probes ?? []
      told.set(before + after, { after, probes: [...known, probe] })
    }
  const lines = [...told].map(([text, { after, probes: names }]) =>
    paragraph(`${text.slice(0, -after.length)}${names.join(', ')}${after}`),
  )
  return lines.length > 0 ? [lines] : []
}

function kernels(scenario: Scenario, kernel: KernelVersion): string[][] {
  const changes = kernelChanges(scenario)
  if (changes.length === 0) return []
  return [
    changes.flatMap(change => [
      paragraph(`${change.commit} “${change.title}”`),
      paragraph(
        `in ${releasesOf(change)} and later of each series; this kernel, ${formatKernelVersion(kernel)}, ${hasChange(change, kernel) ? 'has it' : 'does not have it'}`,
        '    ',
      ),
      ...(change.cve === undefined ? [] : [`    it is the repair of ${change.cve}`]),
      ...(change.reverts ?? []).map(revert => paragraph(`${revertClause(revert)}: ${revert.url}`, '    ')),
      `    ${change.url}`,
    ]),
  ]
}
