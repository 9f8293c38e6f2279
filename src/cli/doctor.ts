/** `lab doctor`: what this machine and kernel offer, what is missing, and what brings it. */
import { packageOf } from '../base/tools.js'
import { openKernelLog } from '../evidence/kernel-log.js'
import { CAPABILITIES, checkCapabilities } from '../kernel/capabilities.js'
import { describeMachine } from '../kernel/machine.js'
import { runningKernel } from '../kernel/running.js'
import type { Report } from '../model/report.js'
import { inWorld } from './world.js'

/** Runs `lab doctor`; resolves with the exit status. */
export function doctor(options: { json?: boolean; rootless?: boolean }): Promise<number> {
  return inWorld(options.rootless ?? false, async ({ rootless }) => {
    const missing = await checkCapabilities(CAPABILITIES.map(({ id }) => id))
    const log = openKernelLog()
    const facts = {
      kernel: runningKernel(),
      machine: await describeMachine(rootless),
      capabilities: [
        ...CAPABILITIES.map(({ id, title }) => ({
          id,
          title,
          missing: missing.get(id)?.why ?? null,
          undecided: missing.get(id)?.undecided ?? false,
        })),
        {
          id: 'kernel-log',
          title: 'the kernel log as evidence',
          missing: typeof log === 'string' ? log : null,
          undecided: false,
        },
      ],
    }
    if (options.json) process.stdout.write(`${JSON.stringify(facts, null, 2)}\n`)
    else {
      const { kernel, machine } = facts
      process.stdout.write(
        `kernel ${kernel.release} (${kernel.version}), ${machine.distribution}, ${machine.cpus} CPUs, ${machine.privilege}\n`,
      )
      for (const [tool, version] of Object.entries(machine.tools))
        process.stdout.write(`  ${tool.padEnd(18)}${version}${packaged(machine, tool)}\n`)
      process.stdout.write('\n')
      for (const { id, title, missing: why, undecided } of facts.capabilities)
        process.stdout.write(
          `  ${undecided ? 'unknown' : why ? 'missing' : 'ok     '}  ${id.padEnd(17)} ${title}${why ? `\n           ${why}` : ''}\n`,
        )
    }
    return 0
  })
}

/** The package that brings a tool, which may say less of its version itself: ` (iproute2 5.10.0-4)`. */
function packaged({ userland }: Report['machine'], tool: string): string {
  const name = packageOf(tool)
  const version = name === undefined ? undefined : userland?.packages[name]
  return version === undefined ? '' : ` (${name} ${version})`
}
