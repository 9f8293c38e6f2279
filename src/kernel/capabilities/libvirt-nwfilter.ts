import { existsSync } from 'node:fs'
import { missingTool } from '../../base/tools.js'
import type { Capability } from '../capability.js'
import { libvirtDriver } from '../libvirt.js'

export const libvirtNwfilter: Capability = {
  id: 'libvirt-nwfilter',
  title: 'libvirt’s nwfilter driver',
  config: [],
  modules: [],
  packages: ['libvirt-daemon', 'libvirt-clients'],
  check() {
    if (!existsSync('/etc/libvirt')) return 'libvirtd is not installed: there is no /etc/libvirt'
    if (libvirtDriver('nwfilter') === undefined) return 'libvirt was installed without its nwfilter driver'
    return missingTool('libvirtd') ?? missingTool('virsh')
  },
}
