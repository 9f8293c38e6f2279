import { existsSync, readdirSync } from 'node:fs'
import { missingTool } from '../../base/tools.js'
import type { Capability } from '../capability.js'

export const libvirtNwfilter: Capability = {
  id: 'libvirt-nwfilter',
  title: 'libvirt’s nwfilter driver',
  config: [],
  modules: [],
  packages: ['libvirt-daemon', 'libvirt-clients'],
  check() {
    if (!existsSync('/etc/libvirt')) return 'libvirtd is not installed: there is no /etc/libvirt'
    const driver = readdirSync('/usr/lib')
      .map(folder => `/usr/lib/${folder}/libvirt/connection-driver/libvirt_driver_nwfilter.so`)
      .some(path => existsSync(path))
    if (!driver) return 'libvirt was installed without its nwfilter driver'
    return missingTool('libvirtd') ?? missingTool('virsh')
  },
}
