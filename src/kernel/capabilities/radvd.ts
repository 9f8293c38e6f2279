import { missingTool } from '../../base/tools.js'
import type { Capability } from '../capability.js'

export const radvd: Capability = {
  id: 'radvd',
  title: 'router advertisements',
  config: [],
  modules: [],
  packages: ['radvd'],
  check: () => missingTool('radvd'),
}
