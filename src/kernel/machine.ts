/** What a report says about the machine that a run happened on. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Report } from '../model/report.js'
import { CommandTimeout, runCommand } from '../world/command.js'
import { describeUserland } from './userland.js'

/** Tools whose version decides what a run can show, with the argument that prints it. */
const TOOLS: Readonly<Record<string, readonly string[]>> = {
  ip: ['-V'],
  iptables: ['-V'],
  nft: ['-v'],
  libvirtd: ['--version'],
  radvd: ['--version'],
}

/** Milliseconds that the measurements take on the machine that the deadlines were set on. */
const REFERENCE = { hashMs: 12, spawnMs: 6 }
const VERSION_TIMEOUT_MS = 10_000

/** Beyond this slowness, the kernel's own timers are over before a probe gets to them. */
export const TOO_SLOW = 100
/** How often it is measured at most: something that stops the machine for a second makes a single measurement worthless. */
const MEASUREMENTS = 5

/** By which factor this machine is slower than the one that deadlines were set on; at least 1. */
async function measureSlowness(): Promise<number> {
  // The first one also reads the program from a disk that may be slow: the second one counts.
  let spawnMs = 0
  for (const _ of ['cold', 'warm']) {
    const spawned = performance.now()
    await runCommand(['true'], { node: null, timeoutMs: VERSION_TIMEOUT_MS })
    spawnMs = performance.now() - spawned
  }
  const hashed = performance.now()
  createHash('sha256')
    .update(Buffer.alloc(4 << 20))
    .digest()
  const hashMs = performance.now() - hashed
  return Math.round(Math.max(1, spawnMs / REFERENCE.spawnMs / 2, hashMs / REFERENCE.hashMs / 2) * 10) / 10
}

/** Describes the machine and measures its speed. Never throws: a missing tool is said to be missing. */
export async function describeMachine(rootless: boolean): Promise<Report['machine']> {
  let slowness = await measureSlowness()
  for (let again = 1; again < MEASUREMENTS && slowness > TOO_SLOW; again++)
    slowness = Math.min(slowness, await measureSlowness())
  const versions = await Promise.all(
    Object.entries(TOOLS).map(async ([tool, args]): Promise<[string, string]> => {
      try {
        const { stdout, stderr } = await runCommand([tool, ...args], {
          node: null,
          timeoutMs: VERSION_TIMEOUT_MS,
        })
        return [tool, `${stdout}${stderr}`.trim().split('\n')[0] ?? '']
      } catch (error) {
        return [tool, error instanceof CommandTimeout ? 'not known: it did not say in time' : 'missing']
      }
    }),
  )
  return {
    cpus: availableParallelism(),
    privilege: rootless ? 'rootless' : 'root',
    distribution: distribution(),
    slowness,
    tools: Object.fromEntries(versions),
    userland: describeUserland(),
  }
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}
