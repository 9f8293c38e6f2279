/** Finding what a probe is by its kind. */
import { z } from 'zod'
import { unknownWord } from '../base/nearest.js'
import { outcomeWord } from '../model/outcome.js'
import {
  madeKinds,
  type ProbeContext,
  type ProbeKind,
  type ProbeResult,
  type ProbeSpec,
} from '../model/probe.js'
import type { ScriptPart } from '../model/script-part.js'
import type { IptablesCommands, Step } from '../model/steps.js'
import * as WORDS from './registry.js'

/** Fields that have the same meaning in every kind that has them with these types. */
const PACKET = z.object({
  source: z.string().optional().catch(undefined),
  sourcePort: z.number().optional().catch(undefined),
  port: z.number().optional().catch(undefined),
  mark: z.number().optional().catch(undefined),
  /** Traffic class, or type of service. */
  trafficClass: z.number().optional().catch(undefined),
  /** The node whose server must get it. */
  server: z.string().optional().catch(undefined),
})

const KINDS: ReadonlyMap<string, ProbeKind> = new Map(
  Object.values(WORDS).map(kind => [kind.kind, kind as unknown as ProbeKind]),
)

/** The kind of a probe. Throws LabError for one that there is not, naming the nearest. */
export function kindOf({ kind }: Pick<ProbeSpec, 'kind'>): ProbeKind {
  const found = KINDS.get(kind) ?? madeKinds().get(kind)
  if (!found) throw unknownWord('kind of probe', kind, [...madeKinds().keys()])
  return found
}

/** One probe of a scenario, with what its kind says of it. */
export interface Probe {
  readonly kind: string
  /** Whether it must not get through: it fails where it does. */
  readonly attack: boolean
  /** Every node that it names. */
  readonly nodes: readonly string[]
  /** The node that it is seen from. */
  readonly from: string
  /** The address that its packets are sent to; undefined where they go to everybody on the link. */
  readonly to: string | undefined
  /** Whether nothing comes back of what it sends. */
  readonly oneWay: boolean
  /** Whether what counts goes on with a connection that it has opened itself before. */
  readonly goesOn: boolean
  /** What else decides about the way of its packets, as far as its fields say it. */
  readonly packet: z.infer<typeof PACKET>
  /** What it does, as a command that a reader knows. */
  readonly command: string
  /** Roughly how many milliseconds it takes to come to this outcome. */
  typicalMs(outcome: 'works' | 'fails'): number
  /** Steps before each run of it. */
  prepare(): readonly Step[]
  /** Runs it. Throws SystemError when the lab itself is broken. */
  run(context: ProbeContext): Promise<ProbeResult>
  /** How a shell script does the same; undefined where it takes the lab itself. */
  script(commands: IptablesCommands): ScriptPart | undefined
  /** The same as one command of usual programs; undefined where it takes more. */
  plain(enter: (node: string) => string): string | undefined
}

/** A probe that was checked when its scenario was read. Throws LabError for a kind that there is not. */
export function probeOf(spec: ProbeSpec): Probe {
  const kind = kindOf(spec)
  const fields = spec as unknown as Parameters<ProbeKind['run']>[0]
  const attack = spec.attack ?? false
  const inverse = { works: 'fails', fails: 'works' } as const
  return {
    kind: spec.kind,
    attack,
    nodes: kind.nodes(spec),
    from: kind.from(fields),
    to: kind.to?.(fields),
    oneWay: kind.oneWay ?? false,
    goesOn: kind.goesOn ?? false,
    packet: PACKET.parse(spec),
    command: kind.describe(fields),
    typicalMs: outcome => kind.typicalMs(fields, attack ? inverse[outcome] : outcome),
    prepare: () => kind.prepare?.(fields) ?? [],
    async run(context) {
      const result = await kind.run(fields, context)
      if (!attack || result.outcome === 'not-triggered') return result
      const outcome = inverse[result.outcome]
      return { ...result, outcome, says: `${outcomeWord({ outcome, attack: true })}: ${result.says}` }
    },
    script: commands => kind.script?.(fields, commands),
    plain: enter => kind.plain?.(fields, enter),
  }
}
