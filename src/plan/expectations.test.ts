import t from 'tap'
import type { Expectation, Scenario } from '../model/scenario.js'
import { findExpectation } from './expectations.js'
import { definition, FILE, refusal } from './plan.fixture.js'
import { readScenario } from './read.js'

const { expect: _, ...scenario } = readScenario(definition('snat-port-race'), FILE)
const found = (list: readonly Expectation[], more: Partial<Parameters<typeof findExpectation>[3]>) => {
  const own: Scenario = { ...scenario, expect: { probe: list } }
  return findExpectation(own, 'probe', {}, { has: () => true, ...more })?.why
}

t.test('an expectation for rules that were saved counts for that way alone', async test => {
  const list: Expectation[] = [
    { outcome: 'fails', persisted: 'nft', why: 'lost' },
    { outcome: 'works', why: 'kept' },
  ]
  test.equal(found(list, { persisted: 'nft' }), 'lost')
  test.equal(found(list, { persisted: 'iptables-save' }), 'kept')
  test.equal(found(list, {}), 'kept')
})

t.test('an expectation keyed to a tool counts for its versions, number by number', async test => {
  const list: Expectation[] = [
    { outcome: 'fails', tools: { iptables: { before: '1.8.9' } }, why: 'older' },
    { outcome: 'works', tools: { iptables: { since: '1.8.9' } }, why: 'newer' },
  ]
  for (const [version, why] of [
    ['1.8.7', 'older'],
    ['1.8', 'older'],
    ['1.8.9', 'newer'],
    ['1.8.11', 'newer'],
    ['1.10', 'newer'],
    ['2', 'newer'],
  ] as const)
    test.equal(found(list, { tools: { iptables: version } }), why, version)
  test.equal(found(list, {}), 'newer', 'one that is not known is taken for the newest')
})

t.test('a tool that no expectation can be keyed to is refused', async test => {
  const own = definition('snat-port-race')
  const [first] = own.expect['single-client'] ?? []
  const wrong = { ...first, tools: { awk: { since: '1' } } }
  test.match(refusal({ ...own, expect: { ...own.expect, 'single-client': [wrong] } })?.message, /tools\.awk/)
})
