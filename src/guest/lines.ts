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

/** Takes text bit by bit, and calls `handle` with each line of it that is whole. */
export function splitter(handle: (line: string) => void): (text: string) => void {
  let rest = ''
  return text => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) handle(line.replace(/\r$/, ''))
  }
}
