/**
 * `npm run bench [-- topology|catalogue|startup|race …] [--times N] [--most HOSTS] [--connections N] [--out FILE]`: measures,
 * side by side on this machine, what docs/measurements.md says of the lab's speed. On a quiet machine: nothing else may run beside it.
 */
import { cpus, release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { argv, echo, fs } from 'zx'
import { describeError, EXIT } from '../src/base/errors.js'
import { unknownWord } from '../src/base/nearest.js'
import { columns } from '../src/base/text.js'
import { count } from './options.js'
import type { RaceResult } from './race.js'
import { benchTopology, describeTopology } from './topology.js'

const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const RACE = fileURLToPath(new URL('./race.js', import.meta.url))

type Part = (options: {
  readonly times: number
  readonly most: number
  readonly connections: number
}) => Promise<unknown>

const PARTS: Readonly<Record<string, Part>> = { startup, topology, catalogue, race }

try {
  process.exitCode = await main()
} catch (error) {
  echo(`bench: ${describeError(error)}`)
  process.exitCode = EXIT.error
}

async function main(): Promise<number> {
  const chosen = argv._.length > 0 ? argv._.map(String) : Object.keys(PARTS)
  for (const part of chosen) if (!(part in PARTS)) throw unknownWord('part', part, Object.keys(PARTS))
  const options = {
    times: count(argv.times, '--times', 5),
    most: count(argv.most, '--most', 1000),
    connections: count(argv.connections, '--connections', 20_000),
  }
  const machine = `${new Date().toISOString().slice(0, 10)}, Linux ${release()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node.js ${process.version}`
  echo(machine)
  const results: Record<string, unknown> = { machine }
  for (const part of chosen) {
    echo(`\n${part}`)
    results[part] = await PARTS[part]?.(options)
  }
  if (argv.out) await fs.outputJson(String(argv.out), results, { spaces: 2 })
  return EXIT.ok
}

async function topology(options: { readonly times: number; readonly most: number }): Promise<unknown> {
  const skipped = (what: string, why: string) => echo(`  skipped: ${what}: ${why}`)
  const results = await benchTopology(options, skipped, text => echo(`  ${text}`))
  echo(describeTopology(results))
  return results
}

/** The commands that must answer at once. */
async function startup({ times }: { readonly times: number }): Promise<unknown> {
  const results: Record<string, number> = {}
  for (const args of [['--help'], ['list']]) {
    const taken: number[] = []
    for (let time = 0; time < times * 2; time++) taken.push(await milliseconds([MAIN, ...args]))
    results[args.join(' ')] = median(taken)
  }
  const bare: number[] = []
  for (let time = 0; time < times * 2; time++) bare.push(await milliseconds(['-e', '']))
  results['node alone'] = median(bare)
  echo(columns(Object.entries(results).map(([name, ms]) => [name, `${ms.toFixed(0)} ms`])))
  return results
}

/** The whole catalogue, from the command line to its exit. */
async function catalogue({ times }: { readonly times: number }): Promise<unknown> {
  const results: Record<string, { readonly medianMs: number; readonly allMs: number[] }> = {}
  for (const [name, args] of Object.entries({
    'evidence basic': ['run', '--evidence', 'basic'],
    'evidence full': ['run', '--evidence', 'full'],
    'evidence basic, rootless': ['run', '--rootless'],
  })) {
    const allMs: number[] = []
    for (let time = 0; time < times; time++) allMs.push(await milliseconds([MAIN, ...args]))
    results[name] = { medianMs: median(allMs), allMs }
  }
  echo(
    columns([
      ['', 'median', 'all'],
      ...Object.entries(results).map(([name, { medianMs, allMs }]) => [
        name,
        `${(medianMs / 1000).toFixed(2)} s`,
        allMs.map(ms => (ms / 1000).toFixed(2)).join(' '),
      ]),
    ]),
  )
  return results
}

async function race({ connections }: { readonly connections: number }): Promise<unknown> {
  const { stdout } = await execa(process.execPath, [RACE, String(connections)])
  const results = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as RaceResult)
  const percent = (share = 0) => `${(100 * share).toFixed(3)} %`
  const milli = (us = 0) => `${(us / 1000).toFixed(2)} ms`
  echo(
    columns([
      [
        '--random…',
        'per second',
        'connections',
        'lost SYN',
        '95 % from',
        'to',
        'insert_failed',
        'sent again',
        'p50',
        'p90',
        'p99',
        'p99.9',
        'longest',
      ],
      ...results.map(({ setting, measured: m }) => [
        setting,
        String(m.perSecond),
        String(m.connections),
        String(m.lost),
        percent(m.lostShareLow),
        percent(m.lostShareHigh),
        String(m.insertFailed),
        String(m.retransmissions),
        milli(m.p50Us),
        milli(m.p90Us),
        milli(m.p99Us),
        milli(m.p999Us),
        milli(m.maxUs),
      ]),
    ]),
  )
  return results
}

/** How long this Node.js takes with these arguments. Throws when it does not end with status 0. */
async function milliseconds(args: readonly string[]): Promise<number> {
  const began = performance.now()
  await execa(process.execPath, args)
  return performance.now() - began
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
