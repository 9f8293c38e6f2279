import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { installedPackages, packagesDigest } from './dpkg.js'

const STATUS = `Package: nftables
Status: install ok installed
Version: 0.9.8-3.1+deb11u2
Description: Program to control packet filtering rules
 Version: 7 is no field of it

Package: radvd
Status: deinstall ok config-files
Version: 1:2.18-3

Package: iproute2
Status: hold ok installed
Version: 5.10.0-4
`

t.test('a root’s packages are those that dpkg says are installed', async test => {
  await withDir(
    async ({ path }) => {
      test.strictSame(installedPackages(path), new Map(), 'without a list there are none')
      await mkdir(join(path, 'var/lib/dpkg'), { recursive: true })
      await writeFile(join(path, 'var/lib/dpkg/status'), STATUS)
      test.strictSame(
        [...installedPackages(path)],
        [
          ['iproute2', '5.10.0-4'],
          ['nftables', '0.9.8-3.1+deb11u2'],
        ],
      )
    },
    { unsafeCleanup: true },
  )
})

t.test('the digest tells versions apart, and not the order of a list', async test => {
  const one = packagesDigest(
    new Map([
      ['b', '1'],
      ['a', '2'],
    ]),
  )
  test.match(one, /^[0-9a-f]{64}$/)
  test.equal(
    one,
    packagesDigest(
      new Map([
        ['a', '2'],
        ['b', '1'],
      ]),
    ),
  )
  test.not(
    one,
    packagesDigest(
      new Map([
        ['a', '1'],
        ['b', '1'],
      ]),
    ),
  )
})
