/** What two reports have besides their kernels that may move a result: the distribution's tools, and its defaults. */
import type { Report } from '../model/report.js'
import { oneLine } from './words.js'

/** One thing of the machine that differs; an end without it did not have it, or did not say. */
export interface MachineChange {
  /** `package` where both say which packages their tools are of, else `tool`; `default` for a sysctl. */
  readonly kind: 'userland' | 'package' | 'tool' | 'default'
  readonly what: string
  readonly before?: string
  readonly after?: string
}

/** What differs between the machines of two reports, by name. */
export function machineDiff({ machine: before }: Report, { machine: after }: Report): MachineChange[] {
  const userlands = [before, after].map(({ userland }) => userland && `${userland.id} (${userland.version})`)
  const [old, fresh] = [before.userland?.packages, after.userland?.packages]
  const hasPackages = [old, fresh].every(packages => packages && Object.keys(packages).length > 0)
  const defaults = ({ defaults = [] }: Report['machine']) =>
    Object.fromEntries(defaults.map(({ sysctl, value, file }) => [sysctl, `${value} (${file})`]))
  return [
    ...(userlands[0] === undefined || userlands[1] === undefined
      ? []
      : changes('userland', { distribution: userlands[0] }, { distribution: userlands[1] })),
    ...(hasPackages
      ? changes('package', old ?? {}, fresh ?? {})
      : changes('tool', before.tools, after.tools)),
    ...changes('default', defaults(before), defaults(after)),
  ]
}

function changes(
  kind: MachineChange['kind'],
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): MachineChange[] {
  const [olds, news] = [new Map(Object.entries(before)), new Map(Object.entries(after))]
  return [...new Set([...olds.keys(), ...news.keys()])].sort().flatMap(what => {
    const [old, fresh] = [olds.get(what), news.get(what)]
    if (old === fresh) return []
    return [
      {
        ...{ kind, what },
        ...(old === undefined ? {} : { before: old }),
        ...(fresh === undefined ? {} : { after: fresh }),
      },
    ]
  })
}

/** The changes in lines: the distribution, the tools, and each sysctl on one of its own. */
export function machineLines(all: readonly MachineChange[]): string[] {
  const say = ({ what, before, after }: MachineChange, none: string) =>
    oneLine(`${what} ${before ?? none} → ${after ?? none}`)
  const of = (...kinds: readonly MachineChange['kind'][]) => all.filter(({ kind }) => kinds.includes(kind))
  const tools = of('package', 'tool').map(change => say(change, 'none'))
  return [
    ...of('userland').map(change => say(change, '')),
    ...(tools.length > 0 ? [`tools: ${tools.join(', ')}`] : []),
    ...of('default').map(change => `default: ${say(change, 'not set')}`),
  ]
}
