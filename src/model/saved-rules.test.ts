import t from 'tap'
import type { Claim } from './configuration.js'
import { persistCommands, rulesOfFix, waysToPersist } from './saved-rules.js'

const claimed = (claim: Claim) => ({ toggle: 't', setting: 's', claim })
const rule = (words: string) =>
  claimed({ node: 'n', table: 'nat', chain: 'POSTROUTING', rule: { position: 1, words: words.split(' ') } })
const table = claimed({ node: 'n', nftTable: 'ip lab', rules: 2 })

t.test('the rules of a fix are those that it puts there, and not those that it takes away', async test => {
  const none = claimed({ node: 'n', table: 'nat', chain: 'POSTROUTING', rule: { not: [['-j', 'SNAT']] } })
  test.same(rulesOfFix([rule('-j SNAT'), rule('-j MASQUERADE')], [rule('-j SNAT')]), [rule('-j MASQUERADE')])
  test.same(rulesOfFix([none], [rule('-j SNAT')]), [])
  test.same(rulesOfFix([claimed({ node: 'n', what: 'sysctl net.ipv4.ip_forward', value: '1' })], []), [])
})

t.test('iptables-save keeps rules of iptables, nft those that it or iptables-nft made', async test => {
  test.same(waysToPersist([rule('-j SNAT')], 'nft'), ['iptables-save', 'nft'])
  test.same(waysToPersist([rule('-j SNAT')], 'legacy'), ['iptables-save'])
  test.same(waysToPersist([table], 'nft'), ['nft'])
  const other = claimed({
    node: 'n',
    set: 'otherIptables',
    table: 'filter',
    chain: 'FORWARD',
    policy: 'ACCEPT',
  })
  test.same(waysToPersist([other], 'nft'), ['iptables-save'])
  test.same(waysToPersist([other], 'legacy'), ['iptables-save', 'nft'])
  test.same(waysToPersist([], 'nft'), [])
})

t.test('rules that iptables-save printed are taken away table by table', async test => {
  const { flush } = persistCommands('iptables-save', { save: 'iptables-save', restore: 'iptables-restore' })
  test.same(flush('# made\n*nat\n:INPUT ACCEPT [0:0]\n-A INPUT -j ACCEPT\nCOMMIT\n*raw\nCOMMIT\n'), {
    argv: ['iptables-restore', '-w'],
    stdin: '*nat\nCOMMIT\n*raw\nCOMMIT\n',
  })
})
