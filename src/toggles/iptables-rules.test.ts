import t from 'tap'
import { iptablesRules } from './iptables-rules.js'
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
