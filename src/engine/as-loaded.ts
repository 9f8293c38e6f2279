/** Whether traffic control and nftables are what a topology was loaded with, by nft(8) and tc(8). */
import type { Configuration } from '../model/configuration.js'
import type { ExperimentPlan } from '../model/plan.js'
import { rulesIn } from './rule-book.js'

/**
 * The first line of a node's that the kernel does not bear out, in a sentence that begins with the program that was given it;
 * undefined where there is none.
 */
export function wronglyLoaded(
  node: string,
  { loaded }: Pick<ExperimentPlan, 'loaded'>,
  configuration: Configuration,
): string | undefined {
  const { nft = [], tc = [] } = loaded[node] ?? {}
  return (
    nftFault(node, nft, configuration) ??
    qdiscFault(node, tc, configuration) ??
    filterFault(node, tc, configuration)
  )
}

function nftFault(node: string, lines: readonly string[], configuration: Configuration): string | undefined {
  for (const [chain, rules] of groups(lines, /^add rule (\S+ \S+ \S+) /)) {
    const there = rulesIn(configuration.get(`rules ${chain}`)).length
    if (there !== rules.length)
      return `nft: chain ${chain} in node ${node} has ${there} rules, not ${rules.length}`
  }
  return undefined
}

function qdiscFault(
  node: string,
  lines: readonly string[],
  configuration: Configuration,
): string | undefined {
  for (const [device, [line = '']] of groups(lines, /^qdisc (?:add|replace) dev (\S+) /)) {
    const kinds = [...configuration].flatMap(([what, kind]) =>
      what.startsWith(`qdisc ${device} `) ? [kind] : [],
    )
    if (!line.split(' ').some(word => kinds.includes(word)))
      return `tc: device ${device} in node ${node} has not what '${line}' adds`
  }
  return undefined
}

/** Filters at clsact's hooks: as many as were added, each with its protocol, its preference and its action. */
function filterFault(
  node: string,
  lines: readonly string[],
  configuration: Configuration,
): string | undefined {
  for (const [hook, filters] of groups(lines, /^filter (?:add|replace) dev (\S+ (?:ingress|egress)) /)) {
    const is = configuration.get(`filter ${hook}`)
    const there = is === undefined ? [] : is.split('; ')
    const lost = filters.find((line, at) => wantedOf(line).some(words => !there[at]?.includes(words)))
    if (lost !== undefined) return `tc: device ${hook} in node ${node} has not what '${lost}' adds`
    if (there.length > filters.length)
      return `tc: device ${hook} in node ${node} has ${there.length} filters, not ${filters.length}`
  }
  return undefined
}

/** What the kernel must say of a filter. */
function wantedOf(line: string): string[] {
  const after = (word: string) => new RegExp(` ${word} (\\S+)`).exec(line)?.[1]
  const preference = after('(?:prio|pref|preference)')
  const [action] = /action mirred .*? dev \S+/.exec(line) ?? []
  return [
    `protocol ${after('protocol') ?? 'all'}${preference === undefined ? '' : ` pref ${preference}`} `,
    ...(action === undefined ? [] : [action]),
  ]
}

/** Lines by what is found in them; those in which it is not are left out. */
function groups(lines: readonly string[], key: RegExp): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const line of lines) {
    const [, name] = key.exec(line) ?? []
    if (name !== undefined) found.set(name, [...(found.get(name) ?? []), line])
  }
  return found
}
