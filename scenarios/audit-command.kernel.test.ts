import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { hostState, stateChanges } from '../bench/snapshot.js'
import { projectRoot } from '../src/base/root.js'
import type { AuditReport } from '../src/model/audit.js'

t.setTimeout(300_000)

const MAIN = join(projectRoot(), 'dist/src/cli/main.js')
const notRoot = process.getuid?.() === 0 ? false : 'it takes root'
/** A process that may do no more than an ordinary user's. */
const ORDINARY = ['setpriv', '--bounding-set=-all', '--inh-caps=-all']

t.test('the machine is as before', { skip: notRoot }, async test => {
  const before = await hostState()
  const { stdout, exitCode } = await execa(process.execPath, [MAIN, 'audit', '--json'], { reject: false })
  test.ok(exitCode === 0 || exitCode === 1, String(exitCode))
  const report = JSON.parse(stdout) as AuditReport
  test.ok(report.netns.includes('this'))
  test.ok(report.findings.length > 0)
  test.same(stateChanges(before, await hostState()), [])
})

t.test(
  'an ordinary user is told what could not be read, and gets no guess',
  { skip: notRoot },
  async test => {
    const { stdout, stderr } = await execa(
      ORDINARY[0] ?? '',
      [...ORDINARY.slice(1), process.execPath, MAIN, 'audit', '--netns', 'this', '--json'],
      { reject: false },
    )
    test.ok(stdout.startsWith('{'), stderr)
    const { findings, unread } = JSON.parse(stdout) as AuditReport
    test.ok(
      unread.some(({ what }) => /iptables-nft-save|nft/.test(what)),
      JSON.stringify(unread),
    )
    test.equal(
      findings.find(({ scenario }) => scenario === 'accept-does-not-override')?.finding,
      'cannot tell',
    )
  },
)

t.test('a namespace that there is not is named, with those that there are', async test => {
  const { stderr, exitCode } = await execa(process.execPath, [MAIN, 'audit', '--netns', 'thos'], {
    reject: false,
  })
  test.equal(exitCode, 2)
  test.match(stderr, /unknown namespace 'thos'.*\n.*this/)
})

t.test('what it is to be held against must be something', async test => {
  const { stderr, exitCode } = await execa(process.execPath, [MAIN, 'audit', '--for', 'nonsense'], {
    reject: false,
  })
  test.equal(exitCode, 2)
  test.match(stderr, /neither a kernel's version, nor a release, nor a report/)
})
