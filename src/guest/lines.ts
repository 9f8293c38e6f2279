/** What comes through a pipe, as text and in lines. */
import { Readable } from 'node:stream'

/** Calls `handle` with the text that a pipe brings; what is no pipe brings none. */
export function onText(pipe: unknown, handle: (text: string) => void): void {
  if (!(pipe instanceof Readable)) return
  pipe.setEncoding('utf8')
  pipe.on('data', handle)
  // The other end is killed, not closed.
  pipe.on('error', () => undefined)
}

/** Calls `handle` with each line that a pipe brings, without its end. A last line that was never ended is none. */
export function onLines(pipe: unknown, handle: (line: string) => void): void {
  onText(pipe, splitter(handle))
}

/**
 * Takes text bit by bit, and passes it on until `mark` comes, of which the first character is nowhere else in it; then calls
 * `ended`.
 */
export function until(
  mark: string,
  handle: (text: string) => void,
  ended: () => void,
): (text: string) => void {
  let held = ''
  return text => {
    held += text
    const end = held.indexOf(mark)
    const begins = held.lastIndexOf(mark.charAt(0))
    // The rest of it may come with the next bit.
    const upTo = end >= 0 ? end : begins >= 0 && mark.startsWith(held.slice(begins)) ? begins : held.length
    if (upTo > 0) handle(held.slice(0, upTo))
    held = end >= 0 ? '' : held.slice(upTo)
    if (end >= 0) ended()
  }
}

/** Takes text bit by bit, and calls `handle` with each line of it that is whole. */
export function splitter(handle: (line: string) => void): (text: string) => void {
  let rest = ''
  return text => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) handle(line.replace(/\r$/, ''))
  }
}
