import t from 'tap'
import { withDir } from 'tmp-promise'
import { describeError } from '../base/errors.js'
import { cacheRoot, requireSpace } from './cache.js'
import { kernelError } from './kernels.fixture.js'

t.test('a disk without room is found before the download', async t => {
  await withDir(async ({ path }) => {
    const error = await kernelError(t, 'disk-full', () => requireSpace(path, 2 ** 60, 'debian:6.1'))
    t.match(describeError(error), /^debian:6\.1 needs \d+ MiB in .* are free\n {2}→ .*XDG_CACHE_HOME/)
  })
})

t.test('the cache is where the XDG specification says', t => {
  t.equal(cacheRoot({ XDG_CACHE_HOME: '/x' }), '/x/netns-lab')
  t.match(cacheRoot({ XDG_CACHE_HOME: 'relative' }), /\/\.cache\/netns-lab$/)
  t.end()
})
