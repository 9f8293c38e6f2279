/**
 * The kernel log, /dev/kmsg: one for the whole machine. Records are told apart by sequence number, and attributed by
 * what is in them: addresses, device, and the MAC address in the `ll header` dump, which each run's devices have to
 * themselves.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writePrivate } from '../base/files.js'
import type { Finding, Observer } from '../model/evidence.js'
import { type FieldsOf, type Pattern, pattern } from '../model/fields.js'
import { type Place, partsOf } from '../model/topology.js'
import { extended, holding } from './patterns.js'
import { DEVICE_FIELDS, unavailable, withWords, wordsOf } from './source.js'

/** One record of the log. */
interface LogRecord {
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

/** What net_ratelimit() lets through (net_ratelimit_state in net/core/utils.c), unless net.core.message_burst says otherwise. */
const RATE_LIMIT = { lines: 10, windowMs: 5000 }

/** Everything that the kernel logged since this was opened. */
class KernelLog {
  readonly #fd: number
  readonly #records: LogRecord[] = []
  /** When each record was read, in milliseconds: it is as old as that, or older. */
  readonly #read: number[] = []
  /** How many were there when this was opened: the rate limit remembers them. */
  readonly #old: number
  /** Before which record some are missing, the last time that the ring went round. */
  #gap: number | undefined

  /** Opens /dev/kmsg at its end. Throws EPERM where the user may not read it. */
  constructor() {
    this.#fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK)
    // There is no lseek in Node.js: what was there before is read as well.
    this.#old = this.all().length
    this.#gap = undefined
  }

  /** Those that came since it was opened, oldest first. */
  records(): readonly LogRecord[] {
    return this.all().slice(this.#old)
  }

  /** All records so far, oldest first. */
  all(): readonly LogRecord[] {
    const buffer = Buffer.alloc(8192)
    const now = performance.now()
    for (;;) {
      try {
        const length = readSync(this.#fd, buffer)
        const record = parseLogRecord(buffer.toString('utf8', 0, length))
        if (!record) continue
        this.#records.push(record)
        this.#read.push(now)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EAGAIN') return this.#records
        // The ring went round under us: records are missing, and the next read goes on with the oldest there is.
        if (code !== 'EPIPE') throw error
        this.#gap = this.#records.length
      }
    }
  }

  /**
   * Why lines may be missing since `index`, which was the next one at `sinceMs`: the ring went round, or net_ratelimit() held
   * some back. Undefined where it had none to hold back: it lets the first lines of each window through.
   */
  incomplete(index: number, sinceMs: number): string | undefined {
    const lost = this.#gap !== undefined && this.#gap >= index
    if (lost || this.#records.slice(index).some(({ text }) => /callbacks suppressed/.test(text)))
      return 'lines were suppressed'
    const recent = this.#read.filter(readAt => readAt >= sinceMs - RATE_LIMIT.windowMs)
    return recent.length < RATE_LIMIT.lines ? undefined : 'net_ratelimit() may have held it back'
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

const observer: Observer<KernelLog> = {
  what: 'kernel log',
  level: 'basic',
  open({ out }) {
    const log = openKernelLog()
    if (typeof log === 'string') return log
    return {
      experiment: () => ({ view: log }),
      close() {
        const lines = log
          .records()
          .map(({ timestampUs, text }) => `[${(timestampUs / 1e6).toFixed(6).padStart(12)}] ${text}\n`)
        if (out !== undefined) writePrivate(join(out, 'kernel.log'), lines.join(''))
        log.close()
      },
    }
  },
}

const FIELDS = {
  ...DEVICE_FIELDS,
  source: z.literal('kernel-log'),
  /** Of the line itself. `@mac@` stands for the device's MAC address. */
  line: pattern(),
  /** Whether a `ll header:` dump with the device's MAC address as destination follows. */
  header: z.boolean(),
}
type KernelLogProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

const LIBRARY = `# kernel_log before|after NODE REGEX: it proves, but its absence disproves nothing: the kernel limits its rate.
kernel_log() {
  item=$((item + 1))
  if ! dmesg >"$work/log" 2>/dev/null; then
    [ "$1" = before ] || finding unavailable "$2" 'the kernel log takes root in the initial user namespace'
    return
  fi
  last=$(sed -n '$s/^\\[ *\\([0-9.]*\\)\\].*/\\1/p' "$work/log")
  if [ "$1" = before ]; then
    echo "\${last:-0}" >"$work/item$item"
    return
  fi
  line=$(awk -v since="$(cat "$work/item$item")" -F '[][]' '$2 + 0 > since + 0' "$work/log" | grep -E "$3" | sed -n 1p)
  if [ -n "$line" ]; then
    finding seen "$2" "$line"
    proved=yes
  else
    finding not-seen "$2" "no line /$3/ in the kernel log"
  fi
}
`

/**
 * A line of the kernel log that holds this, about a device; `@mac@` in it stands for the device's MAC address. With
 * `andHeader`, a dump of the link-layer header with that address as destination follows. `andStays`: also where the failure
 * is repaired.
 */
export const logged = wordsOf(
  <const N extends string>(place: Place<N>, line: Pattern) => {
    const { node, device } = partsOf(place)
    return proof<N>({ source: 'kernel-log', node: node as N, device, line: holding(line), header: false })
  },
  {
    source: 'kernel-log',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    observer,
    happens: () => true,
    isOwnAccount: () => true,
    watch(own: KernelLogProof, { view, mac }) {
      const { source, node, device } = own
      const log = view(observer)
      if (typeof log === 'string') return unavailable(own, log)
      const start = log.all().length
      const startMs = performance.now()
      const line = new RegExp(own.line.replaceAll('@mac@', mac(node, device)))
      const header = `ll header: 00000000: ${mac(node, device).replaceAll(':', ' ')}`
      return {
        pollable: false,
        look(): Finding {
          const fresh = log.all().slice(start)
          const at = fresh.findIndex(
            (record, index) =>
              line.test(record.text) &&
              (!own.header || fresh.slice(index + 1).some(({ text }) => text.startsWith(header))),
          )
          const found = fresh[at]
          if (found) {
            const dump = own.header
              ? fresh.slice(at).find(({ text }) => text.startsWith(header))?.text
              : undefined
            return { source, node, state: 'seen', says: [found.text, dump].filter(Boolean).join(' | ') }
          }
          const why = log.incomplete(start, startMs)
          return why === undefined
            ? { source, node, state: 'not-seen', says: `no line /${own.line}/`, complete: true }
            : { source, node, state: 'not-seen', says: `no line /${own.line}/ (${why})` }
        },
      }
    },
    clarity: 1,
    // A log line names the device better than the proofs do, which may look elsewhere. Dumps are for the evidence in full.
    tells([first]) {
      const says = first?.says.split(' | ')[0] ?? ''
      const device = /,? on dev (\S+)/.exec(says)?.[1]
      return { says, ...(device === undefined ? {} : { device }) }
    },
    locates: ({ device }) => ({ device, rank: 1 }),
    script: ({ node, device, line }, { mac }) => ({
      words: ['kernel_log', extended(line.replaceAll('@mac@', mac(node, device)))],
      library: LIBRARY,
      tools: ['awk'],
    }),
  },
)

interface KernelLogWords<N extends string> {
  /** A dump of the link-layer header follows, with the device's MAC address as destination. */
  andHeader(): KernelLogProof<N>
  /** Also where the failure is repaired. */
  andStays(): KernelLogProof<N>
}

function proof<N extends string>(data: KernelLogProof<N>): KernelLogProof<N> & KernelLogWords<N> {
  return withWords(data, {
    andHeader: () => proof({ ...data, header: true }),
    andStays: () => proof({ ...data, stops: false }),
  })
}
