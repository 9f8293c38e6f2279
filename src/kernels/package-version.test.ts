import t from 'tap'
import { comparePackageVersions } from './package-version.js'

t.test('versions are ordered as Debian orders them', t => {
  const ordered = [
    '5.10.9-1',
    '5.10.262-1',
    '6.12.95-1~bpo12+1',
    '6.12.95-1',
    '7.3~rc7-1~exp1',
    '7.3-1',
    '1:1-1',
  ]
  t.same([...ordered].reverse().sort(comparePackageVersions), ordered)
  t.equal(comparePackageVersions('6.1.192-2', '6.1.192-2'), 0)
  t.end()
})
