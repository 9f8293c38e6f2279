import t from 'tap'
import type { Finding, Mechanism } from '../model/evidence.js'
import { judgeMechanism } from './index.js'
import { mib } from './registry.js'

const MECHANISM: Mechanism = {
  title: 'a mechanism',
  where: 'somewhere()',
  document: 'a line',
  proofs: [mib('a', 'Moves'), mib('a', 'Still').still()],
}
const finding = (state: Finding['state']): Finding => ({ source: 'mib', node: 'a', state, says: state })

t.test(
  'a mechanism is proved by what it makes happen, and disproved by anything that speaks against it',
  async test => {
    const judge = (...states: Finding['state'][]) => judgeMechanism(MECHANISM, states.map(finding))
    test.equal(judge('seen', 'seen'), 'proved')
    test.equal(judge('seen', 'absent'), 'disproved')
    test.equal(judge('absent', 'seen'), 'disproved')
    test.equal(judge('unavailable', 'seen'), 'unknown', 'that something stayed away proves nothing alone')
    test.equal(judge('unavailable', 'unavailable'), 'unknown')
    test.equal(judge('seen', 'not-seen'), 'proved', 'a line that may have been held back is no contradiction')
  },
)
