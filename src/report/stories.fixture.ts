/** What reports tell of the lab's own scenarios. */
import { storyOf } from '../engine/story.js'
import { loadCatalogue } from '../plan/catalogue.js'

const { scenarios } = await loadCatalogue()

export const stories = scenarios.map(scenario => ({ id: scenario.id, scenario, story: storyOf(scenario) }))
