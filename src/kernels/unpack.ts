/** Kernel packages, unpacked to where they can be booted from without being installed. */
import { existsSync } from 'node:fs'
import { readdir, readFile, symlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { isFile } from '../base/files.js'
import { requireTool } from '../base/tools.js'
import type { AvailableKernel } from './available.js'
import { parseBootImage } from './boot-image.js'
import { diskFull, saysNoSpace } from './cache.js'
import { KernelError } from './error.js'
import { indexModules } from './modules.js'
import type { Manifest } from './store.js'

/**
 * Unpacks package files, which are of `what`, into a folder. Throws KernelError `disk-full` or `package`; LabError (exit 69)
 * without dpkg-deb.
 */
export async function unpackAll(files: readonly string[], into: string, what: string): Promise<void> {
  const dpkg = requireTool('dpkg-deb', `unpack ${what}`)
  for (const file of files) {
    const result = await execa(dpkg, ['-x', file, into], {
      reject: false,
      all: true,
      env: { LC_ALL: 'C' },
    })
    if (!result.failed) continue
    if (saysNoSpace(result.all)) throw diskFull(into, `cannot unpack ${what}`, result)
    throw new KernelError(
      'package',
      `cannot unpack ${file}: ${result.all || result.shortMessage}`,
      'delete the file and fetch the kernel again',
    )
  }
}

/**
 * Finds image and modules of the entry `name` in the folder that its packages were unpacked to, and makes that usable as
 * depmod's and modprobe's root. Throws KernelError `package` where they are not where Debian has them; `bad-image`,
 * `wrong-architecture`, `disk-full`.
 */
export async function describeUnpacked(
  root: string,
  name: string,
  available: AvailableKernel,
): Promise<Manifest> {
  // Since Debian 13 the packages have no /lib: there it is a link.
  const lib = join(root, 'lib')
  if (!existsSync(lib)) await symlink('usr/lib', lib)
  const modules = join(lib, 'modules')
  const [release, ...others] = await readdir(modules).catch(() => [])
  const vmlinuz = firstFile(root, [`boot/vmlinuz-${release}`, `lib/modules/${release}/vmlinuz`])
  if (release === undefined || others.length > 0 || vmlinuz === undefined) {
    throw new KernelError(
      'package',
      `the packages of ${name} ${available.packageVersion} do not hold one kernel image with its modules`,
      'Debian has changed the layout of its packages: please report it',
    )
  }
  const image = parseBootImage(await readFile(join(root, vmlinuz)), `${available.package}: /${vmlinuz}`)
  // Left behind by the build machine, and pointing nowhere here.
  for (const link of ['build', 'source']) await unlink(join(modules, release, link)).catch(() => undefined)
  await indexModules(root, release, name, { code: 'package', remedy: 'fetch the kernel again' })
  const config = firstFile(root, [`boot/config-${release}`, `lib/modules/${release}/config`])
  return {
    name,
    vmlinuz,
    modulesDir: `lib/modules/${release}`,
    ...(config === undefined ? {} : { config }),
    release: image.release,
    packageVersion: available.packageVersion,
    mainlineVersion: available.mainlineVersion,
  }
}

function firstFile(root: string, candidates: readonly string[]): string | undefined {
  return candidates.find(candidate => isFile(join(root, candidate)))
}
