import t from 'tap'
import { mainlineVersion, parseBanner } from './version.js'

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
