/** Probes as calls of the script's own functions. */
import { LabError } from '../base/errors.js'
import { command } from '../base/shell-words.js'
import type { ProbeSpec } from '../probes/index.js'
import { ADDRESS, ASK, PING, RACE } from './probe-functions.js'

/** What a probe takes in a script. */
export interface ScriptProbe {
  /** The line that runs it. */
  readonly line: string
  /** The library part that the line calls. */
  readonly part: string
  readonly tools: readonly string[]
}

/** A probe as part of a script. Throws LabError for a kind that takes the lab itself. */
export function scriptProbe(spec: ProbeSpec): ScriptProbe {
  switch (spec.kind) {
    case 'ping':
      return { line: command(['ping_to', spec.node, spec.to]), part: PING, tools: ['ping'] }
    case 'tcp':
    case 'udp': {
      const { node, kind, to, port, server } = spec
      return {
        line: command(['ask', node, kind, to, String(port), server.node, String(server.port)]),
        part: ASK,
        tools: ['ss'],
      }
    }
    case 'ipv6-address':
      return {
        line: command(['wait_for_address', spec.node, spec.device, spec.startsWith]),
        part: ADDRESS,
        tools: [],
      }
    case 'snat-race': {
      const { clients, to, port, queue } = spec
      return {
        line: command(['race_for', queue.node, String(queue.number), to, String(port), ...clients]),
        part: RACE,
        tools: ['python3'],
      }
    }
    default:
      throw new LabError(`a probe of kind '${spec.kind}' cannot be put into a script`, 'use lab run for it')
  }
}
