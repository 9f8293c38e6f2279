/** Scaffolding as programs would put it up: what people read, what scripts run, and what is left to ip(8) itself. */
import {
  type FeaturesStep,
  type NamespacesStep,
  type NetworkStep,
  type RunStep,
  run,
  type SysctlsStep,
  sysctlCommand,
} from '../model/steps.js'
import { ipBatch } from './ip-words.js'

/** The command that does what a step of the lab's own does. */
export function programOf(step: NamespacesStep | NetworkStep | FeaturesStep | SysctlsStep): RunStep {
  switch (step.do) {
    case 'namespaces': {
      const action = step.action === 'add' ? 'add' : 'del'
      const lines = step.names.map(name => `netns ${action} ${name}\n`).join('')
      return run(null, ['ip', '-batch', '-'], step.why, lines)
    }
    case 'network':
      return run(
        step.node,
        ['ip', ...(step.family === 'inet6' ? ['-6'] : []), '-batch', '-'],
        step.why,
        ipBatch(step.operations),
      )
    case 'features':
      return run(step.node, ['ethtool', '-K', step.device, ...Object.entries(step.values).flat()], step.why)
    case 'sysctls':
      return run(step.node, sysctlCommand(step), step.why)
  }
}
