import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { collectPreload } from './preload.js'

t.test('of another root, the usual programs are taken from where its links lead to', async test => {
  await withDir(
    async ({ path: root }) => {
      for (const folder of ['usr/sbin', 'usr/bin', 'etc/iproute2', 'opt'])
        await mkdir(join(root, folder), { recursive: true })
      await symlink('usr/sbin', join(root, 'sbin'))
      await symlink('/opt/ip', join(root, 'usr/sbin/ip'))
      await writeFile(join(root, 'opt/ip'), '#!/bin/sh\n', { mode: 0o755 })
      await writeFile(join(root, 'etc/iproute2/rt_tables'), '255 local\n')
      const entries = await collectPreload([], root)
      const own = entries.filter(({ path, kind }) => path.startsWith(root) && kind !== 'folder')
      test.match(
        own.map(({ path, kind }) => [path.slice(root.length), kind]),
        [
          ['/etc/iproute2/rt_tables', 'file'],
          ['/opt/ip', 'file'],
        ],
      )
      test.ok(
        entries.some(({ path }) => path.startsWith('/usr/')),
        'and this machine’s, which begin a guest',
      )
    },
    { unsafeCleanup: true },
  )
})
