import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { placeIn } from './root.js'

t.test('a path of the machine has its place in a root by the root’s own links', async test => {
  await withDir(
    async ({ path: root }) => {
      await mkdir(join(root, 'usr/lib'), { recursive: true })
      await symlink('usr/lib', join(root, 'lib'))
      await symlink('/lib/deep', join(root, 'usr/lib/x'))
      await symlink('../../../usr', join(root, 'usr/lib/up'))
      await symlink('loop', join(root, 'loop'))
      test.equal(placeIn(root, '/lib/x86_64-linux-gnu/libc.so.6'), 'usr/lib/x86_64-linux-gnu/libc.so.6')
      test.equal(placeIn(root, '/usr/lib/x/file'), 'usr/lib/deep/file')
      test.equal(placeIn(root, '/usr/lib/up/lib'), 'usr/lib', 'nothing is above it')
      test.equal(placeIn(root, '/home/me/lab'), 'home/me/lab', 'what it does not have')
      test.throws(() => placeIn(root, '/loop/x'), /leads nowhere/)
    },
    { unsafeCleanup: true },
  )
})
