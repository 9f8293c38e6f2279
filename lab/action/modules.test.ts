/** Modules come and go in a file that stands in for /proc/modules, and a program that stands in for rmmod. */
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { loadedModules, unloadNew } from './modules.js'

/** Takes a module away that nobody uses, and one user from those that it used; refuses br_netfilter. */
const RMMOD = `#!/bin/bash
shift
for name; do
  [ "$name" != br_netfilter ] || continue
  used=$(awk -v name="$name" '$1 == name { print $4 }' "$FILE")
  sed -i "/^$name /d" "$FILE"
  for other in \${used//,/ }; do sed -i "s/^\\($other [0-9]*\\) 1 /\\1 0 /" "$FILE"; done
done
`

const line = (name: string, users: number, uses = '-') => `${name} 16384 ${users} ${uses} Live 0x0\n`

t.test('what came with a run goes again, what was there or is in use stays', async t => {
  await withDir(
    async ({ path }) => {
      const file = join(path, 'modules')
      const root = join(path, 'root')
      await writeFile(root, RMMOD.replaceAll('$FILE', file))
      await chmod(root, 0o755)
      await writeFile(file, line('ext4', 0))
      const before = await loadedModules(file)
      await writeFile(
        file,
        [
          line('ext4', 0),
          line('llc', 1),
          line('bridge', 0, 'llc,'),
          line('veth', 2),
          line('br_netfilter', 0),
        ].join(''),
      )
      // llc can go when bridge is gone.
      t.strictSame(await unloadNew(before, [root], file), ['veth', 'br_netfilter'])
      t.strictSame(
        (await loadedModules(file)).map(({ name }) => name),
        ['ext4', 'veth', 'br_netfilter'],
      )
    },
    { unsafeCleanup: true },
  )
})

t.test('a kernel without modules has none', async t => {
  t.strictSame(await loadedModules('/no/such/file'), [])
})
