import t from 'tap'
import { failure } from './build.fixture.js'
import { buildKernel } from './build-kernel.js'

t.test('a build', async t => {
  t.test('is refused a name that cannot be a file name', async t => {
    for (const name of ['', '../x', 'A b', 'x'.repeat(60)]) {
      t.match(await failure(buildKernel({ source: '/x', name })), { code: 'usage', exitCode: 2 })
    }
  })

  t.test('names a patch that is not there before anything else is done', async t => {
    const build = buildKernel({ source: 'debian:6.12', name: 'x', patches: ['/nowhere/x.patch'] })
    t.match(await failure(build), { code: 'usage', message: /\/nowhere\/x\.patch/ })
  })
})
