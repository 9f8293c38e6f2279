/** Holding a scenario's shape against a machine's facts: what the machine calls the names of the topology. */
import type { FactPattern, PacketTemplate, Part } from '../model/audit.js'
import type { FactSource, Facts } from './facts.js'
import { firstWord } from './facts.js'
import { FIELDS, type KnownPacket, ruleName } from './rules.js'

/** What names mean on the machine, and the facts by which that is known. */
export interface Binding {
  readonly names: ReadonlyMap<string, string>
  readonly facts: readonly string[]
}

/** What a search comes to: ways in which everything is there, or the part that is missing. */
export type Found =
  | { readonly bindings: readonly Binding[] }
  | { readonly missing: string; readonly unread?: FactSource }

const NOTHING: Binding = { names: new Map(), facts: [] }
/** More ways than these say no more. */
const MOST = 64
const NAME = /\{([^{}]+)\}/g

/** Finds all ways in which a list of parts is there, beginning with some names that have a meaning already. */
export function find(parts: readonly Part[], facts: Facts, start: readonly Binding[] = [NOTHING]): Found {
  let bindings = start
  for (const part of parts) {
    const next = bindings.flatMap(binding => byPart(part, facts, binding)).slice(0, MOST)
    const source = sourceOf(part, facts, bindings)
    // What could not be read is neither there nor missing.
    if (source !== undefined && ('no' in part || next.length === 0))
      return { missing: part.as ?? describe(part), unread: source }
    if (next.length === 0) return { missing: part.as ?? describe(part) }
    bindings = next
  }
  return { bindings }
}

function describe(part: Part): string {
  if ('fact' in part) return part.fact
  if ('no' in part) return `none of ${part.no}`
  if ('any' in part) return 'one of several'
  return `a packet that becomes ${part.becomes}`
}

/** Which source a part hangs on that could not be read. */
function sourceOf(part: Part, facts: Facts, bindings: readonly Binding[]): FactSource | undefined {
  if ('any' in part) return part.any.flat().flatMap(one => sourceOf(one, facts, bindings) ?? [])[0]
  if ('packet' in part) return facts.unread.has('rules') ? 'rules' : undefined
  const name = 'fact' in part ? part.fact : part.no
  const source = sourceOfWord(firstWord(name), part)
  // Of sysctls each is read for itself.
  if (source === 'sysctls')
    return bindings.some(binding => facts.isUnreadSysctl(fill(name, binding))) ? source : undefined
  return facts.unread.has(source) ? source : undefined
}

function sourceOfWord(word: string, part: Part): FactSource {
  if (['rule', 'policy', 'dnat', 'snat', 'chain'].includes(word)) return 'rules'
  if (word === 'sysctl' || word === 'conf' || word === 'local') return 'sysctls'
  return 'fact' in part && part.fact.includes(' feature ') ? 'features' : 'network'
}

function byPart(part: Part, facts: Facts, binding: Binding): Binding[] {
  if ('any' in part)
    return part.any.flatMap(parts => {
      const found = find(parts, facts, [binding])
      return 'bindings' in found ? found.bindings : []
    })
  if ('packet' in part) return byPacket(part, facts, binding)
  if ('no' in part) return matching(part.no, part.is, facts, binding).length > 0 ? [] : [binding]
  return matching(part.fact, part.is, facts, binding)
}

/** Every fact that fits, with the names that it gives a meaning to. */
function matching(
  name: FactPattern,
  is: Extract<Part, { fact: string }>['is'],
  facts: Facts,
  binding: Binding,
): Binding[] {
  const filled = fill(name, binding)
  const whole = /[{}\\()[\]|*+?^$]/.test(filled) ? undefined : filled
  const candidates: readonly (readonly [string, string | undefined])[] =
    whole === undefined ? facts.beginningWith(firstWord(filled)) : [[whole, facts.get(whole)]]
  const pattern = whole === undefined ? compile(name, binding) : undefined
  return candidates.flatMap(([own, value]) => {
    if (value === undefined) return []
    const byName = pattern ? capture(pattern, own, binding) : binding
    if (!byName) return []
    const byValue = ofValue(is, value, byName)
    return byValue ? [{ names: byValue.names, facts: [...binding.facts, `${own}: ${value}`] }] : []
  })
}

function ofValue(
  is: Extract<Part, { fact: string }>['is'],
  value: string,
  binding: Binding,
): Binding | undefined {
  if (is === undefined) return binding
  if (typeof is === 'string') return capture(compile(is, binding), value, binding)
  const number = Number(value)
  const fits = number >= (is.atLeast ?? -Infinity) && number < (is.below ?? Infinity)
  return fits && !Number.isNaN(number) ? binding : undefined
}

/** A text in which names that have a meaning are replaced by it. */
function fill(text: string, { names }: Binding): string {
  return text.replace(NAME, (whole, name: string) => names.get(name) ?? whole)
}

interface Pattern {
  readonly pattern: RegExp
  /** Names that get a meaning, in the order of the parentheses. */
  readonly free: readonly string[]
}

const compiled = new Map<string, Pattern>()

function compile(text: string, { names }: Binding): Pattern {
  const free: string[] = []
  const used = [...text.matchAll(NAME)].map(([, name = '']) => names.get(name) ?? '')
  const key = `${text}\0${used.join('\0')}`
  const known = compiled.get(key)
  if (known) return known
  let from = 0
  let source = ''
  for (const match of text.matchAll(NAME)) {
    const [whole, name = ''] = match
    source += text.slice(from, match.index)
    from = match.index + whole.length
    const meaning = names.get(name)
    if (meaning !== undefined) source += escaped(meaning)
    else if (free.includes(name)) source += `(?:\\${free.indexOf(name) + 1})`
    else {
      free.push(name)
      // A prefix length is no part of an address.
      source += '([^\\s/]+)'
    }
  }
  // Groups of the pattern's own would count as names.
  const whole = `${source}${text.slice(from)}`.replace(/(?<!\\)\((?!\?|\[\^\\s\/\]\+\))/g, '(?:')
  const made = { pattern: new RegExp(`^(?:${whole})$`), free }
  if (compiled.size > 50_000) compiled.clear()
  compiled.set(key, made)
  return made
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}

function capture({ pattern, free }: Pattern, text: string, binding: Binding): Binding | undefined {
  const match = pattern.exec(text)
  if (!match) return undefined
  if (free.length === 0) return binding
  const names = new Map(binding.names)
  for (const [index, name] of free.entries()) {
    // Of several alternatives, one that is not taken gives its names no meaning.
    const meaning = match[index + 1]
    if (meaning !== undefined) names.set(name, meaning)
  }
  return { ...binding, names }
}

function byPacket(
  { packet, becomes }: Extract<Part, { packet: PacketTemplate }>,
  facts: Facts,
  binding: Binding,
): Binding[] {
  const known: Record<string, string> = {}
  for (const field of FIELDS) {
    if (!(field in packet)) continue
    const value = packet[field as keyof PacketTemplate]
    known[field] = value === true ? 'yes' : fill(String(value), binding)
  }
  const { verdict, rule } = facts.verdict(packet, known as KnownPacket)
  const found = capture(compile(becomes, binding), verdict, binding)
  if (!found) return []
  const told = rule ? `${ruleName(rule)}: ${rule.text}` : `${packet.hook}: ${verdict}`
  return [{ names: found.names, facts: [...binding.facts, told] }]
}
