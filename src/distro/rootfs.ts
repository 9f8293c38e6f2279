/** Any other root: a folder, an archive or a squashfs that the user has. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, readdir, rename, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { withDir } from 'tmp-promise'
import { cacheRoot } from '../kernels/cache.js'
import { DistroError } from './error.js'
import { imageKind, unpackRoot } from './unpack.js'

/**
 * The folder of a root that the user gave: itself, or what its file was unpacked to, once, in the cache. Throws DistroError
 * `bad-root` where it is no root, and what unpacking throws.
 */
export async function resolveRootfs(given: string): Promise<string> {
  const path = resolve(given)
  const status = await stat(path).catch(() => undefined)
  if (status === undefined) throw refuse(given, 'there is no such file or folder')
  if (status.isDirectory()) return checked(given, path)
  const kind = await imageKind(path)
  if (kind === undefined)
    throw refuse(given, 'it is neither a folder, nor a tar archive (also of gzip or zstd), nor a squashfs')
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  const home = join(cacheRoot(), 'distros', 'rootfs')
  const final = join(home, hash.digest('hex').slice(0, 32))
  if (existsSync(final)) return checked(given, final)
  await mkdir(home, { recursive: true, mode: 0o700 })
  await withDir(
    async ({ path: scratch }) => {
      const folder = join(scratch, 'root')
      await mkdir(folder, { mode: 0o755 })
      await unpackRoot(path, kind, folder)
      await checked(given, folder)
      await rename(folder, final)
    },
    { tmpdir: home, prefix: '.unpacking', unsafeCleanup: true },
  )
  return final
}

/** A root has programs and settings. Throws DistroError `bad-root`. */
async function checked(given: string, folder: string): Promise<string> {
  const names: string[] = await readdir(folder).catch(() => [])
  const lacks = ['etc', 'usr'].filter(folder => !names.includes(folder))
  if (lacks.length > 0) throw refuse(given, `it has no /${lacks.join(' and no /')}`)
  return folder
}

function refuse(given: string, why: string): DistroError {
  return new DistroError(
    'bad-root',
    `${given} is no root of a distribution: ${why}`,
    'give the folder that is its /, or what tar (docker export, mmdebstrap) or mksquashfs made of it',
  )
}
