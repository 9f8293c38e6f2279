/** A kernel of one's own build, judged in a bisection. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { findTool } from '../base/tools.js'
import { findBuilt } from '../kernels/build/built.js'
import { BISECT } from '../matrix/bisect.js'
import { reportSchema } from '../model/report.js'
import { lab } from './cli.fixture.js'

// Two guests by emulation, on a machine that others use, too.
t.setTimeout(400_000)

const MUTANT = 'revert-rp-filter-loopback'
const SCENARIO = 'rp-filter-loopback-redirect'

const images = await Promise.all(['unpatched', MUTANT].map(findBuilt))
const qemu = findTool('qemu-system-x86_64')
const cannotRun =
  qemu === undefined
    ? 'QEMU is not installed'
    : images.some(found => found.length !== 1) && 'the mutants are not built: npm run mutants'

t.test('a kernel that lab kernel build built', { skip: cannotRun, timeout: 300_000 }, async t => {
  const out = t.testdir({})
  const judged = (...args: readonly string[]) => lab(['matrix', '--bisect', '--out', out, ...args, SCENARIO])

  t.test('is good by its name, when it is as it must be', async t => {
    const { exitCode, stderr } = await judged('--kernel', 'unpatched')
    t.equal(exitCode, BISECT.good, stderr)
    t.match(stderr, /^bisect: good: rp-filter-loopback-redirect is changed/m)
    const written = reportSchema.parse(JSON.parse(await readFile(join(out, 'unpatched.json'), 'utf8')))
    t.match(written.kernel.release, /-lab-unpatched$/)
  })

  t.test('is bad by the path of its image, with the bug brought back', async t => {
    const { exitCode, stderr } = await judged('--kernel', images[1]?.[0] ?? '')
    t.equal(exitCode, BISECT.bad, stderr)
    t.match(stderr, /^bisect: bad: rp-filter-loopback-redirect is regressed: .*strict reverse path filter/m)
  })
})
