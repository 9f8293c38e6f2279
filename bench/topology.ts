/**
 * Building and taking down hosts on one bridge, side by side: the engine, the same steps by `ip -batch` and sysctl(8), one
 * process each per namespace, Mininet, and the floor: the engine's own netlink messages from a small process.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { withDir } from 'tmp-promise'
import { repositoryFile } from '../src/base/root.js'
import { columns } from '../src/base/text.js'
import { missingTool } from '../src/base/tools.js'
import type { Measurement } from './topology-once.js'

const HOSTS = [4, 32, 100, 400, 1000]
const METHODS = ['engine', 'programs', 'mininet', 'floor'] as const
type Method = (typeof METHODS)[number]
/** Mininet takes a minute for a thousand hosts: as often as that is bearable. */
const MININET_TIMES = (hosts: number) => (hosts <= 32 ? 3 : 1)
const PYTHON = '/usr/bin/python3'
const ONCE = fileURLToPath(new URL('./topology-once.js', import.meta.url))
const TIMEOUT_MS = 600_000
const DRAIN_MS = 120_000

/** What the benchmark says of one number of hosts. */
export interface TopologyResult {
  readonly hosts: number
  readonly medians: Partial<Record<Method, Measurement>>
}

/**
 * Measures, with `progress` called for each number of hosts. What cannot be measured here is left out, and said to
 * `skipped`. Throws what a measurement ends with that does not come to its end.
 */
export async function benchTopology(
  { times, most }: { readonly times: number; readonly most: number },
  skipped: (what: string, why: string) => void,
  progress: (text: string) => void,
): Promise<TopologyResult[]> {
  return withDir(
    async ({ path }) => {
      const floor = join(path, 'floor')
      const lacks: Partial<Record<Method, string>> = {}
      const noCompiler = missingTool('gcc')
      if (noCompiler) lacks.floor = noCompiler
      else await execa('gcc', ['-O2', '-o', floor, repositoryFile('bench/floor.c')])
      const noMininet = await execa(PYTHON, ['-c', 'import mininet.nodelib'], { reject: false })
      if (noMininet.failed) lacks.mininet = 'Mininet is not installed: apt-get install mininet bridge-utils'
      for (const method of METHODS) if (lacks[method]) skipped(method, lacks[method] ?? '')

      const results: TopologyResult[] = []
      for (const hosts of HOSTS.filter(number => number <= most)) {
        const messages = join(path, 'messages')
        await execa(process.execPath, [ONCE, 'messages', String(hosts), messages])
        const runs: Record<Method, Measurement[]> = { engine: [], programs: [], mininet: [], floor: [] }
        for (let time = 0; time < times; time++)
          for (const method of METHODS) {
            if (lacks[method] || (method === 'mininet' && time >= MININET_TIMES(hosts))) continue
            await settled()
            runs[method].push(
              method === 'floor'
                ? await measureFloor(floor, messages)
                : method === 'mininet'
                  ? await measureMininet(hosts)
                  : await measureOurs(method, hosts),
            )
          }
        const medians = Object.fromEntries(
          METHODS.flatMap(method => (runs[method].length > 0 ? [[method, median(runs[method])]] : [])),
        )
        results.push({ hosts, medians })
        progress(`${hosts} hosts measured`)
      }
      return results
    },
    { unsafeCleanup: true },
  )
}

async function measureOurs(method: 'engine' | 'programs', hosts: number): Promise<Measurement> {
  const { stdout } = await execa(process.execPath, [ONCE, method, String(hosts)], { timeout: TIMEOUT_MS })
  return JSON.parse(stdout) as Measurement
}

/** In namespaces of its own, as it builds its switch where it is started. */
async function measureMininet(hosts: number): Promise<Measurement> {
  const script = 'ip link set lo up; mount -t tmpfs none /run; exec "$@"'
  const inside = ['sh', '-c', script, 'sh', PYTHON, repositoryFile('bench/mininet-once.py'), String(hosts)]
  const flags = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const { stdout } = await execa('unshare', [...flags, ...inside], { timeout: TIMEOUT_MS })
  return JSON.parse(stdout) as Measurement
}

async function measureFloor(program: string, messages: string): Promise<Measurement> {
  const { stdout } = await execa('unshare', ['--net', program, messages], { timeout: TIMEOUT_MS })
  const [buildMs = 0, downMs = 0] = stdout.split(' ').map(nanoseconds => Number(nanoseconds) / 1e6)
  return { buildMs, downMs }
}

/** Waits until the kernel has freed the namespaces of the measurement before, which it does in the background. */
async function settled(): Promise<void> {
  const until = performance.now() + DRAIN_MS
  let before = namespaces()
  for (;;) {
    await delay(200)
    const now = namespaces()
    if (now >= before || performance.now() > until) return
    before = now
  }
}

/** Network namespaces that the kernel has, and those that it has not freed yet; 0 where only root of a kernel with slabinfo may know. */
function namespaces(): number {
  try {
    return Number(/^net_namespace\s+(\d+)/m.exec(readFileSync('/proc/slabinfo', 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

function median(runs: readonly Measurement[]): Measurement {
  const of = (key: keyof Measurement): number => {
    const values = runs.map(run => run[key] ?? 0).sort((a, b) => a - b)
    return values[Math.floor(values.length / 2)] ?? 0
  }
  const [first] = runs
  return {
    buildMs: of('buildMs'),
    downMs: of('downMs'),
    ...(first?.reachMs === undefined ? {} : { reachMs: of('reachMs') }),
    ...(first?.ownKiB === undefined ? {} : { ownKiB: of('ownKiB'), kernelKiB: of('kernelKiB') }),
  }
}

/** The results as text. */
export function describeTopology(results: readonly TopologyResult[]): string {
  const ms = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(value < 100 ? 1 : 0))
  const times = (value: number | undefined, of: number | undefined) =>
    value === undefined || of === undefined ? '-' : `${(value / of).toFixed(2)}`
  return columns([
    [
      'hosts',
      'engine',
      'programs',
      'mininet',
      'floor',
      'engine/floor',
      'mininet/engine',
      'engine per host',
      'reach',
      'down',
      'mininet down',
      'KiB per host (own, kernel)',
    ],
    ...results.map(({ hosts, medians: { engine, programs, mininet, floor } }) => [
      String(hosts),
      `${ms(engine?.buildMs)} ms`,
      `${ms(programs?.buildMs)} ms`,
      `${ms(mininet?.buildMs)} ms`,
      `${ms(floor?.buildMs)} ms`,
      times(engine?.buildMs, floor?.buildMs),
      times(mininet?.buildMs, engine?.buildMs),
      `${((engine?.buildMs ?? 0) / hosts).toFixed(2)} ms`,
      `${ms(engine?.reachMs)} ms`,
      `${ms(engine?.downMs)} ms`,
      `${ms(mininet?.downMs)} ms`,
      `${Math.round(engine?.ownKiB ?? 0)}, ${Math.round(engine?.kernelKiB ?? 0)}`,
    ]),
  ])
}
