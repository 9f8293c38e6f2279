/** The inputs of the action, as its environment has them, and the command lines that they come to. */
import { join } from 'node:path'
import { z } from 'zod'
import { EXIT, LabError } from '../../src/base/errors.js'
import { unknownWord } from '../../src/base/nearest.js'
import { EVIDENCE_LEVELS } from '../../src/model/evidence.js'
import { VERDICTS, type Verdict } from '../../src/model/verdict.js'

const words = z
  .string()
  .default('')
  .transform(text => text.split(/\s+/).filter(word => word !== ''))
const flag = z
  .enum(['true', 'false', ''])
  .default('')
  .transform(text => text === 'true')

const schema = z.object({
  SCENARIOS: words,
  KERNELS: words,
  DISTRIBUTIONS: words,
  IPTABLES: z.enum(['nft', 'legacy', 'both', '']).default(''),
  ROOTLESS: flag,
  EVIDENCE: z.enum([...EVIDENCE_LEVELS, '']).default(''),
  TOGGLES: words,
  FAIL_ON: words,
  BASELINE: z.string().default(''),
  LOAD_MODULES: flag,
})

/** What a use of the action asks for. */
export interface Inputs {
  readonly kernels: readonly string[]
  readonly distributions: readonly string[]
  readonly rootless: boolean
  readonly loadModules: boolean
  /** A scenario that comes to one of these fails the step. */
  readonly failOn: readonly Verdict[]
  readonly baseline: string | undefined
  /** The options and ids for `lab run` and `lab matrix` alike. */
  readonly common: readonly string[]
  readonly scenarios: readonly string[]
}

/** Reads the inputs. Throws LabError (exit 2) that names the input which is not understood, or does not go with another. */
export function readInputs(env: NodeJS.ProcessEnv): Inputs {
  const parsed = schema.safeParse(env)
  const [issue] = parsed.error?.issues ?? []
  if (issue) throw wrong(inputName(String(issue.path[0])), issue.message)
  const given = parsed.data as z.output<typeof schema>
  if (given.KERNELS.length > 0 && given.DISTRIBUTIONS.length > 0)
    throw wrong(
      'distributions',
      'a guest has the tools of the runner',
      'leave out either kernels or distributions',
    )
  if (given.KERNELS.length > 0 && given.ROOTLESS)
    throw wrong('rootless', 'in a guest everything runs as root', 'leave out either kernels or rootless')
  if (given.KERNELS.length + given.DISTRIBUTIONS.length > 1 && given.BASELINE !== '')
    throw wrong(
      'baseline',
      'it is compared with one report, and here are several',
      'name one kernel or distribution',
    )
  const option = (name: string, value: string) => (value === '' ? [] : [name, value])
  return {
    kernels: given.KERNELS,
    distributions: given.DISTRIBUTIONS,
    rootless: given.ROOTLESS,
    loadModules: given.LOAD_MODULES,
    failOn: failOn(given.FAIL_ON),
    baseline: given.BASELINE === '' ? undefined : given.BASELINE,
    common: [
      ...option('--iptables', given.IPTABLES),
      ...option('--evidence', given.EVIDENCE),
      ...given.TOGGLES.flatMap(toggle => ['--toggle', toggle]),
    ],
    scenarios: given.SCENARIOS,
  }
}

/** How many reports a use of the action comes to, where nothing goes wrong. */
export function reportCount({ kernels, distributions }: Inputs): number {
  return Math.max(1, kernels.length + distributions.length)
}

/** The command lines of the lab that a use of the action comes to, one after the other, with their reports in a folder. */
export function commandLines(inputs: Inputs, folder: string): string[][] {
  const { kernels, distributions, rootless, loadModules, common, scenarios } = inputs
  if (kernels.length > 0)
    return [['matrix', '--kernel', ...kernels, '--out', folder, ...common, '--', ...scenarios]]
  const options = [...(rootless ? ['--rootless'] : []), ...(loadModules ? ['--load-modules'] : []), ...common]
  const run = (name: string, ...words: readonly string[]) => [
    ...['run', ...words, '--keep-going', '--json', join(folder, `${name}.json`)],
    ...[...options, '--', ...scenarios],
  ]
  if (distributions.length === 0) return [run('report')]
  return [
    ['distro', 'fetch', ...distributions],
    ...distributions.map(name => run(name.replaceAll(/[^\w.]+/g, '-'), '--distro', name)),
  ]
}

function failOn(given: readonly string[]): Verdict[] {
  if (given.length === 1 && given[0] === 'never') return []
  const stray = given.find(word => !VERDICTS.some(verdict => verdict === word))
  if (stray !== undefined) {
    const { message, remedy } = unknownWord('verdict', stray, [...VERDICTS, 'never'])
    throw wrong('fail-on', message, remedy)
  }
  return VERDICTS.filter(verdict => given.includes(verdict))
}

function inputName(variable: string): string {
  return variable.toLowerCase().replaceAll('_', '-')
}

function wrong(input: string, message: string, remedy = 'see the inputs in action.yml'): LabError {
  return new LabError(`the input '${input}': ${message}`, remedy, EXIT.usage)
}
