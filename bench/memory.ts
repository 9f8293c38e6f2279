/** What one process keeps of a run once it is over: descriptors (none), and memory (next to none). */
import { readdirSync, readlinkSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { EXIT } from '../src/base/errors.js'
import { columns } from '../src/base/text.js'
import { run } from '../src/engine/run.js'
import { defaultBackend, iptablesCommands } from '../src/kernel/iptables.js'
import { exitStatus } from '../src/model/verdict.js'
import { chooseScenarios } from '../src/plan/catalogue.js'

/** A small one, with every kind of thing that a run opens: namespaces, links, servers, sysctls, rules, the kernel log. */
const SCENARIO = 'lan-dnat-without-snat'
/** Until then caches fill and code is compiled: a part of all runs, but no fewer than Node.js 24 still grows by 2 MiB each in. */
const WARM_UP = 0.1
const WARM_UP_RUNS = 20
const ROWS = 10
/** A run that kept its report, its plan or its events would grow by some 100 KiB each: these are far below, and above the noise. */
const HEAP_KB_PER_RUN = 8
const RSS_KB_PER_RUN = 32
/** What the allocator may give or take by chance, however few the runs. */
const NOISE_KB = 16 << 10

/**
 * Namespaces that are over are closed many at a time, so their number goes up and down; a run has some 30, so that a leak is
 * beyond this soon.
 */
const MOST_RETIRED = 512

interface Sample {
  readonly run: number
  readonly rssKb: number
  readonly heapKb: number
  /** Open ones, but for those of retired namespaces. */
  readonly descriptors: number
  readonly retired: number
}

/** Runs a small scenario so often in this process, which is inside the world; resolves with the exit status. */
export async function measureMemory(runs: number, rootless: boolean, signal: AbortSignal): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const { scenarios } = await chooseScenarios([SCENARIO])
  const backend = await defaultBackend()
  const samples: Sample[] = []
  const every = Math.max(1, Math.floor(runs / ROWS))
  const failures: string[] = []
  const started = performance.now()
  for (let number = 1; number <= runs; number++) {
    const report = await run({
      scenarios,
      backends: [{ backend, commands: iptablesCommands(backend, backend) }],
      toggles: [],
      repeat: 1,
      keepGoing: false,
      rootless,
      emit: () => {},
      signal,
    })
    if (exitStatus(report.scenarios.map(({ verdict }) => verdict)) !== EXIT.ok)
      failures.push(`run ${number}: ${report.scenarios.map(({ reason }) => reason).join('; ')}`)
    if (number % every !== 0) continue
    collectGarbage()
    const { rss, heapUsed } = process.memoryUsage()
    samples.push({ run: number, rssKb: rss >> 10, heapKb: heapUsed >> 10, ...descriptors() })
  }
  print(samples, (performance.now() - started) / runs)
  failures.push(...growth(samples, runs))
  for (const failure of failures) process.stdout.write(`${failure}\n`)
  return failures.length > 0 ? EXIT.failed : EXIT.ok
}

/** A file of a mount that was taken away, which is what a retired namespace is, reads `/` (d_path in fs/d_path.c). */
function descriptors(): Pick<Sample, 'descriptors' | 'retired'> {
  const links = readdirSync('/proc/self/fd').map(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      // The one that read the folder, every time.
      return undefined
    }
  })
  const retired = links.filter(link => link === '/').length
  return { descriptors: links.length - retired, retired }
}

/** What grew from the end of the warm-up to the end of all. */
function growth(samples: readonly Sample[], runs: number): string[] {
  const first = samples.find(({ run }) => run >= Math.max(WARM_UP_RUNS, runs * WARM_UP))
  const last = samples.at(-1)
  if (!first || !last || first === last) return []
  const count = last.run - first.run
  const grew = (what: string, by: number, limit: number, unit: string) =>
    by > limit ? [`${what} grew by ${by} ${unit} in ${count} runs; ${limit} would be normal`] : []
  return [
    ...grew('open descriptors', last.descriptors - first.descriptors, 0, ''),
    ...(last.retired > MOST_RETIRED ? [`${last.retired} namespaces that are over are still open`] : []),
    ...grew('heap', last.heapKb - first.heapKb, NOISE_KB + count * HEAP_KB_PER_RUN, 'KiB'),
    ...grew('resident memory', last.rssKb - first.rssKb, NOISE_KB + count * RSS_KB_PER_RUN, 'KiB'),
  ]
}

function print(samples: readonly Sample[], msPerRun: number): void {
  const rows = samples.map(({ run, rssKb, heapKb, descriptors, retired }) =>
    [run, rssKb, heapKb, descriptors, retired].map(String),
  )
  const table = columns([['runs', 'RSS KiB', 'heap KiB', 'descriptors', 'retired'], ...rows])
  process.stdout.write(`memory of one process, ${Math.round(msPerRun)} ms a run of ${SCENARIO}\n${table}\n`)
}
