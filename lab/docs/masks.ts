/** What of a quoted output is a measurement, or the machine's, and may differ from run to run. */
import { tmpdir } from 'node:os'
import { projectRoot } from '../../src/base/root.js'

const MAC = /\b(?:[0-9a-f]{2}[: ]){5}[0-9a-f]{2}\b/g

const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\bLinux .*, (root|rootless)$/, 'Linux …, $1'],
  [/\b\d{4}-\d\d-\d\d(T[\d:.]+Z)?/g, 'DATE'],
  [MAC, 'MAC'],
  // Interface identifiers that are made of a MAC address.
  [/\b[0-9a-f]{1,4}:[0-9a-f]{0,2}ff:fe[0-9a-f]{1,2}:[0-9a-f]{1,4}\b/g, 'EUI64'],
  [/("\w*Ms": |\bttl=|\btime=|\bsport=|\bdport=|\bport |\bid=|"ttl": )[\d.]+/g, '$1#'],
  [/\b\d[\d,]*(?:\.\d+)? ?(ms|s|min|%|[KM]?i?B)(?![\w.])/g, '# $1'],
  [/(?<![\d.])v?\d+\.\d+(?:\.\d+)?(?:-rc\d+)?(?![\d.]|\w)/g, 'VERSION'],
]

/** A line without what may differ. */
export function masked(line: string): string {
  const own = line
    .trimEnd()
    .replaceAll(projectRoot(), 'ROOT')
    .replaceAll(new RegExp(`${tmpdir()}/[\\w./-]+`, 'g'), 'TMP')
  const [, indent = '', words = ''] = /^( *)(.*)$/.exec(own) ?? []
  // Numbers of another length move the columns.
  return indent + MASKS.reduce((text, [from, to]) => text.replace(from, to), words).replace(/ +/g, ' ')
}

/** Whether an output is the one that is quoted, where a line `...` stands for any lines, and empty ones at the end do not count. */
export function matches(quoted: readonly string[], output: readonly string[]): boolean {
  const escaped = withoutEnd(quoted).map(line =>
    line.trim() === '...' ? '(?:.*\\n)*' : `${masked(line).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}\\n`,
  )
  return new RegExp(`^${escaped.join('')}$`).test(
    withoutEnd(output)
      .map(line => `${masked(line)}\n`)
      .join(''),
  )
}

/** Lines without the empty ones at their end. */
export function withoutEnd(lines: readonly string[]): readonly string[] {
  return lines.slice(0, lines.findLastIndex(line => line.trim() !== '') + 1)
}
