import { chmod, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { nwfilter } from './nwfilter.js'

t.test('libvirtd runs from a path that no AppArmor profile is attached to', test =>
  withDir(
    async ({ path }) => {
      await writeFile(join(path, 'libvirtd'), '#!/bin/sh\necho "$0 $LIBVIRT_DRIVER_DIR $1"\n')
      await chmod(join(path, 'libvirtd'), 0o755)
      const folder = join(path, 'own')
      const toggle = nwfilter({ node: 'compute', port: 'tap0', vm: { node: 'vm', device: 'eth0' } })
      const [step] = toggle.setUp?.({ folder, mac: () => '02:00:00:00:00:01' } as never) ?? []
      test.equal(step?.do, 'daemon')
      const [file = '', ...args] = step?.do === 'daemon' ? step.argv : []
      const { stdout } = await execa(file, args, {
        env: { PATH: [path, process.env.PATH].join(delimiter) },
      })
      test.equal(stdout, `${folder}/libvirtd ${folder}/drivers --config`)
    },
    { unsafeCleanup: true },
  ),
)
