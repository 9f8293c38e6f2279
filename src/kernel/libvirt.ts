/** Where libvirt keeps its drivers. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const DRIVER = 'libvirt/connection-driver/libvirt_driver_nwfilter.so'

/** Whether a root has the driver, in a folder for its architecture (Debian) or in /usr/lib64 (Fedora). */
export function hasNwfilterDriver(root = '/'): boolean {
  const lib = join(root, 'usr/lib')
  const folders = existsSync(lib) ? readdirSync(lib).map(folder => join(lib, folder)) : []
  return [...folders, join(root, 'usr/lib64')].some(folder => existsSync(join(folder, DRIVER)))
}
