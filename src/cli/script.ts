/** `lab script`. */
import { z } from 'zod'
import { LabError } from '../base/errors.js'
import { quote } from '../base/shell-words.js'
import { iptablesCommands } from '../kernel/iptables.js'
import { runningKernel } from '../kernel/running.js'
import { PERSISTENCE } from '../model/persistence.js'
import { parseKernelVersion } from '../model/version.js'
import { oneScenario } from '../plan/catalogue.js'
import { parseSettings, planChosen } from '../script/choose.js'
import { minimalScript } from '../script/minimal.js'
import { scriptOf } from '../script/script.js'
import { selftestScript } from '../script/selftest.js'
import { settingsAndScenario } from './words.js'

const optionsSchema = z.object({
  toggle: z.array(z.string()).default([]),
  phase: z.enum(['broken', 'fixed']).optional(),
  iptables: z.enum(['nft', 'legacy']).optional(),
  kernel: z.string().optional(),
  persist: z.enum(PERSISTENCE).optional(),
  minimal: z.boolean().default(false),
  selftest: z.boolean().default(false),
})

/** Runs `lab script`: prints the reproducer. Throws LabError (exit 2) for unknown words and impossible combinations. */
export async function script(given: string | undefined, rawOptions: object): Promise<void> {
  const parsed = optionsSchema.parse(rawOptions)
  const { settings: toggle, id } = await settingsAndScenario('script', parsed.toggle, given)
  const options = { ...parsed, toggle }
  const scenario = await oneScenario(id)
  const kernel = options.kernel ?? runningKernel().version
  const version = parseKernelVersion(kernel)
  if (!version) throw new LabError(`'${kernel}' is not a kernel version`, 'write it as 6.1.90', 2)
  // Without the option it is the `iptables` of whatever machine the script comes to run on.
  const backend = options.iptables ?? 'nft'
  const commands = iptablesCommands(
    backend,
    options.iptables ? (backend === 'nft' ? 'legacy' : 'nft') : backend,
  )
  const plan = planChosen(scenario, {
    settings: parseSettings(scenario, options.toggle),
    phase: options.phase,
    persist: options.persist,
    kernel: version,
    iptables: backend,
    commands,
  })
  const words = [
    ...options.toggle.flatMap(word => ['--toggle', word]),
    ...(options.phase ? ['--phase', options.phase] : []),
    ...(options.iptables ? ['--iptables', options.iptables] : []),
    ...(options.kernel ? ['--kernel', options.kernel] : []),
    ...(options.persist ? ['--persist', options.persist] : []),
    ...(options.minimal ? ['--minimal'] : []),
    ...(options.selftest ? ['--selftest'] : []),
  ]
  const commandLine = ['lab', 'script', id, ...words].map(quote).join(' ')
  const write = options.minimal ? minimalScript : options.selftest ? selftestScript : scriptOf
  process.stdout.write(write(scenario, plan, { commandLine, kernel }))
}
