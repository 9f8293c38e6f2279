/**
 * `node audited-machines.js [ID…]`: builds the topology of every scenario in a world, broken and with each fix, takes its node for a machine,
 * and prints what an audit finds there of all scenarios: a line of JSON for each machine.
 */
import { judge } from '../src/audit/judge.js'
import { factsOf, readHost } from '../src/audit/read-host.js'
import { lastLines } from '../src/base/text.js'
import { inWorld } from '../src/cli/world.js'
import { EchoServer } from '../src/engine/echo-server.js'
import { checkCapabilities } from '../src/kernel/capabilities.js'
import { defaultBackend, iptablesCommands } from '../src/kernel/iptables.js'
import { runningVersion } from '../src/kernel/running.js'
import type { Finding } from '../src/model/audit.js'
import { hasChange, type KernelChange } from '../src/model/change.js'
import type { ExperimentPlan } from '../src/model/plan.js'
import type { Scenario, Settings } from '../src/model/scenario.js'
import { loadCatalogue } from '../src/plan/catalogue.js'
import { planScenario } from '../src/plan/plan.js'
import { CommandError, runCommand } from '../src/world/command.js'
import { addNetns, deleteNetns, Netns } from '../src/world/netns.js'
import { KNOWN_MACHINES } from './known-machines.js'
import type { KnownMachine } from './known-parts.js'
import { statesOf } from './machine-states.js'

/** One machine and what was found there. */
export interface AuditedMachine {
  readonly scenario: string
  readonly settings: Settings
  readonly broken: boolean
  readonly findings: readonly Finding[]
  /** Milliseconds of reading, and of judging. */
  readonly took: readonly [reading: number, judging: number]
}

/** One that could not be built here. */
export interface SkippedMachine {
  readonly scenario: string
  readonly skipped: string
}

const [, , ...chosen] = process.argv
/** So many topologies at once. */
const AT_ONCE = 3
const kernel = runningVersion()
const circumstances = { has: (change: KernelChange) => hasChange(change, kernel) }

process.exitCode = await inWorld(false, async () => {
  const backend = await defaultBackend()
  const { scenarios } = await loadCatalogue()
  const wanted = scenarios.filter(({ id }) => chosen.length === 0 || chosen.includes(id))
  const plans = wanted.flatMap((scenario, index) => {
    // A machine is built once: its trials need none of their own.
    const experiments = scenario.experiments.map(({ fresh: _, ...experiment }) => experiment)
    const options = { kernel, iptables: backend, commands: iptablesCommands(backend, backend) }
    return [
      { scenario, plans: planScenario({ ...scenario, experiments }, { ...options, instance: `m${index}` }) },
    ]
  })
  const queue = [
    ...plans.map(one => () => auditScenario(one.scenario, one.plans, scenarios)),
    ...Object.entries(KNOWN_MACHINES)
      .filter(([name]) => chosen.length === 0 || chosen.includes(name))
      .map(
        ([name, machine], index) =>
          () =>
            auditKnown(name, `known${index}`, machine, scenarios),
      ),
  ]
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await next()
    }),
  )
  return 0
})

function say(line: AuditedMachine | SkippedMachine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function auditScenario(
  scenario: Scenario,
  plans: readonly ExperimentPlan[],
  all: readonly Scenario[],
): Promise<void> {
  const seen = new Set<string>()
  const node = scenario.audit?.node ?? ''
  for (const plan of plans) {
    const missing = await checkCapabilities(plan.needs)
    if (missing.size > 0) {
      say({ scenario: scenario.id, skipped: [...missing.values()].map(({ why }) => why).join('; ') })
      continue
    }
    for await (const [settings, broken, topology] of statesOf(plan, seen)) {
      const began = performance.now()
      const hosts = await Promise.all(
        Object.keys(plan.netns).map(name => readHost(topology.netns(name), { rules: name === node })),
      )
      const host = hosts.find(({ netns }) => netns === plan.netns[node])
      if (!host) throw new Error(`${scenario.id}: ${node} was not read`)
      const facts = factsOf(host, hosts)
      const read = performance.now()
      const findings = all.flatMap(one => judge(one, facts, circumstances))
      const took = [read - began, performance.now() - read] as const
      say({ scenario: scenario.id, settings, broken, findings, took })
    }
  }
}

/** A machine that commands make in a namespace. */
async function auditKnown(
  name: string,
  netnsName: string,
  { ip, sysctls = {}, iptables, nft, tc = [], listens = [] }: KnownMachine,
  all: readonly Scenario[],
): Promise<void> {
  // Who is behind the ports has a namespace of its own, as containers do.
  const guestsName = `${netnsName}g`
  for (const one of [netnsName, guestsName]) addNetns(one)
  const [netns, guests] = [new Netns(netnsName), new Netns(guestsName)]
  try {
    const must = async (argv: readonly string[], stdin?: string) => {
      const record = await runCommand(argv, { node: netnsName, netns, stdin, timeoutMs: 60_000 })
      if (record.exitCode !== 0) throw new CommandError(record, `make ${name}`)
    }
    await must(['ip', '-batch', '-'], `${['link set lo up', ...ip].join('\n')}\n`)
    const lacks = Object.keys(sysctls).filter(key => netns.readSysctl(key) === undefined)
    const refused = lacks.length > 0 ? `this kernel has no ${lacks.join(', ')}` : await refusedOf(netns, tc)
    if (refused !== undefined) {
      say({ scenario: name, skipped: refused })
      return
    }
    netns.writeSysctls(Object.entries(sysctls))
    const moved = ip.flatMap(line => / peer name (guest\d+)/.exec(line)?.[1] ?? [])
    for (const guest of moved) await must(['ip', 'link', 'set', guest, 'netns', guestsName])
    if (iptables !== undefined) await must(['iptables-nft-restore'], iptables)
    if (nft !== undefined) await must(['nft', '-f', '-'], nft)
    const servers = listens.map(port => new EchoServer(netns, 'udp', '0.0.0.0', port))
    const began = performance.now()
    const raw = await readHost(netns)
    const facts = factsOf(raw, [raw, await readHost(guests, { rules: false })])
    const read = performance.now()
    const findings = all.flatMap(one => judge(one, facts, circumstances))
    say({
      scenario: name,
      settings: {},
      broken: false,
      findings,
      took: [read - began, performance.now() - read],
    })
    for (const server of servers) server.close()
  } finally {
    for (const one of [netns, guests]) one.close()
    for (const one of [netnsName, guestsName]) await deleteNetns(one)
  }
}

/** Why traffic control does not take these lines; undefined where it does. */
async function refusedOf(netns: Netns, lines: readonly string[]): Promise<string | undefined> {
  for (const line of lines) {
    const argv = ['tc', ...line.split(' ')]
    const { exitCode, stderr } = await runCommand(argv, { node: netns.name, netns, timeoutMs: 60_000 })
    if (exitCode !== 0) return `this kernel refuses tc ${line}: ${lastLines(stderr, 2)}`
  }
  return undefined
}
