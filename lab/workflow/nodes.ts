/** Node.js by its major version, with the npm that comes with it, from the npm registry: what setup-node brings elsewhere. */
import { mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { withDir } from 'tmp-promise'
import { EXIT, LabError } from '../../src/base/errors.js'
import { lastLines } from '../../src/base/text.js'
import { cacheRoot } from '../../src/kernels/cache.js'

/** Those that the lab is run and tested on, with the major version of the npm that each comes with. */
const NPM: Readonly<Record<string, number>> = { 20: 10, 22: 10, 24: 11 }

export const NODE_VERSIONS: readonly string[] = Object.keys(NPM)

/**
 * The folder with a Node.js, its `bin` in it; kept in the lab's cache. Throws LabError for a version that the lab is not tested
 * on, and where npm cannot bring it.
 */
export async function nodeRelease(version: string): Promise<string> {
  const npm = NPM[version]
  if (npm === undefined)
    throw new LabError(
      `Node.js '${version}' is none of ${NODE_VERSIONS.join(', ')}`,
      'lab/workflow/nodes.ts has those that the lab is tested on',
      EXIT.usage,
    )
  const home = join(cacheRoot(), 'node')
  const folder = join(home, version)
  if (await stat(folder).catch(() => undefined)) return folder
  await mkdir(home, { recursive: true })
  // Beside its final place, so that the rename at the end is atomic.
  await withDir(
    async ({ path }) => {
      const prefix = join(path, version)
      const packages = [`node-linux-${process.arch}@${version}`, `npm@${npm}`]
      const options = ['--no-audit', '--no-fund', '--loglevel=error', '--prefix', prefix]
      const { failed, all } = await execa('npm', ['install', '--global', ...options, ...packages], {
        stdin: 'ignore',
        reject: false,
        all: true,
      })
      if (failed)
        throw new LabError(
          `npm could not bring Node.js ${version}: ${lastLines(all, 5)}`,
          'check the network',
        )
      // Another one may have been quicker.
      await rename(prefix, folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
      })
    },
    { tmpdir: home, prefix: '.fetching', unsafeCleanup: true },
  )
  return folder
}
