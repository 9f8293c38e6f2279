/**
 * One measurement, in a world of its own: `node topology-once.js engine|programs HOSTS` builds the star, sees that every
 * host answers, and takes it down; `node topology-once.js messages HOSTS FILE` writes the engine's netlink messages for
 * bench/floor.c. Prints one line of JSON.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { inWorld } from '../src/cli/world.js'
import { TopologyInstance } from '../src/engine/topology-instance.js'
import type { ExperimentPlan } from '../src/model/plan.js'
import { ping } from '../src/probes/ping.js'
import { ipRequests } from '../src/topology/ip-requests.js'
import { encodeRequests } from '../src/world/rtnetlink.js'
import { byPrograms } from './by-programs.js'
import { hostAddress, standing, star } from './star.js'

/** What one build and one teardown cost. */
export interface Measurement {
  readonly buildMs: number
  readonly downMs: number
  /** The time in which one host had an answer from each of the others, or from 200 of them. */
  readonly reachMs?: number
  /** By how much this process grew, in KiB for each host. */
  readonly ownKiB?: number
  /** By how much the kernel's memory grew, in KiB for each host. */
  readonly kernelKiB?: number
}

const DEADLINE_MS = 2000
const MOST_NEIGHBOURS = 200
const WARM_UP = 8
const ignore = () => {}
const [method = '', count = '', file = ''] = process.argv.slice(2)
const hosts = Number(count)

if (method === 'messages') writeFileSync(file, messages())
else process.exitCode = await inWorld(false, measure)

async function measure(): Promise<number> {
  // What runs for the first time in a process is still being compiled.
  const warm = new TopologyInstance(plan(WARM_UP), () => 10, ignore)
  await warm.build()
  await warm.destroy()
  const topology = new TopologyInstance(plan(hosts), () => 10, ignore)
  const before = { own: process.memoryUsage().rss, kernel: available() }
  const began = performance.now()
  await topology.build()
  const built = performance.now()
  const after = { own: process.memoryUsage().rss, kernel: available() }
  // Every neighbour is an entry at both ends, and gc_thresh3 allows 1024 of them for all namespaces together.
  const step = Math.max(1, Math.ceil(hosts / MOST_NEIGHBOURS))
  for (let host = step; host < hosts; host += step) {
    const { outcome, says } = await ping.run(
      { from: 'h0', to: hostAddress(host) },
      {
        ...topology.probeContext,
        deadlineMs: DEADLINE_MS,
        lost: new AbortController().signal,
      },
    )
    if (outcome !== 'works') throw new Error(`host ${host} of ${hosts} does not answer: ${says}`)
  }
  const reached = performance.now()
  await topology.destroy()
  const down = performance.now()
  const measurement: Measurement = {
    buildMs: built - began,
    downMs: down - reached,
    reachMs: reached - built,
    ownKiB: (after.own - before.own) / 1024 / hosts,
    kernelKiB: (before.kernel - after.kernel - (after.own - before.own) / 1024) / hosts,
  }
  process.stdout.write(`${JSON.stringify(measurement)}\n`)
  return 0
}

/** The star's plan, for the engine or for programs. */
function plan(count: number): ExperimentPlan {
  const own = standing(star(count))
  return method === 'programs' ? byPrograms(own) : own
}

/** MemAvailable of the machine, in KiB. */
function available(): number {
  return Number(/MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1])
}

/** The engine's messages in the form that bench/floor.c describes. */
function messages(): Buffer {
  const plan = standing(star(hosts))
  const names = Object.keys(plan.netns)
  // What stands for the descriptor of a namespace until there is one: a number that nothing else in a message has.
  const mark = (name: string) => 0x7ab50000 + names.indexOf(name)
  const parts = [words(0, names.length)]
  for (const step of plan.build.flat()) {
    if (step.do !== 'network') continue
    const { node, operations } = step
    const requests = ipRequests(operations, {
      index: device => (device === 'lo' ? 1 : plan.indexes[`${node}:${device}`]),
      netns: mark,
    })
    if (!requests) throw new Error(`not known: ${JSON.stringify(operations)}`)
    for (const bytes of encodeRequests(requests)) {
      const patches: number[] = []
      for (let at = 0; at < bytes.length; at += 4) {
        const index = bytes.readUInt32LE(at) - 0x7ab50000
        if (index >= 0 && index < names.length) patches.push(at, index)
      }
      parts.push(words(1, names.indexOf(node), bytes.length, patches.length / 2, ...patches), bytes)
    }
  }
  return Buffer.concat(parts)
}

function words(...values: readonly number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer)
}
