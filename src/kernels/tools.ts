import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { KernelError } from './error.js'

/** Which Debian package brings each program that this part of the lab runs. */
const packages = {
  'apt-cache': 'apt',
  'apt-get': 'apt',
  busybox: 'busybox-static',
  depmod: 'kmod',
  'dpkg-deb': 'dpkg',
  'qemu-system-x86_64': 'qemu-system-x86',
  setpriv: 'util-linux',
  xz: 'xz-utils',
  zstd: 'zstd',
} as const

/** A program of another package that this part of the lab runs. */
export type Tool = keyof typeof packages

/**
 * The path of a program, looked up in `PATH` and then in the system folders that an ordinary user's `PATH`
 * leaves out; undefined where it is not installed.
 */
export async function findTool(tool: Tool): Promise<string | undefined> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin']
  for (const folder of folders) {
    if (folder === '') continue
    const path = join(folder, tool)
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return undefined
}

/**
 * The path of a program that there is no doing without.
 * @param purpose what it is needed for, as it appears in the error
 * @throws KernelError `missing-tool`, with the package that brings it
 */
export async function requireTool(tool: Tool, purpose: string): Promise<string> {
  const path = await findTool(tool)
  if (path !== undefined) return path
  throw new KernelError(
    'missing-tool',
    `${tool} is not installed, and is needed to ${purpose}`,
    `Install it: apt-get install --no-install-recommends ${packages[tool]}`,
  )
}
