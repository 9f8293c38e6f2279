/** Colours of a terminal, where they are wanted. */
import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Puts text into a format, or leaves it as it is. */
export type Paint = (format: Format, text: string) => string

/**
 * Whether colours are wanted on a stream: FORCE_COLOR says so for any stream (and 0 or false that they are not), else NO_COLOR
 * and TERM=dumb say that they are not, else it is whether the stream is a terminal.
 */
function wantsColour(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  const { FORCE_COLOR: force = '', NO_COLOR: none = '', TERM: term } = env
  if (force !== '') return force !== '0' && force !== 'false'
  return none === '' && term !== 'dumb' && isTerminal
}

/** What paints text for a stream, by `wantsColour`. */
export function painter(stream: { readonly isTTY?: boolean }, env = process.env): Paint {
  // Node.js would ask standard output, whatever the text is written to.
  return wantsColour(stream.isTTY === true, env)
    ? (format, text) => (text === '' ? text : styleText(format, text, { validateStream: false }))
    : (_, text) => text
}
