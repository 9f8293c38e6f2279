/** Tables of nftables as a topology has them: what `nft -s list ruleset` prints, as commands that add it. */

/** What was recorded of one namespace. */
interface RecordedTables {
  /** In the order in which they can be added. */
  readonly lines: readonly string[]
  /** What a topology has no words for. */
  readonly left: readonly string[]
}

/** A line within a table, or a block of lines. */
interface Block {
  readonly head: string
  readonly body: readonly string[]
}

/** Families that a topology takes. */
const FAMILIES = new Set(['ip', 'ip6', 'inet', 'arp', 'bridge'])

/** Records the tables of which `wanted` says so: `inet own`. */
export function recordTables(listing: string, wanted: (table: string) => boolean): RecordedTables {
  const left: string[] = []
  const [tables, names, elements, rules]: string[][] = [[], [], [], []]
  for (const { head, body } of blocksOf(listing.split('\n'))) {
    const [, family = '', table = ''] = /^table (\S+) (\S+)$/.exec(head) ?? []
    const own = `${family} ${table}`
    if (table === '' || !wanted(own)) continue
    if (!FAMILIES.has(family)) {
      left.push(`table ${own} of nftables`)
      continue
    }
    tables?.push(`add table ${own}`)
    for (const block of blocksOf(body)) {
      const [kind = '', name = ''] = block.head.split(' ')
      if (kind === 'chain') {
        const [first = '', ...others] = block.body
        const isBase = first.startsWith('type ')
        names?.push(`add chain ${own} ${name}${isBase ? ` { ${first} }` : ''}`)
        for (const rule of isBase ? others : block.body) {
          const line = `add rule ${own} ${name} ${plain(rule)}`
          if (canBeAdded(line)) rules?.push(line)
          else left.push(`a rule of nftables: ${own} ${name} ${rule}`)
        }
      } else if (kind === 'set' || kind === 'map') {
        const text = block.body.join(' ')
        const [, members] = /\belements = \{ (.*?) \}/.exec(text) ?? []
        const about = block.body.join('; ').replace(/(?:; )?\belements = \{.*?\}/, '')
        const line = plain(`add ${kind} ${own} ${name} { ${about}; }`)
        const added = plain(`add element ${own} ${name} { ${members} }`)
        if (!canBeAdded(line) || !canBeAdded(added)) left.push(`${kind} ${name} of table ${own} of nftables`)
        else {
          names?.push(line)
          if (members !== undefined) elements?.push(added)
        }
      } else left.push(`${block.head} of table ${own} of nftables`)
    }
  }
  return { lines: [tables, names, elements, rules].flatMap(list => list ?? []), left }
}

/** Lines that end in a brace with what is in it, and other lines alone. */
function blocksOf(lines: readonly string[]): Block[] {
  const found: { head: string; body: string[] }[] = []
  let depth = 0
  for (const raw of lines) {
    const line = raw.trim()
    // Comments are left out: they name people, and a topology takes no quotes.
    if (line === '' || /^(?:#|comment ")/.test(line)) continue
    const opens = /\{$/.test(line) && !/= \{$/.test(line)
    if (depth === 0) found.push({ head: line.replace(/ ?\{$/, ''), body: [] })
    else if (!(depth === 1 && line === '}')) found.at(-1)?.body.push(line)
    if (opens) depth++
    else if (line === '}') depth--
  }
  return found
}

/** A line without comments, and without the quotes of names that need none. */
function plain(line: string): string {
  return line.replace(/ comment "[^"]*"/g, '').replace(/"([A-Za-z][\w.@-]*)"/g, '$1')
}

/** Whether a topology takes a line: nothing that is quoted, and nothing that only iptables-nft can add. */
function canBeAdded(line: string): boolean {
  return !/["\\$#]/.test(line) && !/\bxt (?:target|match)\b/.test(line)
}
