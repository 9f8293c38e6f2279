/** What breaks on a busy machine is no answer: it is asked for again, with nothing else going on. */
import type { CellOptions, DoneCell, GuestCell, runInGuests } from './cells.js'

/** How often what broke is run again. */
const MORE_TRIES = 2

/**
 * Runs cells in guests; what ends in error there, or a whole cell that gives no report, is run again alone, and counts as it came out then.
 * Throws what `run` does.
 */
export async function runSettled(
  cells: readonly GuestCell[],
  options: CellOptions,
  run: typeof runInGuests,
): Promise<DoneCell[]> {
  const done = await run(cells, options)
  for (const [at, cell] of cells.entries())
    for (let tries = 2; tries <= 1 + MORE_TRIES; tries++) {
      const first = done[at]
      const broken = brokenIn(first)
      if (!first || broken?.length === 0) break
      const once = {
        ...{ ...cell, name: `${cell.name}, try ${tries}`, again: cell.name },
        scenarios: broken ?? cell.scenarios,
      }
      const [second] = await run([once], { ...options, jobs: 1 })
      if (second) done[at] = joined(first, second)
    }
  return done
}

/** Ids of the scenarios that ended in error; undefined where there is no report. */
function brokenIn(done: DoneCell | undefined): string[] | undefined {
  return done?.report?.scenarios.flatMap(({ id, verdict }) => (verdict === 'error' ? [id] : []))
}

function joined(first: DoneCell, second: DoneCell): DoneCell {
  const { report } = first
  if (!report) return second.report ? { ...second, name: first.name } : first
  const fresh = new Map(second.report?.scenarios.map(scenario => [scenario.id, scenario]))
  return {
    ...first,
    report: { ...report, scenarios: report.scenarios.map(own => fresh.get(own.id) ?? own) },
  }
}
