import fc from 'fast-check'
import t from 'tap'
import { checkOrder, noise, runs } from '../base/property.fixture.js'
import { version } from './version.fixture.js'
import {
  compareKernelVersions,
  formatKernelVersion,
  type KernelVersion,
  mainlineVersion,
  parseBanner,
  parseKernelVersion,
  upstreamVersion,
} from './version.js'

const BANNER = '6.1.0-56-amd64 (debian-kernel@lists.debian.org) #1 SMP Debian 6.1.192-2 (2026-11-16)'

t.test('a Debian package version gives the kernel.org version that it was made from', t => {
  t.equal(mainlineVersion('6.1.192-2'), '6.1.192')
  t.equal(mainlineVersion('5.10.262-1'), '5.10.262')
  t.equal(mainlineVersion('6.12.95-1~bpo12+1'), '6.12.95')
  t.equal(mainlineVersion('7.3~rc7-1~exp1'), '7.3-rc7')
  t.equal(mainlineVersion('6.1.180-1~deb11u1'), '6.1.180')
  t.end()
})

t.test('a release gives the kernel.org version of a kernel that no distribution packaged', t => {
  t.equal(mainlineVersion('6.9.0-rc3+'), '6.9-rc3')
  t.equal(mainlineVersion('6.18.44-fc-v657'), '6.18.44')
  t.equal(mainlineVersion('7.0'), '7.0')
  t.end()
})

t.test('a version banner says the package where the release hides the stable version', t => {
  t.same(parseBanner(BANNER), {
    release: '6.1.0-56-amd64',
    packageVersion: '6.1.192-2',
    mainlineVersion: '6.1.192',
  })
  t.equal(
    parseBanner('Linux version 6.9.0-rc3+ (me@here) (gcc 13) #5 SMP Mon May 6 10:00:00 UTC 2026\n')
      .mainlineVersion,
    '6.9-rc3',
  )
  t.end()
})

t.test('the upstream version is read from where each distribution puts it', async test => {
  test.equal(
    upstreamVersion('6.1.0-44-amd64', 'Linux version 6.1.0-44-amd64 … #1 SMP Debian 6.1.176-1 (2026-05-01)'),
    '6.1.176',
  )
  test.equal(
    upstreamVersion('6.8.0-31-generic', 'Linux version …', 'Ubuntu 6.8.0-31.31-generic 6.8.1'),
    '6.8.1',
  )
  test.equal(upstreamVersion('6.18.44-fc-v657', ''), '6.18.44')
  test.equal(upstreamVersion('7.3-rc7-amd64', 'Debian 7.3~rc7-1~exp1'), '7.3-rc7')
})

t.test('a release candidate is older than its release', async test => {
  test.ok(compareKernelVersions(version('7.3-rc7'), version('7.3')) < 0)
  test.ok(compareKernelVersions(version('7.3-rc7'), version('7.2.13')) > 0)
  test.equal(compareKernelVersions(version('6.1'), version('6.1.0')), 0)
})

t.test('any text is a version that sorts, or none', async test => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      const [left, right] = [parseKernelVersion(a), parseKernelVersion(b)]
      if (left && right)
        test.equal(
          Math.sign(compareKernelVersions(left, right)) + Math.sign(compareKernelVersions(right, left)),
          0,
        )
    }),
    runs(100),
  )
})

/** What `uname -r` says where, and the version that is in it. */
const RELEASES: readonly (readonly [string, string])[] = [
  ['6.1.0-44-amd64', '6.1.0'],
  ['5.10.0-35-cloud-amd64', '5.10.0'],
  ['6.8.0-31-generic', '6.8.0'],
  ['4.18.0-553.el8_10.x86_64', '4.18.0'],
  ['5.14.0-427.13.1.el9_4.x86_64', '5.14.0'],
  ['6.8.9-300.fc40.x86_64', '6.8.9'],
  ['6.10.0-0.rc3.20240613git2ccbdf43d5e7.33.fc41.x86_64', '6.10-rc3'],
  ['6.12.1-arch1-1', '6.12.1'],
  ['6.12.1-zen1-1-zen', '6.12.1'],
  ['5.10.110-android12-9-00001-g1a2b3c4d-ab8848214', '5.10.110'],
  ['5.15.153.1-microsoft-standard-WSL2', '5.15.153'],
  ['6.6.30-0-lts', '6.6.30'],
  ['6.4.0-150600.23.25-default', '6.4.0'],
  ['6.1.21-v8+', '6.1.21'],
  ['5.15.0-1061-aws', '5.15.0'],
  ['4.14.336-253.554.amzn2.x86_64', '4.14.336'],
  ['7.3-rc7', '7.3-rc7'],
  ['7.3~rc7-1~exp1', '7.3-rc7'],
]

const versions = fc.record<KernelVersion>(
  {
    major: fc.integer({ min: 0, max: 30 }),
    minor: fc.integer({ min: 0, max: 30 }),
    patch: fc.nat(400),
    rc: fc.nat(12),
  },
  { requiredKeys: ['major', 'minor', 'patch'] },
)

t.test('the version is read from the release of any distribution, whatever follows it', async test => {
  for (const [release, expected] of RELEASES) {
    const read = parseKernelVersion(release)
    test.equal(read && formatKernelVersion(read), expected, release)
  }
  fc.assert(
    fc.property(
      fc.constantFrom(...RELEASES),
      fc.stringMatching(/^[-+_ a-z][ -~]*$/),
      ([release, expected], rest) => {
        const read = parseKernelVersion(`${release}${rest}`)
        if (!read || (formatKernelVersion(read) !== expected && !/rc/.test(rest)))
          throw new Error('read otherwise')
      },
    ),
    runs(300),
  )
})

t.test('any text is a kernel version or none, and a version is written as it is read', async test => {
  fc.assert(
    fc.property(noise, fc.nat(), noise, versions, (a, number, b, given) => {
      parseKernelVersion(a)
      upstreamVersion(a, b, a + b)
      upstreamVersion(`${number}.${a}`, `Linux version ${b} Debian ${a}`, `Ubuntu ${a} ${b}`)
      const again = parseKernelVersion(formatKernelVersion(given))
      if (!again || compareKernelVersions(again, given) !== 0) throw new Error(formatKernelVersion(given))
    }),
    runs(800),
  )
  test.equal(
    parseKernelVersion('6.1.12345678901234567890'),
    undefined,
    'a number that nobody counts to is none',
  )
})

t.test('kernel versions have a total order', async test => {
  fc.assert(
    fc.property(versions, versions, versions, (a, b, c) => {
      checkOrder(compareKernelVersions, a, b, c)
      checkOrder(compareKernelVersions, a, { ...a, patch: b.patch }, { ...a, patch: c.patch })
    }),
    runs(800),
  )
  test.pass('total')
})
