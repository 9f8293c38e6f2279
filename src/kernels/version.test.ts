import fc from 'fast-check'
import t from 'tap'
import { checkOrder, noise, runs } from '../base/property.fixture.js'
import { compareVersions, mainlineOfPackage, parseBanner } from './version.js'

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
      checkOrder(compareVersions, a, b, c)
      mainlineOfPackage(a)
      parseBanner(a)
    }),
    runs(1500),
  )
  test.ok(compareVersions('7.3~rc7-1', '7.3-1') < 0)
  test.ok(
    compareVersions('6.1.20240613123456789011', '6.1.20240613123456789012') < 0,
    'beyond what a double holds',
  )
})
