/** Steps of a plan as nothing but commands, for scripts that have no functions of their own for them. */
import { EXIT, LabError } from '../base/errors.js'
import { command, quote } from '../base/shell-words.js'
import type { ExperimentPlan } from '../model/plan.js'
import type { Scenario } from '../model/scenario.js'
import {
  type NetworkOperation,
  type NetworkStep,
  type Step,
  type SysctlsStep,
  sysctlCommand,
} from '../model/steps.js'
import { ipLine } from '../topology/ip-words.js'
import { programOf } from '../topology/programs.js'

/** How a kind of script calls the nodes. */
export interface Dialect {
  /** A node's name as one word of the shell, `web` or `"$web"`. */
  readonly word: (node: string) => string
  /** The command that makes namespaces. */
  readonly make: (nodes: readonly string[]) => string
  /** Whether words of `word` have to be expanded in a here-document. */
  readonly expands: boolean
  /** Whether `make` has set lo up. */
  readonly loUp: boolean
  /** Whether it waits for each link by itself; else one pause, after the build, has to do. */
  readonly waits: boolean
}

/** A plan with what of it has to keep its name in a script. */
export interface PlainPlan extends ExperimentPlan {
  /** MAC addresses that nobody asks for: whatever the kernel makes will do. */
  readonly anyMacs: readonly string[]
}

/** Takes from a plan what only the lab needs. */
export function plainPlan({ topology, probes }: Scenario, plan: ExperimentPlan): PlainPlan {
  const others = plan.build
    .flat()
    .map(step =>
      step.do === 'network'
        ? step.operations.filter(({ op }) => op !== 'add-veth' && op !== 'add-bridge')
        : step,
    )
  const text = JSON.stringify([topology, probes, plan.phases, others, plan.loaded, plan.rules])
  return { ...plan, anyMacs: Object.values(plan.macs).filter(mac => !text.includes(mac)) }
}

/** The words that bring a command into a node. */
export function enter({ word }: Dialect, node: string): string {
  return `ip netns exec ${word(node)}`
}

/** What a script of this kind cannot have, named. */
export function refused(what: string): LabError {
  return new LabError(
    `there is no such script of it: ${what}`,
    'lab script without --minimal and --selftest has it',
    EXIT.usage,
  )
}

/** The lines that perform steps. Throws LabError (exit 2) for what takes more than usual programs. */
export function plainLines(steps: readonly Step[], plan: PlainPlan, dialect: Dialect): string[] {
  return steps.flatMap((step, at) => {
    if (step.do !== 'sysctls') return lines(step, plan, dialect)
    // Nodes of which the same is made sure come in one line.
    const like = (other: Step | undefined): other is SysctlsStep =>
      other?.do === 'sysctls' && JSON.stringify(other.values) === JSON.stringify(step.values)
    if (like(steps[at - 1])) return []
    const end = steps.findIndex((other, index) => index > at && !like(other))
    const alike = steps.slice(at, end < 0 ? undefined : end).filter(like)
    const words = sysctlCommand(step)
    if (alike.length === 1) return [inNode(dialect, step.node, words)]
    const nodes = alike.map(({ node }) => dialect.word(node)).join(' ')
    return [
      `for each in ${nodes}; do\n  ip netns exec "$each" ${command(words).replaceAll('\n', '\n  ')}\ndone`,
    ]
  })
}

function inNode(dialect: Dialect, node: string | null, words: readonly string[], stdin?: string): string {
  return `${node === null ? '' : `${enter(dialect, node)} `}${command(words, stdin)}`
}

function lines(step: Exclude<Step, SysctlsStep>, plan: PlainPlan, dialect: Dialect): string[] {
  switch (step.do) {
    case 'namespaces':
      return [
        step.action === 'add'
          ? dialect.make(step.names)
          : step.names.map(node => `ip netns delete ${dialect.word(node)}`).join('\n'),
      ]
    case 'network':
      return [networkLines(step, plan, dialect)].filter(text => text !== '')
    case 'features':
      return lines(programOf(step), plan, dialect)
    case 'links-up': {
      if (!dialect.waits) return []
      const names = Object.keys(step.devices).map(name => name.replaceAll('.', '\\.'))
      const down = `^[0-9]+: (${names.join('|')})[@:].*(NO-CARRIER| qdisc noop )`
      return [untilNot(dialect, step.node, ['ip', '-o', 'link', 'show'], down)]
    }
    case 'run': {
      const { node, argv, stdin, untilNot: pattern } = step
      if (pattern !== undefined) return [untilNot(dialect, node, argv, pattern)]
      return [inNode(dialect, node, argv, stdin === undefined ? undefined : withoutEmptyChains(stdin))]
    }
    case 'serve': {
      const { node, protocol, address, port } = step
      const listen =
        protocol === 'tcp'
          ? `TCP-LISTEN:${port},bind=${address},fork,reuseaddr`
          : `UDP-RECVFROM:${port},bind=${address},fork`
      return [`${enter(dialect, node)} socat ${listen} PIPE &`]
    }
    case 'daemon':
      throw refused(`its topology has a daemon, ${step.argv[0]}`)
    case 'advertise':
      throw refused('its topology has a router that advertises')
    case 'query':
      throw refused('its topology has a querier of multicast listeners')
    case 'persist':
      throw refused('it saves rules and loads them')
  }
}

function untilNot(dialect: Dialect, node: string | null, words: readonly string[], pattern: string): string {
  return `while ${inNode(dialect, node, words)} | grep -Eq ${quote(pattern)}; do sleep 0.1; done`
}

/** What ip(8) gets, without what only the lab needs: indexes, queues, and MAC addresses that nothing asks for. */
function networkLines({ node, family, operations }: NetworkStep, plan: PlainPlan, dialect: Dialect): string {
  const text = operations
    .filter(operation => !(dialect.loUp && isLoUp(operation)))
    .map(operation => {
      const own =
        operation.op === 'add-veth'
          ? { ...operation, peerNetns: dialect.word(operation.peerNetns) }
          : operation
      return ipLine(own)
        .replace(/ (index|numtxqueues|numrxqueues) \d+/g, '')
        .replace(/ address (\S+)/g, (words, mac: string) => (plan.anyMacs.includes(mac) ? '' : words))
    })
  const words = ['ip', ...(family === 'inet6' ? ['-6'] : []), '-n'].join(' ')
  const [only, ...others] = text
  if (only === undefined) return ''
  if (others.length === 0) return `${words} ${dialect.word(node)} ${only}`
  const end = dialect.expands ? 'END' : "'END'"
  return [`${words} ${dialect.word(node)} -batch - <<${end}`, ...text, 'END'].join('\n')
}

function isLoUp(fields: NetworkOperation): boolean {
  return JSON.stringify(fields) === JSON.stringify({ op: 'set-link', device: 'lo', up: true })
}

/** Rules for iptables-restore, which makes the kernel's own chains by itself. */
function withoutEmptyChains(rules: string): string {
  return rules.replace(/^:[A-Z]+ ACCEPT \[0:0\]\n/gm, '')
}
