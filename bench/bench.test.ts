/** The short forms of `npm run soak` and `npm run chaos`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { planRound } from './chaos-round.js'
import { FAULTS } from './faults.js'
import { stateChanges } from './snapshot.js'

const needsRoot = process.getuid?.() === 0 ? {} : { skip: 'it takes root' }
/** Small ones, with all that can be disturbed but the daemons. */
const QUICK = ['lan-dnat-without-snat', 'rp-filter-loopback-redirect']
t.setTimeout(300_000)

async function script(
  name: string,
  args: readonly string[],
): Promise<{ status: number | null; said: string }> {
  const file = fileURLToPath(new URL(name, import.meta.url))
  // What tap has every process load (by NODE_OPTIONS, which it puts back where it is left out) writes into a folder that a
  // disturbed one may not write to.
  const argv = ['-u', 'NODE_OPTIONS', process.execPath, file, ...args]
  const child = spawn('env', argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return { status: child.exitCode, said: out + err }
}

t.test('a round is decided by its seed, and consecutive seeds go through every fault', async test => {
  const ids = [...QUICK, 'hairpin-ipv6-dad']
  const { random: one, ...first } = planRound(3, ids)
  const { random: other, ...second } = planRound(3, ids)
  test.same(first, second)
  test.equal(one(), other(), 'what the fault itself leaves to chance comes from the seed, too')
  const faults = new Set(FAULTS.map((_, at) => planRound(1000 + at, ids).fault.name))
  test.equal(faults.size, FAULTS.length)
})

t.test('what changed on the host is named line by line', async test => {
  const changes = stateChanges({ links: 'lo\neth0', mounts: '/' }, { links: 'lo\nveth1', mounts: '/' })
  test.same(changes, ['links lost: eth0', 'links got: veth1'])
})

t.test('a number that is none is refused before anything runs', needsRoot, async test => {
  const { status, said } = await script('soak.js', ['--repeat', 'often'])
  test.equal(status, 2)
  test.match(said, /--repeat often is not a whole number/)
})

t.test('repeated in a shuffled order, no trial changes its verdict', needsRoot, async test => {
  const { status, said } = await script('soak.js', ['--repeat', '2', '--memory', '0', '--seed', '1'])
  test.equal(status, 0, said)
  test.match(said, /shuffled; the same order again: --seed 1\n/)
})

t.test('30 runs in one process leave no descriptor open', needsRoot, async test => {
  const { status, said } = await script('soak.js', ['--repeat', '0', '--memory', '30'])
  test.equal(status, 0, said)
})

t.test('disturbed at any moment, a run tells the truth and leaves nothing', needsRoot, async test => {
  const { status, said } = await script('chaos.js', ['--times', '23', '--seed', '1', ...QUICK])
  test.equal(status, 0, said)
})
