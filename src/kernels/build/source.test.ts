import t from 'tap'
import { failure, TREE } from './build.fixture.js'
import { checkSource, findSource, sourceKey } from './source.js'

t.test('a source', async t => {
  t.test('by path is known by its Makefile', async t => {
    const tree = t.testdir(TREE)
    t.match(await findSource(tree, '/nowhere'), { tree, version: '6.12.117', packageVersion: undefined })
  })

  t.test('that is no kernel, or is not there, is refused by name', async t => {
    t.match(await failure(findSource(t.testdir({}), '/x')), { code: 'usage', message: /is no kernel source/ })
    t.match(await failure(findSource('/nowhere/linux', '/x')), {
      message: /no kernel source '\/nowhere\/linux'/,
    })
    t.match(await failure(checkSource('debian:sid')), { code: 'usage', message: /names no kernel series/ })
    t.match(await failure(checkSource('debian:9.9')), { code: 'usage', message: /debian:9\.9/ })
  })

  t.test('has a folder of its own in the cache', async t => {
    t.equal(await sourceKey('debian:6.12'), 'debian-6.12')
    const [one, other] = [await sourceKey('/a/linux'), await sourceKey('/b/linux')]
    t.match(one, /^linux-[0-9a-f]{8}$/)
    t.not(one, other)
  })
})
