/** Tools whose versions expectations may be keyed by. */
import type { Report } from './report.js'

/** By the name of their programs. */
export const KEYED_TOOLS = ['ip', 'iptables', 'nft'] as const

/** The versions of a machine's tools, by name, as far as they say one: `1.8.9` of `iptables v1.8.9 (nf_tables)`. */
export function toolVersions(tools: Report['machine']['tools']): Record<string, string> {
  return Object.fromEntries(
    KEYED_TOOLS.flatMap(tool => {
      const version = /\d+(\.\d+)+/.exec(tools[tool] ?? '')?.[0]
      return version === undefined ? [] : [[tool, version]]
    }),
  )
}
