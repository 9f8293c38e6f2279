import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isFile, isNoSpace, writeWhole } from '../base/files.js'
import { extractPvhKernel } from '../kernels/boot-image.js'
import { cacheRoot } from '../kernels/cache.js'

/**
 * What QEMU is to start for a boot image: the uncompressed kernel in it, kept in the cache, or the boot image itself where
 * there is none that QEMU could start. Throws KernelError `bad-image`; LabError where the cache cannot be written.
 */
export async function bootableImage(vmlinuz: string): Promise<string> {
  const image = await readFile(vmlinuz)
  const id = createHash('sha256').update(image).digest('hex').slice(0, 32)
  const folder = join(cacheRoot(), 'vmlinux')
  const path = join(folder, id)
  if (isFile(path)) return path
  const kernel = await extractPvhKernel(image, vmlinuz)
  if (kernel === undefined) return vmlinuz
  try {
    await mkdir(folder, { recursive: true })
    writeWhole(path, kernel)
    return path
  } catch (error) {
    // Slower, and good enough.
    if (isNoSpace(error)) return vmlinuz
    throw error
  }
}
