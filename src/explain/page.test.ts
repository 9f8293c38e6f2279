import t from 'tap'
import { version } from '../model/version.fixture.js'
import { scenarios } from '../script/script.fixture.js'
import { explainScenario } from './page.js'

t.test(
  'every scenario is explained with its source, mechanisms and the lines for a real system',
  async test => {
    for (const kernel of ['5.10', '6.12'])
      for (const scenario of scenarios) {
        const page = explainScenario(scenario, scenarios, version(kernel), text => text)
        test.match(page, scenario.source.url)
        for (const { title } of Object.values(scenario.mechanisms)) test.match(page, title)
        for (const toggle of Object.values(scenario.toggles))
          for (const line of toggle.settings.slice(1).flatMap(setting => toggle.onRealSystem(setting)))
            test.match(page, line, line)
      }
  },
)
