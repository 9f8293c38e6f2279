import t from 'tap'
import { wronglyLoaded } from './as-loaded.js'

const FILTER =
  'filter add dev eth0 ingress protocol ip prio 1 u32 match u32 0 0 action mirred ingress redirect dev lo'
const loaded = {
  host: {
    tc: ['qdisc add dev eth0 clsact', FILTER],
    nft: ['add table ip lab', 'add rule ip lab out ip daddr 192.0.2.1 drop'],
  },
}
const AS_IT_SHOULD_BE: readonly (readonly [string, string])[] = [
  ['qdisc eth0 ffff:', 'clsact'],
  ['filter eth0 ingress', 'protocol ip pref 1 u32 5=0000 action mirred ingress redirect dev lo'],
  ['rules ip lab out', '0123456789ab'],
]
/** What is wrong where something is other than it should be; empty where it is not there. */
const fault = (...others: readonly (readonly [string, string])[]) =>
  wronglyLoaded('host', { loaded }, new Map([...AS_IT_SHOULD_BE, ...others]))

t.test('what is as it was loaded is nothing to speak of', async test => {
  test.equal(fault(), undefined)
  test.equal(wronglyLoaded('other', { loaded }, new Map()), undefined, 'a node without any')
})

t.test(
  'a filter, a discipline or a rule that is lost, other or there twice is named with its program',
  async test => {
    const filter = AS_IT_SHOULD_BE[1]?.[1] ?? ''
    test.match(
      fault(['filter eth0 ingress', filter.replace('dev lo', 'dev eth1')]),
      /^tc: device eth0 ingress in node host has not what 'filter add/,
    )
    test.match(fault(['filter eth0 ingress', filter.replace('ip', 'arp')]), /^tc: /)
    test.match(fault(['filter eth0 ingress', `${filter}; ${filter}`]), /^tc: .* has 2 filters, not 1$/)
    test.match(
      fault(['qdisc eth0 ffff:', 'ingress']),
      /^tc: device eth0 in node host has not what 'qdisc add dev eth0 clsact' adds$/,
    )
    test.match(fault(['rules ip lab out', '']), /^nft: chain ip lab out in node host has 0 rules, not 1$/)
    test.match(fault(['rules ip lab out', '01 23']), /^nft: .* has 2 rules, not 1$/)
  },
)
