/** `lab explain`. */
import { styleText } from 'node:util'
import { unknownWord } from '../base/nearest.js'
import { explainScenario } from '../explain/page.js'
import { parseKernelVersion, runningKernel } from '../model/version.js'
import { loadScenarios } from '../plan/catalogue.js'

/** Runs `lab explain`: prints the story of a scenario. Throws LabError (exit 2) for an unknown id. */
export async function explain(id: string): Promise<void> {
  const all = await loadScenarios()
  const scenario = all.find(candidate => candidate.id === id)
  if (!scenario)
    throw unknownWord(
      'scenario',
      id,
      all.map(candidate => candidate.id),
    )
  const kernel = parseKernelVersion(runningKernel().version) ?? { major: 0, minor: 0, patch: 0 }
  const strong = (text: string) =>
    process.stdout.isTTY && !process.env.NO_COLOR ? styleText('bold', text) : text
  process.stdout.write(explainScenario(scenario, all, kernel, strong))
}
