import { type Capability, tryCommand } from '../capability.js'

export const ethtool: Capability = {
  id: 'ethtool',
  title: 'features of devices that can be switched',
  config: ['CONFIG_ETHTOOL_NETLINK'],
  modules: [],
  packages: ['ethtool'],
  check: () => tryCommand(['ethtool', '--show-features', 'lo']),
}
