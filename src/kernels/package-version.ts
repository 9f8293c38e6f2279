/**
 * Orders the versions of two packages as Debian's policy does (`~` sorts before the end of the string, so that a release
 * candidate comes before its release). Negative when `a` is older.
 */
export function comparePackageVersions(a: string, b: string): number {
  const split = (version: string) => {
    const [, epoch = '0', rest = ''] = /^(?:(\d+):)?(.*)$/s.exec(version) ?? []
    const dash = rest.lastIndexOf('-')
    return dash < 0 ? [epoch, rest, '0'] : [epoch, rest.slice(0, dash), rest.slice(dash + 1)]
  }
  const left = split(a)
  const right = split(b)
  for (const index of [0, 1, 2]) {
    const order = comparePart(left[index] ?? '', right[index] ?? '')
    if (order !== 0) return order
  }
  return 0
}

function comparePart(a: string, b: string): number {
  const left: string[] = a.match(/\d+|\D+/g) ?? []
  const right: string[] = b.match(/\d+|\D+/g) ?? []
  // Policy compares text and numbers in turns, beginning with text, which may be empty.
  if (/^\d/.test(a)) left.unshift('')
  if (/^\d/.test(b)) right.unshift('')
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const x = left[index] ?? ''
    const y = right[index] ?? ''
    const order = index % 2 === 0 ? compareText(x, y) : compareNumbers(x, y)
    if (order !== 0) return order
  }
  return 0
}

/** Orders numbers of any length: a date with a build number behind it is more than a double holds. */
function compareNumbers(a: string, b: string): number {
  const [x, y] = [a, b].map(digits => digits.replace(/^0+/, ''))
  if (x === undefined || y === undefined || x === y) return 0
  return x.length - y.length || (x < y ? -1 : 1)
}

function compareText(a: string, b: string): number {
  const weight = (character: string) => {
    if (character === '~') return -1
    if (character === '') return 0
    return /[a-z]/i.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256
  }
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const order = weight(a.charAt(index)) - weight(b.charAt(index))
    if (order !== 0) return order
  }
  return 0
}
