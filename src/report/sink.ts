/** Where a reporter's text goes: a stream, as it comes, or a file, as a whole at the end. */
import { tryFile, writeWhole } from '../base/files.js'

export interface Sink {
  write(text: string): void
  /** Throws LabError when what was written could not be kept. */
  close(): void
}

/** Passes text on at once. */
export function streamSink(stream: Pick<NodeJS.WriteStream, 'write'>): Sink {
  return { write: text => void stream.write(text), close: () => {} }
}

/**
 * Keeps text until the end, and then writes the file so that it is either the old one or the whole new one. Throws
 * LabError (exit 2) at once when it could not be written: not after a run of minutes.
 */
export function fileSink(file: string): Sink {
  tryFile(file)
  const parts: string[] = []
  return { write: text => void parts.push(text), close: () => writeWhole(file, parts.join('')) }
}
