import t from 'tap'
import type { EvidenceContext, Finding } from '../model/evidence.js'
import type { ProbeResult } from '../model/probe.js'
import { failedWith } from './errno.js'

/** What the proof says of a probe with this result. */
async function said(result: ProbeResult): Promise<Finding> {
  const context: Partial<EvidenceContext> = { result: () => result }
  const watch = await failedWith.evidence.watch(failedWith('a', 'sendto', 'EIO'), context as EvidenceContext)
  return watch.look()
}

t.test('the errno that a system call of the probe failed with', async test => {
  const fails = (call: string, code: string): ProbeResult => ({
    outcome: 'fails',
    says: 'it was refused',
    refused: { call, code },
  })
  test.match(await said(fails('sendto', 'EIO')), { state: 'seen', says: 'sendto: EIO' })
  test.match(await said(fails('sendto', 'EPERM')), { state: 'absent', says: 'sendto: EPERM' })
  test.match(await said(fails('connect', 'EIO')), { state: 'absent', says: 'connect: EIO' })
  test.match(await said({ outcome: 'works', says: 'it came' }), {
    state: 'absent',
    says: 'sendto was not refused',
  })
})
