/** `lab explain`. */
import { styleText } from 'node:util'
import { explainScenario } from '../explain/page.js'
import { runningVersion } from '../kernel/running.js'
import { loadCatalogue, oneScenario } from '../plan/catalogue.js'

/** Runs `lab explain`: prints the story of a scenario. Throws LabError (exit 2) for an unknown id. */
export async function explain(id: string): Promise<void> {
  const scenario = await oneScenario(id)
  const { scenarios } = await loadCatalogue()
  const strong = (text: string) =>
    process.stdout.isTTY && !process.env.NO_COLOR ? styleText('bold', text) : text
  process.stdout.write(explainScenario(scenario, scenarios, runningVersion(), strong))
}
