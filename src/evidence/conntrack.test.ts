import t from 'tap'
import type { EvidenceContext } from '../model/evidence.js'
import { tracked } from './conntrack.js'

/** A line of /proc/net/nf_conntrack. */
const entry = (port: number, timeout: number, uses = 2) =>
  `ipv4     2 udp      17 ${timeout} src=10.0.0.2 dst=10.0.0.1 sport=${port} dport=80 [UNREPLIED] src=10.0.0.1 dst=10.0.0.2 sport=80 dport=${port} mark=0 zone=0 use=${uses}`

/** A node whose connection tracking table reads so, one reading after the other. */
function context(...readings: readonly string[][]): EvidenceContext {
  const left = [...readings]
  const netns = { readProc: () => left.shift()?.join('\n') }
  return { netns: () => netns } as unknown as EvidenceContext
}

/** What a trial finds of `udp`, one after the other, each reading the table before and after. */
async function trials(count: number, of: EvidenceContext): Promise<string[]> {
  const proof = tracked('a', 'udp')
  const found: string[] = []
  for (let trial = 0; trial < count; trial++) {
    const watch = await tracked.evidence.watch(proof, of)
    const { state, says } = await watch.look()
    found.push(`${state} ${/sport=\d+/.exec(says)?.[0] ?? ''}`)
  }
  return found
}

t.test('an entry that came during a trial is seen', async test => {
  test.strictSame(await trials(1, context([], [entry(1, 30)])), ['seen sport=1'])
})

t.test('an entry that is as old as the trial before is none, however it has changed', async test => {
  const readings = context([], [entry(1, 30)], [entry(1, 25)], [entry(1, 24, 3)])
  test.strictSame(await trials(2, readings), ['seen sport=1', 'absent '])
})

t.test('an entry that one reading leaves out does not come anew with the next', async test => {
  const readings = context([], [entry(1, 30)], [], [entry(1, 25), entry(2, 30)], [], [entry(1, 20)])
  test.strictSame(await trials(3, readings), ['seen sport=1', 'seen sport=2', 'absent '])
})
