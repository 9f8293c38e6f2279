import t from 'tap'
import { defaultName, isKernelName } from './name.js'

t.test('a built kernel without a name is called after its source and its patches', async t => {
  t.equal(await defaultName('debian:6.12', []), 'debian-6.12')
  t.equal(
    await defaultName('debian:6.12', ['a/no-fix.patch', '0001-Foo_bar.diff']),
    'debian-6.12-no-fix-0001-foo-bar',
  )
  t.equal(await defaultName('/src/Linux_Stable', []), 'linux-stable')
  const patches = Array.from({ length: 9 }, (_, index) => `a-patch-${index}.patch`)
  const long = await defaultName('debian:6.12', patches)
  t.ok(isKernelName(long), long)
  t.not(long, await defaultName('debian:6.12', patches.slice(1)))
  t.equal(await defaultName('/src/...', []), 'lab')
})
