import t from 'tap'
import type { Report, TrialReport } from '../model/report.js'
import { reportOf, scenario, trial } from '../report/synthetic.fixture.js'
import {
  type Behind,
  type CellReports,
  compareEnds,
  movedByDefaults,
  movedScenarios,
  undecidedScenarios,
} from './assemble.js'
import { upgradeHtml } from './html.js'
import { stopsSomething, UPGRADE_SCHEMA, type UpgradeReport } from './report.js'
import { upgradeMarkdown, upgradeText } from './text.js'

const CHANGE = {
  commit: '751de2012eaf',
  title: 'netfilter: br_netfilter: skip conntrack input hook for promisc packets',
  since: '6.9',
  backports: ['6.1.88'],
  url: 'https://git.kernel.org/linus/751de2012eaf',
}
const works = (more: Partial<TrialReport> = {}) =>
  trial('confirmed', 'fixed', { outcome: 'works', says: 'it', ...more })
const fails = (more: Partial<TrialReport> = {}) =>
  trial('confirmed', 'fixed', {
    outcome: 'fails',
    expected: 'fails',
    mechanism: 'same-port-drop',
    says: 'it',
    ...more,
  })
const report = (...trials: readonly TrialReport[]): Report => reportOf([scenario('one', 'confirmed', trials)])

/** What is not said is as at the older end. */
const cells = (before: TrialReport, after: TrialReport, more: Partial<CellReports> = {}): CellReports => ({
  ends: { before: report(before), after: report(after) },
  kernel: report(before),
  running: { before: report(before), tools: report(before), after: report(before) },
  ...more,
})
const RP_FILTER = {
  sysctl: 'net.ipv4.conf.eth0.rp_filter',
  before: { sysctl: 'net.ipv4.conf.eth0.rp_filter', value: '1', file: '/etc/sysctl.d/99-hardening.conf' },
  after: { sysctl: 'net.ipv4.conf.eth0.rp_filter', value: '2', file: '/usr/lib/sysctl.d/50-default.conf' },
  advice: 'say net.ipv4.conf.*.rp_filter = 1, too',
}
const BEHIND: Behind = {
  packages: [
    { kind: 'package', what: 'iptables', before: '1.8.7-1', after: '1.8.9-2' },
    { kind: 'package', what: 'radvd', before: '1', after: '2' },
  ],
  packagesOf: () => ['iptables', 'nftables'],
  defaults: [RP_FILTER],
  sysctls: [],
}
const compare = (reports: CellReports, behind: Partial<Behind> = {}) =>
  compareEnds(reports, ['debian:11', 'debian:12'], { ...BEHIND, ...behind })

t.test('a fix that a kernel breaks is the kernel’s, with the commit that one of them has', async test => {
  const after = fails({ change: { ...CHANGE, has: true } })
  const reports = cells(works({ change: { ...CHANGE, has: false } }), after, { kernel: report(after) })
  test.same(movedScenarios(reports), ['one'])
  test.same(undecidedScenarios(reports), [])
  test.match(compare(reports).moved, [
    {
      cause: 'kernel',
      kind: 'fix-broke',
      stops: true,
      seen: 'own-kernels',
      change: { commit: '751de2012eaf' },
    },
  ])
  const both = fails({ change: { ...CHANGE, has: true } })
  const same = cells(works({ change: { ...CHANGE, has: true } }), both, { kernel: report(both) })
  test.notOk(compare(same).moved[0]?.change, 'a commit that both have is behind nothing')
})

t.test('what only the tools move names those packages that the scenario calls', async test => {
  const running = { before: report(works()), tools: report(fails()), after: report(fails()) }
  test.match(compare(cells(works(), fails(), { running })).moved, [
    { cause: 'tools', packages: [{ what: 'iptables', before: '1.8.7-1', after: '1.8.9-2' }] },
  ])
})

t.test('what only the defaults move names the sysctls that move it alone', async test => {
  const running = { before: report(works()), tools: report(works()), after: report(fails()) }
  const reports = cells(works(), fails(), { running })
  test.same(movedByDefaults(reports), ['one'])
  const other = { ...RP_FILTER, sysctl: 'net.ipv4.ping_group_range' }
  const { moved } = compare(reports, {
    defaults: [RP_FILTER, other],
    sysctls: [
      { changes: [RP_FILTER], report: report(fails()) },
      { changes: [other], report: report(works()) },
    ],
  })
  test.match(moved, [{ cause: 'defaults', sysctls: [{ sysctl: RP_FILTER.sysctl }] }])
  test.equal(moved[0]?.sysctls?.length, 1)
})

t.test('a fix whose rules do not outlive a boot was seen on the running kernel alone', async test => {
  const saved = { phase: 'persisted', persisted: 'nft' } as const
  const [before, after] = [report(works(), fails(saved)), report(works(), works(saved))]
  const reports: CellReports = {
    ends: { before: report(works()), after: report(works()) },
    kernel: undefined,
    running: { before, tools: after, after },
  }
  test.match(compare(reports).moved, [
    { cause: 'tools', seen: 'running-kernel', kind: 'fix-works', stops: false, persisted: 'nft' },
  ])
})

t.test(
  'what one end says nothing of is attributed to nothing, and told once for all of its trials',
  async test => {
    const broke = (probe: string) => trial('error', 'fixed', { probe, says: 'it' })
    const reports: CellReports = {
      ...cells(works(), works()),
      ends: {
        before: report(works(), works({ probe: 'second' })),
        after: report(broke('own-address-tcp'), broke('second')),
      },
    }
    const { moved, untold, compared } = compare(reports)
    test.same(moved, [])
    test.match(untold, [{ scenario: 'one', end: 'debian:12', trials: 2, why: /^error/ }])
    test.equal(compared, 1, 'on the running kernel')
    const flaky: CellReports = {
      ...reports,
      ends: { before: report(works(), fails()), after: report(works()) },
    }
    test.match(compare(flaky).untold, [{ why: /both ways/, end: 'debian:11' }])
  },
)

t.test('what the lab could not begin with, or broke without guests, is told, too', async test => {
  const slow: Report = {
    ...reportOf([{ ...scenario('one', 'error', []), reason: 'too slow: 130 times as long' }]),
  }
  const ends = { before: report(works()), after: slow }
  test.match(compare({ ...cells(works(), works()), ends }).untold, [
    { scenario: 'one', end: 'debian:12', why: 'error: too slow: 130 times as long', trials: 0 },
  ])
  const broke = report(trial('error', 'fixed', { says: 'it' }))
  const running = { before: report(works()), tools: undefined, after: broke }
  const alone = { ends: { before: undefined, after: undefined }, kernel: undefined, running }
  test.match(compare(alone).untold, [{ end: 'debian:12', why: /^error/, trials: 1 }])
})

t.test('the page says what stops, by what, and what of one’s own is lost, in each format', async test => {
  const running = { before: report(works()), tools: report(fails()), after: report(fails()) }
  const whole: UpgradeReport = {
    schema: UPGRADE_SCHEMA,
    before: { name: 'debian:11', version: '11.11', kernel: { release: '5.10.0-1', version: '5.10.262' } },
    after: { name: 'debian:12', version: '12.15', kernel: { release: '6.1.0-1', version: '6.1.192' } },
    started: '2026-11-28T00:00:00.000Z',
    elapsedMs: 1000,
    tools: BEHIND.packages,
    defaults: {
      changes: [RP_FILTER],
      reversePath: [
        { name: 'debian:11', mode: 'strict', dropped: true },
        { name: 'debian:12', mode: 'loose', dropped: false },
      ],
    },
    ...compare(cells(works(), fails(), { running })),
    cells: [{ name: 'debian:11', problem: '<script>', elapsedMs: 1 }],
  }
  test.equal(stopsSomething(whole), true)
  test.equal(stopsSomething({ ...whole, moved: [] }), true, 'a setting of one’s own that is lost')
  test.equal(stopsSomething({ ...whole, moved: [], defaults: { changes: [], reversePath: [] } }), false)
  const text = upgradeText(whole)
  test.match(text, /^debian:11 \(11\.11, Linux 5\.10\.262\) → debian:12/)
  test.match(text, /a fix that worked fails now[\s\S]*tools: iptables 1\.8\.7-1 → 1\.8\.9-2/)
  test.match(text, /reverse path filter: strict → loose[\s\S]*dropped on debian:11, taken on debian:12/)
  test.match(text, /1 thing stops working, and 1 of your own settings is lost/)
  test.match(text, /; 1 run gave no report\.\n$/)
  const again = { name: 'debian:11, try 2', again: 'debian:11', elapsedMs: 1 }
  test.notMatch(upgradeText({ ...whole, cells: [...whole.cells, again] }), /gave no report/)
  test.match(upgradeMarkdown(whole), /^# debian:11[\s\S]*\*\*tools: iptables/)
  const page = upgradeHtml(whole)
  test.notMatch(page, '<script>')
  test.match(page, /something stops[\s\S]*strict → loose/)
})
