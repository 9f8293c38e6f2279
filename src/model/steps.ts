/** What a plan is made of: pure data that the engine executes, `script` prints and a reader can follow. */

/** A program to run in a node (or, with node null, in the world itself). It must succeed. */
export interface RunStep {
  readonly do: 'run'
  readonly node: string | null
  readonly argv: readonly string[]
  readonly stdin?: string
  /** What it is for, as part of a message: `set accept_local`. */
  readonly why: string
  /** A regular expression: it is run again until its output does not match. */
  readonly untilNot?: string
  /**
   * Scaffolding, not part of what is tried: the lab does it itself where it can, by the same system calls and with the same
   * effect, as a shell does its builtins. `fresh`: nothing but the namespace is there yet.
   */
  readonly builtin?: boolean | 'fresh'
  /** Sysctls that must read back as written: a write that was lost is the lab's failure, not the kernel's. */
  readonly readBack?: Readonly<Record<string, string>>
}

/** A server that listens in a node until the topology is taken down. */
export interface ServeStep {
  readonly do: 'serve'
  readonly node: string
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  readonly port: number
}

/** Waiting until devices of a node carry frames: operational, and forwarding where they are ports of a bridge. */
export interface LinksUpStep {
  readonly do: 'links-up'
  readonly node: string
  /** Index of each device by name. */
  readonly devices: Readonly<Record<string, number>>
  /** Whether some are ports of a bridge. */
  readonly ports: boolean
  readonly why: string
}

/** A program that keeps running in a node until the topology is taken down. */
export interface DaemonStep {
  readonly do: 'daemon'
  readonly node: string
  readonly argv: readonly string[]
  /** A folder under the world's own /run, made when it is missing. */
  readonly folder: string
  /** Files written into the folder before the program starts, by relative path. */
  readonly files: Readonly<Record<string, string>>
  /** It is ready when this file exists, or when this command succeeds. */
  readonly ready: { readonly file: string } | { readonly argv: readonly string[] }
  /** Folders of the machine that it sees a sub-folder of its own folder in place of, by path. */
  readonly privateFolders?: Readonly<Record<string, string>>
  readonly why: string
}

export type Step = RunStep | ServeStep | LinksUpStep | DaemonStep

/** A run step for one command. */
export function run(node: string | null, argv: readonly string[], why: string, stdin?: string): RunStep {
  return { do: 'run', node, argv, why, ...(stdin === undefined ? {} : { stdin }) }
}

/** The same steps with the sysctls that are written one after the other, node by node, each in one command. */
export function mergeSysctls(steps: readonly Step[]): Step[] {
  const merged: Step[] = []
  let mergeable = new Map<string, number>()
  for (const step of steps) {
    if (step.do !== 'run' || step.node === null || !step.readBack) {
      mergeable = new Map()
      merged.push(step)
      continue
    }
    const at = mergeable.get(step.node)
    const before = at === undefined ? undefined : merged[at]
    if (at === undefined || before?.do !== 'run') {
      mergeable.set(step.node, merged.length)
      merged.push(step)
      continue
    }
    const why = before.why === step.why ? step.why : `${before.why}; ${step.why}`
    merged[at] = writeSysctls(step.node, { ...before.readBack, ...step.readBack }, why)
  }
  return merged
}

/** A run step that writes sysctls in a node and has them read back. */
export function writeSysctls(
  node: string,
  values: Readonly<Record<string, string | number>>,
  why: string,
): RunStep {
  const entries = Object.entries(values).map(([key, value]): [string, string] => [key, String(value)])
  return {
    do: 'run',
    node,
    argv: ['sysctl', '-q', '-w', ...entries.map(([key, value]) => `${key}=${value}`)],
    why,
    readBack: Object.fromEntries(entries),
  }
}
