import t from 'tap'
import type { ReleaseRules } from '../distro/rules.js'
import { isNew, ruleLosses } from './own-rules.js'

const LOST = {
  rule: 'nat POSTROUTING -j MASQUERADE --random-fully',
  words: '--random-fully',
  saved: 'masquerade',
}
const OPPOSITE = {
  rule: 'filter INPUT -m conntrack ! --ctstate DNAT -j DROP',
  words: '! --ctstate',
  saved: 'drop',
}
const release = (more: Partial<ReleaseRules['ways'][number]>): ReleaseRules => ({
  name: 'debian:12',
  ways: [
    { by: 'iptables-save', lost: [] },
    { by: 'nft', lost: [], ...more },
  ],
})

t.test('what only the newer release loses is new, and comes first', async test => {
  const losses = ruleLosses(release({ lost: [OPPOSITE] }), release({ lost: [OPPOSITE, LOST] }))
  test.match(losses, [
    {
      what: /^saved by nft, --random-fully is lost: nat POSTROUTING/,
      as: 'saved as: masquerade',
      before: false,
    },
    { what: /! --ctstate/, before: true, after: true },
  ])
  test.same(losses.map(isNew), [true, false])
})

t.test('rules that one release refuses are told of', async test => {
  const refused = release({ refused: 'unsupported xtables compat expression' })
  test.match(ruleLosses(release({}), refused), [
    { what: 'saved by nft, none of them can be loaded again', as: /unsupported/, before: false, after: true },
  ])
  test.match(ruleLosses({ name: 'debian:11', refused: 'unknown option', ways: [] }, release({})), [
    { what: 'none of them can be loaded', before: true, after: false },
  ])
  test.same(ruleLosses(release({}), release({})), [])
})
