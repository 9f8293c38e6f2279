import t from 'tap'
import { type Report, reportSchema } from '../model/report.js'
import { diffReports } from './diff.js'
import { diffMarkdown, diffText } from './diff-text.js'
import { machineDiff, machineLines } from './machine-diff.js'

function report(machine: Partial<Report['machine']>): Report {
  return reportSchema.parse({
    schema: 'netns-lab.report/2',
    kernel: { release: '6.18.44', version: '6.18.44' },
    machine: { cpus: 1, privilege: 'root', distribution: 'Debian', slowness: 1, tools: {}, ...machine },
    started: '2026-11-21T00:00:00Z',
    elapsedMs: 1,
    summary: { error: 0, regressed: 0, 'unexpected-pass': 0, flaky: 0, skipped: 0, changed: 0, confirmed: 0 },
    unavailable: [],
    scenarios: [],
  })
}

const bookworm = report({
  tools: { ip: 'ip utility, iproute2-6.1.0' },
  userland: { id: 'debian:12', version: '12.15', packages: { iproute2: '6.1.0-3', radvd: '1:2.19-1' } },
})
const trixie = report({
  tools: { ip: 'ip utility, iproute2-6.15.0' },
  userland: {
    ...{ id: 'debian:13', version: '13.7' },
    packages: { iproute2: '6.15.0-1', radvd: '1:2.19-1', 'linux-sysctl-defaults': '4.12.1' },
  },
  defaults: [
    { sysctl: 'net.ipv4.conf.eth0.rp_filter', value: '2', file: '/usr/lib/sysctl.d/50-default.conf' },
  ],
})

t.test(
  'the distribution, the packages that differ and the defaults are told, each with both ends',
  async test => {
    test.strictSame(machineLines(machineDiff(bookworm, trixie)), [
      'distribution debian:12 (12.15) → debian:13 (13.7)',
      'tools: iproute2 6.1.0-3 → 6.15.0-1, linux-sysctl-defaults none → 4.12.1',
      'default: net.ipv4.conf.eth0.rp_filter not set → 2 (/usr/lib/sysctl.d/50-default.conf)',
    ])
    test.strictSame(machineDiff(trixie, trixie), [])
    test.match(
      diffText(diffReports(bookworm, trixie)),
      /^6\.18\.44 → 6\.18\.44\ndistribution debian:12 .*\ntools: /,
    )
    test.match(diffMarkdown(diffReports(bookworm, trixie)), /^- tools: iproute2 6\.1\.0-3 → 6\.15\.0-1/m)
  },
)

t.test('where a report does not know packages, what the tools say of themselves counts', async test => {
  const old = report({ tools: { ip: 'ip utility, iproute2-6.1.0' } })
  test.strictSame(
    machineDiff(old, trixie).filter(({ kind }) => kind !== 'default'),
    [
      {
        ...{ kind: 'tool', what: 'ip' },
        ...{ before: 'ip utility, iproute2-6.1.0', after: 'ip utility, iproute2-6.15.0' },
      },
    ],
  )
})
