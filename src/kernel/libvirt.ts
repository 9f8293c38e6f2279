/** Where libvirt keeps its drivers. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Where a root has one of the drivers, in a folder for its architecture (Debian) or in /usr/lib64 (Fedora); undefined where it has not. */
export function libvirtDriver(name: 'network' | 'nwfilter', root = '/'): string | undefined {
  const lib = join(root, 'usr/lib')
  const folders = existsSync(lib) ? readdirSync(lib).map(folder => join(lib, folder)) : []
  return [...folders, join(root, 'usr/lib64')]
    .map(folder => join(folder, `libvirt/connection-driver/libvirt_driver_${name}.so`))
    .find(path => existsSync(path))
}
