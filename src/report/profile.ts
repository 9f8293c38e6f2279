/** Where a run's time went: by phase, by probe and by command. Experiments overlap, so that sums exceed the run's own time. */
import { columns } from '../base/text.js'
import type { Reporter, RunEvent, TimedEvent } from '../model/event.js'

interface Sum {
  count: number
  ms: number
  longestMs: number
}

interface Clock {
  readonly name: string
  readonly began: number
  /** When the part that is under way began. */
  since: number
  part: string
  /** Milliseconds that the trials of this part took, which are not the toggles'. */
  trialsMs: number
}

const LONGEST = 8

/** Writes the tables when the run ends. */
export function profileReporter(write: (text: string) => void): Reporter {
  const phases = new Map<string, Sum>()
  const probes = new Map<string, Sum>()
  const commands = new Map<string, Sum>()
  const clocks = new Map<string, Clock>()
  const experiments: { name: string; ms: number }[] = []
  const began = performance.now()

  /** Ends the part of an experiment that is under way. */
  const turn = (clock: Clock, part: string) => {
    const now = performance.now()
    const spent = now - clock.since
    const phase = clock.part === 'build' || clock.part === 'take down' ? undefined : clock.part
    add(phases, phase === undefined ? clock.part : `${phase}: toggles`, spent - clock.trialsMs)
    if (phase !== undefined) add(phases, `${phase}: trials`, clock.trialsMs)
    Object.assign(clock, { since: now, part, trialsMs: 0 })
  }

  const take: { [T in RunEvent['type']]?: (event: Extract<TimedEvent, { type: T }>) => void } = {
    'experiment-start': ({ experiment, scenario, title }) => {
      const now = performance.now()
      clocks.set(experiment, {
        name: `${scenario}: ${title}`,
        began: now,
        since: now,
        part: 'build',
        trialsMs: 0,
      })
    },
    'phase-start': ({ experiment, phase }) => {
      const clock = clocks.get(experiment)
      if (clock) turn(clock, phase)
    },
    trial: ({ experiment, trial }) => {
      const clock = clocks.get(experiment)
      if (clock) clock.trialsMs += trial.elapsedMs
      add(probes, `${trial.probe} ${trial.outcome}`, trial.elapsedMs)
    },
    command: ({ command }) => {
      const [program = '', ...words] = command.argv
      const plain = words.filter(word => /^[a-z]/.test(word)).slice(0, 2)
      add(commands, [program, ...(command.builtin ? ['(built in)'] : plain)].join(' '), command.elapsedMs)
    },
    'experiment-end': ({ experiment }) => {
      const clock = clocks.get(experiment)
      if (!clock) return
      turn(clock, 'take down')
      experiments.push({ name: clock.name, ms: performance.now() - clock.began })
      clocks.delete(experiment)
    },
  }

  return {
    event(event) {
      ;(take[event.type] as ((event: TimedEvent) => void) | undefined)?.(event)
    },
    close() {
      const longest = experiments.sort((a, b) => b.ms - a.ms).slice(0, LONGEST)
      const parts = [
        `profile: ${Math.round(performance.now() - began)} ms in all, ${experiments.length} experiments that overlap`,
        table('by phase', phases),
        table('by probe', probes),
        table('by command', commands),
        columns([
          ['longest experiments', 'ms'],
          ...longest.map(({ name, ms }) => [name, String(Math.round(ms))]),
        ]),
      ]
      write(`${parts.join('\n\n')}\n`)
    },
  }
}

function add(sums: Map<string, Sum>, key: string, ms: number): void {
  const sum = sums.get(key) ?? { count: 0, ms: 0, longestMs: 0 }
  sums.set(key, { count: sum.count + 1, ms: sum.ms + ms, longestMs: Math.max(sum.longestMs, ms) })
}

function table(title: string, sums: ReadonlyMap<string, Sum>): string {
  const rows = [...sums].sort(([, a], [, b]) => b.ms - a.ms)
  return columns([
    [title, 'times', 'ms', 'mean', 'longest'],
    ...rows.map(([key, { count, ms, longestMs }]) => [
      key,
      String(count),
      ms.toFixed(0),
      (ms / count).toFixed(1),
      longestMs.toFixed(1),
    ]),
  ])
}
