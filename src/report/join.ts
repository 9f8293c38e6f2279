/** The shards of a run, put together again: a report that does not show where it was cut. */
import { EXIT, LabError } from '../base/errors.js'
import type { Report } from '../model/report.js'
import { countVerdicts } from '../model/verdict.js'

/**
 * Puts shards together, each run's into one report where its first shard is; what is no shard stays as it is. Throws LabError
 * (exit 2) where a shard is missing or there twice: what is left would look like the whole.
 */
export function joinShards(reports: readonly Report[]): Report[] {
  const runs = new Map<string, Report[]>()
  for (const [at, report] of reports.entries()) {
    const key = report.shard === undefined ? `whole ${at}` : runOf(report)
    runs.set(key, [...(runs.get(key) ?? []), report])
  }
  return [...runs.values()].map(join)
}

/** What the shards of one run have in common. */
function runOf({ kernel, machine: { privilege, distribution, userland, defaults }, shard }: Report): string {
  const count = shard?.split('/')[1]
  return JSON.stringify([kernel, privilege, distribution, userland?.digest, defaults, count])
}

function join(shards: readonly Report[]): Report {
  const [first] = shards
  if (!first) throw new Error('no shards')
  const { shard, ...common } = first
  if (shard === undefined) return first
  checkComplete(shards)
  const scenarios = shards.flatMap(report => report.scenarios).sort((a, b) => (a.id < b.id ? -1 : 1))
  const { changed: _, ...machine } = first.machine
  const changed = shards.flatMap(report => report.machine.changed ?? [])
  const slowest = Math.max(...shards.map(report => report.machine.slowest ?? report.machine.slowness))
  return {
    ...common,
    machine: {
      ...machine,
      slowness: Math.max(...shards.map(report => report.machine.slowness)),
      ...(machine.slowest === undefined ? {} : { slowest }),
      ...(changed.length > 0 ? { changed } : {}),
    },
    started: shards.map(({ started }) => started).sort()[0] ?? first.started,
    elapsedMs: shards.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0),
    summary: countVerdicts(scenarios.map(({ verdict }) => verdict)),
    unavailable: shards
      .flatMap(({ unavailable }) => unavailable)
      .filter(({ what }, at, all) => all.findIndex(other => other.what === what) === at),
    scenarios,
  }
}

function checkComplete(shards: readonly Report[]): void {
  const of = `of the run on Linux ${shards[0]?.kernel.version}`
  const there = shards.map(({ shard = '' }) => shard)
  const count = Number(there[0]?.split('/')[1])
  for (let index = 1; index <= count; index++) {
    const times = there.filter(shard => shard === `${index}/${count}`).length
    if (times !== 1)
      throw new LabError(
        times === 0
          ? `shard ${index}/${count} ${of} is missing`
          : `shard ${index}/${count} ${of} is there ${times} times`,
        'give the reports of all shards of a run, each once',
        EXIT.usage,
      )
  }
}
