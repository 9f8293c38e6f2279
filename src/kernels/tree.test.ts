import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { findTool } from '../base/tools.js'
import { bootImage, kernelError, withCache } from './kernels.fixture.js'
import { resolveKernel } from './resolve.js'

const noDepmod = findTool('depmod') ? false : 'depmod is not installed (package kmod)'
t.test(
  'a built kernel tree gives its own modules, or none when all is compiled in',
  { skip: noDepmod },
  async t => {
    await withCache(() =>
      withDir(
        async ({ path }) => {
          await kernelError(t, 'unknown-kernel', () => resolveKernel(path))
          await mkdir(join(path, 'arch/x86/boot'), { recursive: true })
          await writeFile(join(path, 'arch/x86/boot/bzImage'), bootImage('6.9.0-rc3+ (me@here) #1 SMP'))
          const whole = await resolveKernel(path)
          t.equal(whole.modulesDir, undefined)
          t.equal(whole.mainlineVersion, '6.9-rc3')

          await writeFile(join(path, 'modules.order'), 'net/x.o\n')
          const unbuilt = await kernelError(t, 'missing-modules', () => resolveKernel(path))
          t.match(unbuilt.remedy, /make modules/)
        },
        { unsafeCleanup: true },
      ),
    )
  },
)
