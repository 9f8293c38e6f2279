import { parsePolicyRule, policyRuleLine, policyRuleWords } from '../model/policy-rule.js'
import { run } from '../model/steps.js'
import type { Toggle } from '../model/toggle.js'
import { startingWith } from './toggle.js'

/**
 * Policy rules that are there or not, as `ip rule add` takes them, each with the priority that it is known by; with `-6` in front
 * those of IPv6. `first` is the setting of the document's failure. Throws TypeError for a text that is no such rule.
 */
export function policyRule<const N extends string>({
  node,
  rules,
  summary,
  first = 'off',
}: {
  node: N
  rules: readonly string[]
  summary: string
  first?: 'off' | 'on'
}): Toggle<'off' | 'on', N> {
  const all = rules.map(text => {
    const rule = parsePolicyRule(text)
    if (typeof rule === 'string') throw new TypeError(`'${text}' ${rule}`)
    if (rule.priority === undefined) throw new TypeError(`'${text}' has no priority`)
    const ip = rule.family === 'inet6' ? ['ip', '-6'] : ['ip']
    return {
      command: (action: 'add' | 'del') => [...ip, 'rule', action, ...policyRuleLine(rule)],
      what: `ip rule ${rule.family} ${rule.priority}`,
      words: policyRuleWords(rule).join(' '),
    }
  })
  return startingWith<'off' | 'on', N>(first, {
    summary,
    nodes: [node],
    needs: [],
    settings: ['off', 'on'],
    change: (to, from = 'off') =>
      to === from ? [] : all.map(({ command }) => run(node, command(to === 'on' ? 'add' : 'del'), summary)),
    claims: setting => all.map(({ what, words }) => ({ node, what, value: setting === 'on' ? words : null })),
    onRealSystem: setting =>
      setting === first ? [] : all.map(({ command }) => command(setting === 'on' ? 'add' : 'del').join(' ')),
  })
}
