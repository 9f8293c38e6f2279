/** The short form of `npm run liars`: a few of them, on the real kernel. */
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'

const needsRoot = process.getuid?.() === 0 ? {} : { skip: 'it takes root' }
t.setTimeout(300_000)

/** Runs it; what tap has every process load is not for what runs in a world. */
function liars(...args: readonly string[]) {
  const script = fileURLToPath(new URL('run.js', import.meta.url))
  return execa('env', ['-u', 'NODE_OPTIONS', process.execPath, script, ...args], {
    reject: false,
    stdin: 'ignore',
    all: true,
  })
}

t.test('tools and evidence that lie to two scenarios are caught, all of them', needsRoot, async test => {
  const { all, exitCode } = await liars(
    'lan-dnat-without-snat',
    'nova-float-hairpin',
    '--sample',
    '12',
    '--verbose',
  )
  test.equal(exitCode, 0, all)
  test.match(all, /^named: lan-dnat-without-snat: .* iptables /m)
  test.match(all, /^named: nova-float-hairpin: .* sysctl /m)
  test.match(all, /^\d+ of \d+ caught \(100\.0 %\), in /m)
})

t.test('a sample that is no number is refused', needsRoot, async test => {
  const { all, exitCode } = await liars('--sample', 'some')
  test.equal(exitCode, 2)
  test.match(all, /--sample some is not a whole number/)
})
