/** Rules of a machine as a topology has them. */
import type { Facts } from './facts.js'
import type { Rule } from './rules.js'

/** Those of one program by table. A chain without a rule gets one that does nothing, so that it is there. */
export function tablesOf(facts: Facts, set: string, write: (rule: Rule) => string): Record<string, string[]> {
  const tables: Record<string, string[]> = {}
  const chains = [...facts.sets.values()].filter(chain => chain.set === set && chain.table !== 'security')
  for (const { table, name, hook, policy, rules } of chains) {
    const lines = tables[table] ?? []
    tables[table] = lines
    if (hook !== undefined && policy === 'DROP') lines.push(`-P ${name} DROP`)
    if (hook === undefined && rules.length === 0) lines.push(`-A ${name} -j RETURN`)
    for (const rule of rules) lines.push(`-A ${name} ${write(rule)}`.trimEnd())
  }
  return tables
}
