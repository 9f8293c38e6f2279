import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import { reports } from './arbitrary.fixture.js'
import { recorded, reportOf, scenario, trial } from './synthetic.fixture.js'
import { causesOf, describeCause, runNames, titledTrials, trialNotes, uniqueNames } from './words.js'

t.test('a name that is given again gets a number, which no other name has', async test => {
  const unique = uniqueNames()
  test.same(['a', 'b', 'a', 'a', 'a no. 2', 'b'].map(unique), [
    'a',
    'b',
    'a no. 2',
    'a no. 3',
    'a no. 2 no. 2',
    'b no. 2',
  ])
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'a no. 2', 'a no. 3', 'b')), names => {
      const given = names.map(uniqueNames())
      if (new Set(given).size !== names.length) throw new Error(JSON.stringify(given))
    }),
    runs(200),
  )
})

t.test(
  'a way of iptables that nothing was tried with is named, and single trials that were skipped are counted',
  async test => {
    const skipped = (iptables: 'nft' | 'legacy') => trial('skipped', 'fixed', { iptables })
    const nft = trial('confirmed', 'fixed', { iptables: 'nft' })
    test.same(trialNotes(scenario('some', 'confirmed', [nft, skipped('legacy'), skipped('nft')])), [
      '1 skipped',
      'nothing with iptables-legacy',
    ])
    test.same(trialNotes(scenario('some', 'skipped', [skipped('legacy'), skipped('nft')])), ['2 skipped'])
    test.same(trialNotes(scenario('some', 'confirmed', [nft])), [])
  },
)

t.test(
  'several runs are called by kernel, by distribution where they have several, and by number where nothing else differs',
  async test => {
    const run = (version: string, id?: string) => {
      const userland = { id: id ?? '', version: '1', packages: {} }
      return {
        kernel: { release: version, version },
        machine: { ...recorded.machine, userland: id === undefined ? undefined : userland },
      }
    }
    test.same(runNames([run('5.10.1'), run('6.1.2')]), ['5.10.1', '6.1.2'])
    test.same(runNames([run('6.1.2', 'debian:12'), run('6.1.2', 'debian:13')]), [
      '6.1.2 with debian:12',
      '6.1.2 with debian:13',
    ])
    const same = [run('6.1.2', 'debian:12'), run('6.1.2', 'debian:12')]
    test.same(new Set(runNames(same)).size, 2)
  },
)

t.test('no two trials of any scenario have the same title, and each title is one line', async test => {
  fc.assert(
    fc.property(reports, ({ scenarios }) => {
      for (const one of scenarios) {
        const titles = titledTrials(one).map(({ title }) => title)
        if (new Set(titles).size !== titles.length) throw new Error(JSON.stringify(titles))
        if (titles.some(title => /[\n\r]/.test(title))) throw new Error(JSON.stringify(titles))
      }
    }),
    runs(100),
  )
  test.pass('unique')
})

t.test('a trial’s title says its phase, its fix, and what else tells it from others', async test => {
  const fix = { accept_local: 'all=1' }
  const of = (more: Parameters<typeof trial>[2]) =>
    titledTrials(scenario('one', 'confirmed', [trial('confirmed', 'fixed', more)]))[0]?.title
  test.equal(of({}), 'fixed own-address-tcp [an experiment]')
  test.equal(of({ fix }), 'fixed own-address-tcp (accept_local all=1) [an experiment]')
  test.equal(
    of({ fix, phase: 'reverted', iptables: 'legacy', repetition: 2 }),
    'reverted own-address-tcp (after accept_local all=1, iptables legacy, repetition 2) [an experiment]',
  )
})

t.test(
  'the cause of a failure is told in the clearest words that were seen, once for all probes',
  async test => {
    const [bounce] = recorded.scenarios.filter(({ id }) => id === 'bridge-dnat-bounce')
    const causes = bounce ? causesOf(bounce) : []
    test.match(
      causes.map(({ id, node, probes }) => ({ id, node, probes })),
      [
        { id: 'same-port-drop', node: 'host', probes: ['own-address-tcp'] },
        { id: 'promiscuous-copy-untracked', node: 'web', probes: ['own-address-tcp'] },
      ],
    )
    for (const cause of causes) {
      test.match(describeCause(cause), cause.mechanism?.title)
      test.match(describeCause(cause), cause.says)
      test.match(describeCause(cause), 'document')
    }
    const told = (says: string, clarity: number, probe: string) =>
      trial('confirmed', 'broken', {
        probe,
        outcome: 'fails',
        mechanism: 'm',
        cause: { node: 'vm', ...(clarity === 1 ? { device: 'eth0' } : {}), says, clarity },
      })
    const { scenarios } = reportOf([
      scenario('one', 'confirmed', [
        told('a counter', 5, 'ping'),
        told('the log', 1, 'tcp'),
        told('a drop', 2, 'udp'),
      ]),
    ])
    test.match(scenarios.map(causesOf), [
      [{ id: 'm', node: 'vm', device: 'eth0', says: 'the log', probes: ['ping', 'tcp', 'udp'] }],
    ])
  },
)
