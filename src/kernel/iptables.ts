/** Which iptables this machine has, and how each backend is called. */

import type { IptablesCommands } from '../topology/compile.js'
import { runCommand } from '../world/command.js'
import { missingTool } from '../world/tools.js'

export type Backend = 'nft' | 'legacy'

const VERSION_TIMEOUT_MS = 10_000

/** Which backend plain `iptables` is; nft where there is none, which then shows as a missing capability. */
export async function defaultBackend(): Promise<Backend> {
  if (missingTool('iptables')) return 'nft'
  const { stdout } = await runCommand(['iptables', '-V'], { node: null, timeoutMs: VERSION_TIMEOUT_MS })
  return stdout.includes('nf_tables') ? 'nft' : 'legacy'
}

/** How a backend is called: as plain `iptables` where that is it, so that what the user's PATH says counts. */
export function iptablesCommands(backend: Backend, plain: Backend): IptablesCommands {
  const name = backend === plain ? 'iptables' : `iptables-${backend}`
  return { iptables: name, restore: `${name}-restore`, save: `${name}-save` }
}
