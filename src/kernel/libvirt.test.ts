import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { libvirtDriver } from './libvirt.js'

t.test('libvirt’s driver is found where Debian has it, and where Fedora does', async test => {
  for (const lib of ['usr/lib/x86_64-linux-gnu', 'usr/lib64'])
    await withDir(
      async ({ path }) => {
        const folder = join(path, lib, 'libvirt/connection-driver')
        await mkdir(folder, { recursive: true })
        test.equal(libvirtDriver('nwfilter', path), undefined)
        await writeFile(join(folder, 'libvirt_driver_nwfilter.so'), '')
        test.equal(libvirtDriver('nwfilter', path), join(folder, 'libvirt_driver_nwfilter.so'))
      },
      { unsafeCleanup: true },
    )
})
