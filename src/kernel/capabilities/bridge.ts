import { type Capability, tryCommand } from '../capability.js'

export const bridge: Capability = {
  id: 'bridge',
  title: 'Linux bridges',
  config: ['CONFIG_BRIDGE'],
  modules: ['bridge'],
  packages: ['iproute2'],
  check: () => tryCommand(['ip', 'link', 'add', 'probe0', 'type', 'bridge']),
}
