/** What the tests of kernels, and of what boots them, are made of. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { withDir } from 'tmp-promise'
import { KernelError, type KernelErrorCode } from './error.js'

/** The banner of a kernel of Debian's. */
const BANNER = '6.1.0-56-amd64 (debian-kernel@lists.debian.org) #1 SMP Debian 6.1.192-2 (2026-11-16)'

/** A boot image with a header, and nothing but this packed kernel in it. */
export function bootImage(banner = BANNER, payload = Buffer.alloc(0)): Buffer {
  const image = Buffer.alloc(0x400 + Math.max(0x400, Math.ceil(payload.length / 16) * 16))
  image.writeUInt8(1, 0x1f1)
  image.writeUInt32LE((image.length - 0x400) / 16, 0x1f4)
  image.write('HdrS', 0x202, 'latin1')
  image.writeUInt16LE(0x20f, 0x206)
  image.writeUInt16LE(0x100, 0x20e)
  image.writeUInt16LE(1, 0x236)
  image.writeUInt32LE(0, 0x248)
  image.writeUInt32LE(payload.length, 0x24c)
  image.write(`${banner}\0`, 0x300, 'latin1')
  payload.copy(image, 0x400)
  return image
}

/** A module file, as far as its release goes. */
export function moduleFile(release: string): Buffer {
  return Buffer.from(`\x7fELF\0license=GPL\0vermagic=${release} SMP mod_unload \0`, 'latin1')
}

/** Puts files into a folder, and the folders that they lie in; resolves with the folder. */
export async function put(folder: string, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  for (const [name, data] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), data)
  }
  return folder
}

/** The KernelError that something throws or rejects with; its code is asserted. Throws what else it throws. */
export async function kernelError(
  test: Pick<Test, 'equal'>,
  code: KernelErrorCode,
  work: () => unknown,
): Promise<KernelError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof KernelError) {
      test.equal(error.code, code, error.message)
      return error
    }
    throw error
  }
  throw new Error(`no error, expected ${code}`)
}

/** Runs something with an empty cache, which it gets as the cache's parent folder. */
export async function withCache(work: (parent: string) => Promise<void>): Promise<void> {
  const before = process.env.XDG_CACHE_HOME
  await withDir(
    async ({ path }) => {
      process.env.XDG_CACHE_HOME = path
      try {
        await work(path)
      } finally {
        if (before === undefined) delete process.env.XDG_CACHE_HOME
        else process.env.XDG_CACHE_HOME = before
      }
    },
    { unsafeCleanup: true },
  )
}
