import t from 'tap'
import { loadCatalogue } from '../plan/catalogue.js'
import { OPTIONS } from '../plan/plan.fixture.js'
import { planScenario } from '../plan/plan.js'
import { untriedTrials } from './untried.js'

const [scenario] = (await loadCatalogue()).scenarios
const [plan] = scenario ? planScenario(scenario, OPTIONS) : []
if (!plan) throw new Error('there is no plan')
const missing = { id: 'veth', why: 'there is no veth', undecided: false }
const unknown = { id: 'bridge', why: 'nobody knows', undecided: true }

t.test('an experiment that lacks something is skipped, by the name of all that it lacks', async test => {
  const trials = untriedTrials(plan, 1, [missing, unknown])
  test.equal(trials.length, plan.phases.flatMap(phase => phase.trials).length)
  for (const { verdict, outcome, ok, why } of trials)
    test.same(
      { verdict, outcome, ok, why },
      {
        ...{ verdict: 'skipped', outcome: 'skipped', ok: true },
        why: 'there is no veth; nobody knows',
      },
    )
})

t.test(
  'an experiment of which nobody knows whether it could be tried is in error, never skipped',
  async test => {
    for (const { verdict, outcome, ok } of untriedTrials(plan, 1, [unknown]))
      test.same({ verdict, outcome, ok }, { verdict: 'error', outcome: 'error', ok: false })
  },
)
