/** Which iptables this machine has, and how each backend is called. */

import { missingTool } from '../base/tools.js'
import { type IptablesBackend, otherBackend } from '../model/plan.js'
import type { IptablesCommands } from '../model/steps.js'
import { CommandError, runCommand } from '../world/command.js'

const VERSION_TIMEOUT_MS = 10_000

/** Which backend plain `iptables` is; nft where there is none, which then shows as a missing capability. Throws CommandError when it does not say. */
export async function defaultBackend(): Promise<IptablesBackend> {
  if (missingTool('iptables')) return 'nft'
  const record = await runCommand(['iptables', '-V'], { node: null, timeoutMs: VERSION_TIMEOUT_MS })
  if (record.exitCode !== 0) throw new CommandError(record, 'find out which backend iptables has')
  const { stdout } = record
  return stdout.includes('nf_tables') ? 'nft' : 'legacy'
}

/** How a backend is called: as plain `iptables` where there is that and it is it, so that what the user's PATH says counts. */
export function iptablesCommands(backend: IptablesBackend, plain: IptablesBackend): IptablesCommands {
  const name = backend === plain && !missingTool('iptables') ? 'iptables' : `iptables-${backend}`
  const other = `iptables-${otherBackend(backend)}`
  return { iptables: name, restore: `${name}-restore`, save: `${name}-save`, other }
}
