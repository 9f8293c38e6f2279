import { type Capability, tryCommand } from '../capability.js'

export const veth: Capability = {
  id: 'veth',
  title: 'veth pairs',
  config: ['CONFIG_VETH'],
  modules: ['veth'],
  packages: ['iproute2'],
  check: () => tryCommand(['ip', 'link', 'add', 'probe0', 'type', 'veth', 'peer', 'name', 'probe1']),
}
