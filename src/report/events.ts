/** Everything that happens, as it does: a line of JSON for each event (src/model/event.ts). */
import type { Reporter } from '../model/event.js'
import type { Sink } from './sink.js'

/** Writes each event as it comes. */
export function eventsReporter(sink: Sink): Reporter {
  return {
    event: event => sink.write(`${JSON.stringify(event)}\n`),
    close: () => sink.close(),
  }
}
