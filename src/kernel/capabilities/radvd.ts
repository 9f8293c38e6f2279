import { type Capability, missingTool } from '../capability.js'

export const radvd: Capability = {
  id: 'radvd',
  title: 'router advertisements',
  config: [],
  modules: [],
  packages: ['radvd'],
  check: () => missingTool('radvd'),
}
