import fc from 'fast-check'
import t from 'tap'
import { checkOrder, noise, runs } from '../base/property.fixture.js'
import { mainlineVersion, parseBanner } from '../model/version.js'
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

t.test('the versions of packages have a total order, as Debian’s policy has it', async test => {
  const part = fc.oneof(
    fc.constantFrom('~', '-', '+', ':', '.', '', 'rc', '0', '00', '\n'),
    fc.nat().map(String),
    noise,
  )
  const text = fc.oneof(
    fc.array(part, { maxLength: 6 }).map(parts => parts.join('')),
    fc.bigInt({ min: 0n }).map(number => `${number}${'9'.repeat(400)}`),
  )
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      checkOrder(comparePackageVersions, a, b, c)
      mainlineVersion(a)
      parseBanner(a)
    }),
    runs(1500),
  )
  test.ok(comparePackageVersions('7.3~rc7-1', '7.3-1') < 0)
  test.ok(
    comparePackageVersions('6.1.20240613123456789011', '6.1.20240613123456789012') < 0,
    'beyond what a double holds',
  )
})
