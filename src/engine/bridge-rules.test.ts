import t from 'tap'
import { asBridgeRule, bridgeRules } from './bridge-rules.js'

const HOOK = ['chain bridge nat POSTROUTING', 'accept postrouting priority 300'] as const
const DROP = 'ether saddr 02:00:00:00:00:01 ether daddr 33:33:00:00:00:00/16'

/** What rules come to, of which the configuration has the words themselves with `_` for spaces. */
const ways = (...chains: readonly (readonly [what: string, ...rules: readonly string[]])[]) =>
  bridgeRules(
    new Map([
      HOOK,
      ...chains.map(
        ([what, ...rules]) => [what, rules.map(rule => rule.replaceAll(' ', '_')).join(' ')] as const,
      ),
    ]),
    rule => (rule === '?' ? undefined : rule.replaceAll('_', ' ')),
  )

t.test('one rule, and one that a daemon spreads over chains of its own, come to the same', async test => {
  const one = ways(['rules bridge nat POSTROUTING', `oifname "vnet0" ${DROP} ether type ip6 counter drop`])
  const spread = ways(
    ['rules bridge nat POSTROUTING', 'oifname "vnet0" counter jump libvirt-O-vnet0'],
    ['rules bridge nat libvirt-O-vnet0', 'ether type ip6 counter jump O-vnet0-ipv6', 'counter accept'],
    ['rules bridge nat O-vnet0-ipv6', `${DROP} counter drop`, 'counter accept'],
  )
  test.same(spread, one)
  test.same(one, [asBridgeRule(`postrouting oifname "vnet0" ether type ip6 ${DROP} drop`)])
})

t.test(
  'what is accepted before anything is dropped is told, and what is accepted behind it is not',
  async test => {
    test.same(ways(['rules bridge nat POSTROUTING', 'counter accept']), [])
    test.same(ways(['rules bridge nat POSTROUTING', 'ether type arp counter accept', 'drop']), [
      'postrouting drop',
      'postrouting ether type arp accept',
    ])
  },
)

t.test('rules that cannot be followed are not taken for none', async test => {
  test.equal(ways(['rules bridge nat POSTROUTING', '?']), undefined, 'nobody knows its words')
  test.equal(ways(['rules bridge nat POSTROUTING', 'oifname vmap { "vnet0" : drop }']), undefined)
  test.equal(ways(['rules bridge nat POSTROUTING', 'jump POSTROUTING']), undefined, 'a circle')
  test.same(ways(['rules bridge nat POSTROUTING']), [])
})
