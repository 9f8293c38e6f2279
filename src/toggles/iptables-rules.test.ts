import t from 'tap'
import { chainPolicy } from './chain-policy.js'
import { iptablesRules } from './iptables-rules.js'
import { nftTables } from './nft-table.js'
import { policyRule } from './policy-rule.js'

const CONTEXT = {
  iptables: { iptables: 'iptables-nft', restore: '', save: '', other: 'iptables-legacy' },
  mac: () => '',
  folder: '',
  settings: {},
}
const rule = (chain: string, words: string) => ({ table: 'mangle', chain, words: words.split(' ') })
const toggle = iptablesRules({
  node: 'n',
  summary: 's',
  settings: {
    off: [],
    on: [rule('PREROUTING', '-i a -j ACCEPT'), rule('POSTROUTING', '-o a -j ACCEPT')],
    more: [
      rule('PREROUTING', '-i a -j ACCEPT'),
      rule('PREROUTING', '-i b -j ACCEPT'),
      rule('POSTROUTING', '-o a -j ACCEPT'),
    ],
  },
})

t.test(
  'rules of a set stand in their order, and those of another setting are taken away first',
  async test => {
    const lines = toggle
      .change('more', 'on', CONTEXT)
      .map(step => (step.do === 'run' ? step.argv.slice(4).join(' ') : ''))
    test.same(lines, [
      '-D PREROUTING -i a -j ACCEPT',
      '-D POSTROUTING -o a -j ACCEPT',
      '-I PREROUTING 1 -i a -j ACCEPT',
      '-I PREROUTING 2 -i b -j ACCEPT',
      '-I POSTROUTING 1 -o a -j ACCEPT',
    ])
  },
)

t.test('what a setting does not have is claimed not to be there', async test => {
  test.same(toggle.claims('off', CONTEXT), [
    {
      node: 'n',
      table: 'mangle',
      chain: 'PREROUTING',
      rule: {
        not: [
          ['-i', 'a', '-j', 'ACCEPT'],
          ['-i', 'a', '-j', 'ACCEPT'],
          ['-i', 'b', '-j', 'ACCEPT'],
        ],
      },
    },
    {
      node: 'n',
      table: 'mangle',
      chain: 'POSTROUTING',
      rule: {
        not: [
          ['-o', 'a', '-j', 'ACCEPT'],
          ['-o', 'a', '-j', 'ACCEPT'],
        ],
      },
    },
  ])
  test.match(toggle.claims('on', CONTEXT), [
    { chain: 'PREROUTING', rule: { position: 1 } },
    { chain: 'PREROUTING', rule: { not: [['-i', 'b', '-j', 'ACCEPT']] } },
    { chain: 'POSTROUTING', rule: { position: 1 } },
  ])
})

t.test('rules of ip6tables and of the other backend are edited by their own programs', async test => {
  const both = iptablesRules({
    node: 'n',
    summary: 's',
    settings: {
      off: [],
      on: [
        { set: 'ip6tables', table: 'filter', chain: 'FORWARD', words: ['-j', 'ACCEPT'] },
        { set: 'otherIptables', table: 'filter', chain: 'FORWARD', words: ['-j', 'DROP'] },
      ],
    },
  })
  const argv = both.change('on', 'off', CONTEXT).map(step => (step.do === 'run' ? step.argv.join(' ') : ''))
  test.same(argv, [
    'ip6tables-nft -w -t filter -I FORWARD 1 -j ACCEPT',
    'iptables-legacy -w -t filter -I FORWARD 1 -j DROP',
  ])
  test.match(both.claims('on', CONTEXT), [
    { set: 'ip6tables', chain: 'FORWARD', rule: { position: 1 } },
    { set: 'otherIptables', chain: 'FORWARD', rule: { position: 1 } },
  ])
  test.match(both.setUp?.(CONTEXT), [
    { argv: ['iptables-legacy-restore', '-w'], stdin: '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n' },
  ])
  test.same(toggle.setUp?.(CONTEXT), [], 'its own tables are the topology’s')
})

t.test('a policy is set in each set of rules, and claimed', async test => {
  const policy = chainPolicy({
    node: 'n',
    table: 'filter',
    chain: 'FORWARD',
    sets: ['iptables', 'ip6tables'],
    first: 'DROP',
  })
  test.same(policy.settings, ['DROP', 'ACCEPT'])
  const argv = policy.change('DROP', undefined, CONTEXT).map(step => (step.do === 'run' ? step.argv : []))
  test.same(argv, [
    ['iptables-nft', '-w', '-t', 'filter', '-P', 'FORWARD', 'DROP'],
    ['ip6tables-nft', '-w', '-t', 'filter', '-P', 'FORWARD', 'DROP'],
  ])
  test.same(policy.claims('ACCEPT', CONTEXT), [
    { node: 'n', table: 'filter', chain: 'FORWARD', policy: 'ACCEPT' },
    { node: 'n', set: 'ip6tables', table: 'filter', chain: 'FORWARD', policy: 'ACCEPT' },
  ])
})

t.test('a table of nftables is replaced whole, and known by its rules and hooks', async test => {
  const tables = nftTables({
    node: 'n',
    summary: 's',
    table: 'ip own',
    needs: [],
    settings: {
      early: { forward: { hook: 'type filter hook forward priority -10;', rules: ['accept'] } },
      late: { forward: { hook: 'type filter hook forward priority 10;', rules: ['accept'] } },
      none: {},
    },
  })
  const steps = (to: 'early' | 'late' | 'none', from?: 'early' | 'late' | 'none') =>
    tables.change(to, from, CONTEXT).map(step => (step.do === 'run' ? step.argv.join(' ') : ''))
  test.same(steps('early'), ['nft -f -'])
  test.same(steps('late', 'early'), ['nft delete table ip own', 'nft -f -'])
  test.same(steps('none', 'late'), ['nft delete table ip own'])
  test.same(steps('none'), [])
  const claim = { node: 'n', nftTable: 'ip own' }
  test.same(tables.claims('late', CONTEXT), [
    { ...claim, rules: 1, hooks: { forward: 'forward priority 10' } },
  ])
  test.same(tables.claims('none', CONTEXT), [{ ...claim, rules: 0, hooks: {} }])
})

t.test('a policy rule is added and taken away by ip(8), and known by its priority', async test => {
  const own = policyRule({ node: 'n', rules: ['-6 tos 0x10 lookup 9 priority 5'], summary: 's' })
  const argv = (to: 'off' | 'on', from?: 'off' | 'on') =>
    own.change(to, from, CONTEXT).map(step => (step.do === 'run' ? step.argv.join(' ') : ''))
  test.same(argv('off'), [])
  test.same(argv('on', 'off'), ['ip -6 rule add tos 0x10 lookup 9 priority 5'])
  test.same(argv('off', 'on'), ['ip -6 rule del tos 0x10 lookup 9 priority 5'])
  test.same(own.claims('on', CONTEXT), [{ node: 'n', what: 'ip rule inet6 5', value: 'tos 0x10 lookup 9' }])
  test.match(own.claims('off', CONTEXT), [{ value: null }])
  test.throws(() => policyRule({ node: 'n', rules: ['lookup 9'], summary: 's' }), /has no priority/)
})
