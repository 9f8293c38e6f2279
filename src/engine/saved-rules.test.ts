import t from 'tap'
import type { Claim } from '../model/configuration.js'
import { savedChanges } from './saved-rules.js'

const claim: Claim = {
  node: 'host',
  table: 'nat',
  chain: 'POSTROUTING',
  rule: { position: 1, words: ['-s', '10.0.0.3', '-j', 'MASQUERADE', '--random-fully'] },
}
const changes = (persisted: 'nft' | 'iptables-save', text: string, refused?: string) =>
  savedChanges(
    { claims: [{ toggle: 't', setting: 's', claim }], persisted },
    { iptables: 'nft' },
    new Map([
      [
        persisted === 'nft' ? 'host nft' : 'host iptables',
        { text, ...(refused === undefined ? {} : { refused }) },
      ],
    ]),
  )

t.test('a rule is told of in the words that it was saved in, where these are others', async test => {
  const save = (words: string) => `*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING ${words}\nCOMMIT\n`
  test.same(changes('iptables-save', save('-s 10.0.0.3/32 -j MASQUERADE --random-fully')), [])
  test.match(changes('iptables-save', save('-s 10.0.0.3/32 -j MASQUERADE')), [
    { before: '-s 10.0.0.3/32 -j MASQUERADE --random-fully', after: '-s 10.0.0.3/32 -j MASQUERADE' },
  ])
  const listed =
    'table ip nat {\n\tchain POSTROUTING {\n\t\tip saddr 10.0.0.3 counter packets 1 bytes 2 masquerade\n\t}\n}\n'
  test.match(changes('nft', listed), [
    { what: 'rule 1 of nat POSTROUTING, as saved by nft', after: 'ip saddr 10.0.0.3 masquerade' },
  ])
})

t.test('a rule that was not saved, and rules that could not be loaded, are told of', async test => {
  const [gone, refused] = changes('nft', '', 'no such rule')
  test.notOk(gone && 'after' in gone)
  test.match(refused, { what: 'rules that could not be loaded by nft', after: 'no such rule' })
})
