import t from 'tap'
import { CATALOGUE } from '../kernels/catalogue.js'
import { mmdebstrapArguments } from './build.js'
import { DistroError } from './error.js'
import { findRelease, RELEASES } from './releases.js'

t.test('a release is found by its number, its name, and however it is written', async test => {
  test.equal(findRelease('debian:13').suite, 'trixie')
  test.equal(findRelease('debian:Bullseye').name, 'debian:11')
  test.equal(findRelease('debian:unstable').suite, 'sid')
})

t.test('of one that there is not, the nearest is named, and what else there is', async test => {
  test.throws(() => findRelease('debian:boookworm'), {
    code: 'unknown-distro',
    exitCode: 2,
    remedy: /did you mean 'debian:bookworm'\? known: debian:11, .*--rootfs/,
  })
  test.throws(() => findRelease('ubuntu:24.04'), DistroError)
})

t.test('every release has a kernel that can be fetched', async test => {
  for (const { name, kernel } of RELEASES)
    test.ok(
      CATALOGUE.some(entry => entry.name === kernel),
      name,
    )
})

t.test('a root is made of signed packages alone, without root’s rights where there are none', async test => {
  const trixie = mmdebstrapArguments(findRelease('debian:13'), 'root.tar', true, { allowExpired: false })
  test.ok(trixie.includes('--mode=root'))
  test.match(
    trixie.find(word => word.startsWith('--include=')),
    /,linux-sysctl-defaults$/,
  )
  test.strictSame(trixie.slice(-4), [
    'root.tar',
    'deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main',
    'deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie-updates main',
    'deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian-security trixie-security main',
  ])
  const sid = mmdebstrapArguments(findRelease('debian:sid'), 'root.tar', false, { allowExpired: true })
  test.ok(sid.includes('--mode=unshare'))
  test.match(sid.at(-1), /signed-by=\S+ check-valid-until=no\] /)
  test.notOk([...trixie, ...sid].some(word => /trusted=yes|allow-unauthenticated/i.test(word)))
})
