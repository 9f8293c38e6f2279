import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { withDir } from 'tmp-promise'
import { isNoSpace, readIfThere } from '../base/files.js'
import { cacheRoot, diskFull } from './cache.js'
import { KernelError } from './error.js'
import { indexModules, moduleName } from './modules.js'

/**
 * The modules of a built kernel tree as what would be `/lib/modules/RELEASE`; undefined where it has none. Does what
 * `make modules_install` would, with links into the tree instead of copies, and in the cache. Made anew each time: a tree
 * changes with every build. Throws KernelError `missing-modules` where they are not all built, or `disk-full`; LabError
 * (exit 69) without depmod.
 */
export async function linkModules(tree: string, release: string): Promise<string | undefined> {
  const order = await readFile(join(tree, 'modules.order'), 'utf8').catch(() => '')
  const files = order
    .split('\n')
    .filter(Boolean)
    // The list names objects since 6.2 and had a prefix before 5.3.
    .map(line => line.replace(/^kernel\//, '').replace(/\.o$/, '.ko'))
  if (files.length === 0) return undefined
  const missing = files.find(file => !existsSync(join(tree, file)))
  if (missing !== undefined) {
    throw new KernelError(
      'missing-modules',
      `${tree} lists the module ${moduleName(missing)} in modules.order and has no ${missing}`,
      'build the modules: make modules',
    )
  }
  const home = join(cacheRoot(), 'trees')
  const final = join(home, createHash('sha256').update(tree).digest('hex').slice(0, 16))
  try {
    await mkdir(home, { recursive: true })
    await withDir(
      async ({ path }) => {
        const root = join(path, 'root')
        await linkInto(join(root, 'lib/modules', release), tree, files)
        const remedy = 'build the tree again: make bzImage modules'
        await indexModules(root, release, tree, { code: 'missing-modules', remedy })
        await rm(final, { recursive: true, force: true })
        await rename(root, final)
      },
      { tmpdir: home, prefix: '.linking', unsafeCleanup: true },
    )
  } catch (error) {
    if (isNoSpace(error)) throw diskFull(home, `cannot link the modules of ${tree}`, error)
    throw error
  }
  return join(final, 'lib/modules', release)
}

async function linkInto(modules: string, tree: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const link = join(modules, 'kernel', file)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(tree, file), link)
  }
  await writeFile(join(modules, 'modules.order'), files.map(file => `kernel/${file}\n`).join(''))
  for (const name of ['modules.builtin', 'modules.builtin.modinfo']) {
    const bytes = await readIfThere(join(tree, name))
    if (bytes) await writeFile(join(modules, name), bytes)
  }
}
