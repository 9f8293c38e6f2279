import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { bootImage, kernelError, moduleFile } from './kernels.fixture.js'
import { resolveKernel } from './resolve.js'

t.test('a bare image is paired with its modules, however the folder is given', async t => {
  await withDir(
    async ({ path }) => {
      const image = join(path, 'bzImage')
      const modules = join(path, 'lib/modules/6.1.0-56-amd64')
      await mkdir(modules, { recursive: true })
      await writeFile(image, bootImage())
      await kernelError(t, 'missing-modules', () => resolveKernel(image, { modulesDir: modules }))
      await writeFile(join(modules, 'x.ko'), moduleFile('6.1.0-56-amd64'))
      await writeFile(join(modules, 'modules.dep'), 'x.ko:\n')
      for (const modulesDir of [path, join(path, 'lib/modules'), modules]) {
        t.equal((await resolveKernel(image, { modulesDir })).modulesDir, modules)
      }
      await symlink(modules, join(path, 'renamed'))
      t.equal((await resolveKernel(image, { modulesDir: join(path, 'renamed') })).modulesDir, modules)
      await kernelError(t, 'missing-modules', () => resolveKernel(image, { modulesDir: join(path, 'none') }))

      await writeFile(join(modules, 'x.ko'), moduleFile('6.1.0-55-amd64'))
      const error = await kernelError(t, 'release-mismatch', () =>
        resolveKernel(image, { modulesDir: modules }),
      )
      t.match(error.message, /are for 6\.1\.0-55-amd64, and .*bzImage is 6\.1\.0-56-amd64/)
    },
    { unsafeCleanup: true },
  )
})
