/**
 * The kernel log, /dev/kmsg: one for the whole machine. Records are told apart by sequence number, and attributed by
 * what is in them: addresses, device, and the MAC address in the `ll header` dump, which each run's devices have to
 * themselves.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import type { EvidenceSource, Finding, KernelLogProof } from '../model/proof.js'

/** One record of the log. */
export interface LogRecord {
  readonly sequence: number
  /** Microseconds since boot. */
  readonly timestampUs: number
  readonly text: string
}

/** A record of /dev/kmsg: `priority,sequence,timestamp,flags;text` (Documentation/ABI/testing/dev-kmsg). */
export function parseLogRecord(record: string): LogRecord | undefined {
  const match = /^\d+,(\d+),(\d+),[^;]*;(.*)/.exec(record)
  if (!match) return undefined
  const [, sequence, timestampUs, text = ''] = match
  return {
    sequence: Number(sequence),
    timestampUs: Number(timestampUs),
    text: text.replaceAll('\\x09', '\t'),
  }
}

/** Everything that the kernel logged since this was opened. */
export class KernelLog {
  readonly #fd: number
  readonly #records: LogRecord[] = []
  #lost = false

  /** Opens /dev/kmsg at its end. Throws EPERM where the user may not read it. */
  constructor() {
    this.#fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK)
    // There is no lseek in Node.js: what was there before is read and dropped.
    this.records()
    this.#records.length = 0
    this.#lost = false
  }

  /** All records so far, oldest first. */
  records(): readonly LogRecord[] {
    const buffer = Buffer.alloc(8192)
    for (;;) {
      try {
        const length = readSync(this.#fd, buffer)
        const record = parseLogRecord(buffer.toString('utf8', 0, length))
        if (record) this.#records.push(record)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EAGAIN') return this.#records
        // The ring went round under us: records are missing, and the next read goes on with the oldest there is.
        if (code !== 'EPIPE') throw error
        this.#lost = true
      }
    }
  }

  /** Whether lines may be missing since `index`: the ring went round, or net_ratelimit() held some back. */
  incomplete(index: number): boolean {
    return this.#lost || this.#records.slice(index).some(({ text }) => /callbacks suppressed/.test(text))
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** Opens the kernel log, or says why it cannot be read. */
export function openKernelLog(): KernelLog | string {
  try {
    return new KernelLog()
  } catch (error) {
    return `/dev/kmsg cannot be read (${(error as NodeJS.ErrnoException).code}): it takes root in the initial user namespace`
  }
}

export const kernelLogSource: EvidenceSource<KernelLogProof> = {
  watch(proof, { kernelLog, mac }) {
    const { source, node } = proof
    if (typeof kernelLog === 'string')
      return {
        pollable: false,
        look: (): Finding => ({ source, node, state: 'unavailable', says: kernelLog }),
      }
    const start = kernelLog.records().length
    const line = new RegExp(proof.line.replaceAll('@mac@', mac(node, proof.device)))
    const header = `ll header: 00000000: ${mac(node, proof.device).replaceAll(':', ' ')}`
    return {
      pollable: false,
      look(): Finding {
        const fresh = kernelLog.records().slice(start)
        const at = fresh.findIndex(
          (record, index) =>
            line.test(record.text) &&
            (!proof.header || fresh.slice(index + 1).some(({ text }) => text.startsWith(header))),
        )
        const found = fresh[at]
        if (found) {
          const dump = proof.header
            ? fresh.slice(at).find(({ text }) => text.startsWith(header))?.text
            : undefined
          return { source, node, state: 'seen', says: [found.text, dump].filter(Boolean).join(' | ') }
        }
        const why = kernelLog.incomplete(start)
          ? 'lines were suppressed'
          : 'net_ratelimit() may have held it back'
        return { source, node, state: 'not-seen', says: `no line /${proof.line}/ (${why})` }
      },
    }
  },
}
