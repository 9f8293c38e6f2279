import t from 'tap'
import type { ToggleClaim } from '../model/plan.js'
import { wrongRule } from './as-built.js'

const RULES = [
  '-d 203.0.113.80/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.3.80',
  '-d 10.0.3.9',
]
const plan = {
  rules: [{ node: 'host', set: 'iptables' as const, table: 'nat', chain: 'PREROUTING', rules: RULES }],
}

/** What is wrong where the chain nat PREROUTING of a node has these rules, and nat POSTROUTING those. */
const fault = (
  node: string,
  rules: readonly string[],
  others: readonly string[] = [],
  claims: readonly ToggleClaim[] = [],
) =>
  wrongRule(node, plan, claims, (set, table, chain) => ({
    rules:
      set !== 'iptables' || table !== 'nat'
        ? []
        : chain === 'PREROUTING'
          ? rules
          : chain === 'POSTROUTING'
            ? others
            : [],
  }))?.says

t.test('rules that are as they were loaded are none to speak of', async test => {
  test.equal(fault('host', RULES), undefined)
  test.equal(fault('web', []), undefined, 'a node without rules')
  test.equal(
    fault('host', [RULES[0]?.replace('-m tcp ', '') ?? '', '-d 10.0.3.9/32']),
    undefined,
    'what iptables-save adds to a rule makes no other one of it',
  )
})

t.test('a rule that is lost, changed or there twice is named with its chain and node', async test => {
  test.match(
    fault('host', RULES.slice(0, 1)),
    /rule 2 of nat PREROUTING in node host is not there, not '-d 10\.0\.3\.9'$/,
  )
  test.match(
    fault('host', [RULES[0]?.replace('10.0.3.80', '10.0.3.81') ?? '', RULES[1] ?? '']),
    /rule 1 of nat PREROUTING in node host is '.*10\.0\.3\.81', not '.*10\.0\.3\.80'$/,
  )
  test.match(fault('host', [RULES[0] ?? '', ...RULES]), /rule 2 /)
  test.match(fault('host', [...RULES, RULES[1] ?? '']), /rule 3 .* is '.*', and there should be none/)
})

t.test('a rule that nobody loaded is named, in whatever chain it is', async test => {
  test.match(fault('web', [], ['-j ACCEPT']), /rule 1 of nat POSTROUTING in node web is '-j ACCEPT'/)
})

t.test('a rule that a toggle claims is expected in its place, once, and nowhere else', async test => {
  const claim = {
    node: 'host',
    table: 'nat',
    chain: 'PREROUTING',
    rule: { position: 1, words: ['-j', 'RETURN'] },
  }
  const claims = [{ toggle: 'some', setting: 'on', claim }]
  test.equal(fault('host', ['-j RETURN', ...RULES], [], claims), undefined)
  test.match(fault('host', RULES, [], claims), /rule 1 /, 'it is not there')
  test.match(fault('host', [...RULES, '-j RETURN'], [], claims), /rule 1 /, 'it is behind the others')
  test.match(fault('host', ['-j RETURN', '-j RETURN', ...RULES], [], claims), /rule 2 /, 'it is there twice')
  const gone = [{ toggle: 'some', setting: 'off', claim: { ...claim, rule: { not: [['-j', 'RETURN']] } } }]
  test.equal(fault('host', RULES, [], gone), undefined)
  test.match(fault('host', ['-j RETURN', ...RULES], [], gone), /rule 1 /)
})

t.test('a policy that nobody set or claims is named', async test => {
  const policies = (claims: readonly ToggleClaim[], policy: 'ACCEPT' | 'DROP') =>
    wrongRule('host', { rules: [] }, claims, (set, table, chain) =>
      `${set} ${table} ${chain}` === 'ip6tables filter FORWARD' ? { rules: [], policy } : { rules: [] },
    )
  const claim = { node: 'host', set: 'ip6tables', table: 'filter', chain: 'FORWARD', policy: 'DROP' } as const
  const claims = [{ toggle: 'policy', setting: 'DROP', claim }]
  test.equal(policies([], 'ACCEPT'), undefined)
  test.equal(policies(claims, 'DROP'), undefined)
  test.same(policies([], 'DROP'), {
    set: 'ip6tables',
    says: 'the policy of filter FORWARD of ip6tables in node host is DROP, not ACCEPT',
  })
  test.match(policies(claims, 'ACCEPT')?.says, /is ACCEPT, not DROP$/)
})
