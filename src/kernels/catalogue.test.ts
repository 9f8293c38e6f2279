import t from 'tap'
import { findInCatalogue } from './catalogue.js'
import { kernelError } from './kernels.fixture.js'

t.test('an unknown kernel name is answered with the nearest one', async t => {
  const error = await kernelError(t, 'unknown-kernel', () => findInCatalogue('debian:6.2'))
  t.match(error.remedy, /^did you mean 'debian:6\.1'\?/)
  t.equal(findInCatalogue('debian:bookworm').name, 'debian:6.1')
  t.ok('among' in findInCatalogue('debian:7'))
})
