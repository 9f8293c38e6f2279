import { z } from 'zod'
import { node } from '../model/fields.js'
import { probeKind } from '../model/probe.js'
import { LOADED_SETS, rulePrograms } from '../model/steps.js'

const SHAPE = {
  from: node(),
  /** Whose rule. */
  set: z.enum(LOADED_SETS),
  table: z.string(),
  chain: z.string(),
  /** The rule, in the words of iptables-save. */
  words: z.array(z.string()).min(1),
}

const LIBRARY = `# take_rule NODE IPTABLES TABLE CHAIN WORDS...: whether a rule can be added; it is taken away again.
take_rule() {
  where=$1 program=$2 table=$3
  shift 3
  if answer=$(in_node "$where" "$program" -w -t "$table" -A "$@" 2>&1); then
    came=works said="the rule was taken"
    in_node "$where" "$program" -w -t "$table" -D "$@"
  else
    came=fails said=$(echo "$answer" | tr '\\n' ' ')
  fi
}
`

/** A rule that somebody adds. Works when it is taken, and is taken away again then; no packet comes by it. */
export const rule = probeKind('rule', SHAPE, {
  describe: ({ set, table, chain, words }) => `${set} -t ${table} -A ${chain} ${words.join(' ')}`,
  from: ({ from }) => from,
  typicalMs: () => 20,
  script({ from, set, table, chain, words }, commands) {
    const { iptables } = rulePrograms(commands, set)
    return {
      words: ['take_rule', from, iptables, table, chain, ...words],
      library: LIBRARY,
      tools: [iptables],
    }
  },

  async run({ from, set, table, chain, words }, { exec, iptables: commands }) {
    const { iptables } = rulePrograms(commands, set)
    const edit = (action: '-A' | '-D') => exec(from, [iptables, '-w', '-t', table, action, chain, ...words])
    const { exitCode, stdout, stderr } = await edit('-A')
    const said = (stderr || stdout).trim().replace(/\s+/g, ' ')
    if (exitCode !== 0)
      return {
        outcome: 'fails',
        says: `${iptables} exited with status ${exitCode}${said ? `: ${said}` : ''}`,
      }
    await edit('-D')
    return { outcome: 'works', says: `${iptables} has added the rule` }
  },
})
