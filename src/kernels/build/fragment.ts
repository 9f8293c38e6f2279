import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KernelBuildError } from './error.js'

/** One line of a configuration fragment. */
export interface FragmentOption {
  /** With its prefix, `CONFIG_VETH`. */
  readonly name: string
  /** `y`, `n`, a number or a quoted string, as Kconfig writes it. Never `m`: a guest has no modules. */
  readonly value: string
  /** Why a source tree may not know it; absent where every tree has to. */
  readonly optional?: string
  /** Line number in the fragment, from 1. */
  readonly line: number
}

/** An option of the fragment that the finished configuration does not have as asked. */
export interface LostOption {
  readonly option: FragmentOption
  /** What the configuration has instead; undefined where it has nothing, or where the tree does not know the option. */
  readonly actual: string | undefined
}

const OPTION = /^(CONFIG_[A-Za-z0-9_]+)=(y|n|-?\d+|0x[0-9a-fA-F]+|"[^"]*")$/
const UNSET = /^# (CONFIG_[A-Za-z0-9_]+) is not set$/
const OPTIONAL = /^# optional: (\S.*)$/

/**
 * Reads a fragment: `CONFIG_X=y` lines, `# CONFIG_X is not set`, comments, and `# optional: WHY` before an option
 * that some source trees do not know; `file` is its name, for messages. Throws KernelBuildError `config` for a line that is
 * none of these, for a module, and for an option given twice.
 */
export function parseFragment(text: string, file: string): FragmentOption[] {
  const options: FragmentOption[] = []
  const seen = new Map<string, number>()
  let optional: string | undefined
  const wrong = (line: number, problem: string, remedy = '') =>
    new KernelBuildError('config', `${file}:${line}: ${problem}`, remedy)

  text.split('\n').forEach((source, index) => {
    const line = index + 1
    const trimmed = source.trim()
    const reason = OPTIONAL.exec(trimmed)?.[1]
    const unset = UNSET.exec(trimmed)?.[1]
    if (reason) optional = reason
    if (trimmed === '' || (trimmed.startsWith('#') && !unset)) return

    const [, name = unset, value = 'n'] = OPTION.exec(trimmed) ?? []
    if (!name) {
      if (/=m$/.test(trimmed))
        throw wrong(line, `'${trimmed}' asks for a module`, 'build it in (=y): guests load none')
      throw wrong(line, `'${trimmed}' is no option`, 'write CONFIG_NAME=y, =n, a number or a quoted string')
    }
    const earlier = seen.get(name)
    if (earlier) throw wrong(line, `${name} is already given in line ${earlier}`, 'take one of the two out')
    seen.set(name, line)
    options.push({ name, value, line, ...(optional ? { optional } : {}) })
    optional = undefined
  })
  return options
}

/** The values of a finished `.config`; an option that is off is not among them. */
export function parseConfig(text: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, name, value] = /^(CONFIG_[A-Za-z0-9_]+)=(.*)$/.exec(line) ?? []
    if (name && value && value !== 'n') values.set(name, value)
  }
  return values
}

/** The options that did not come out as the fragment asks, optional ones included. */
export function lostOptions(
  options: readonly FragmentOption[],
  config: ReadonlyMap<string, string>,
): LostOption[] {
  return options
    .map(option => ({ option, actual: config.get(option.name) }))
    .filter(({ option, actual }) => (option.value === 'n' ? actual !== undefined : actual !== option.value))
}

/** Where Kconfig defines a symbol, and under which conditions it may be set. */
export interface KconfigDefinition {
  /** The Kconfig file, relative to the tree. */
  readonly file: string
  /** Every `depends on` of the definition and of what encloses it, as written, in order. */
  readonly conditions: readonly string[]
}

/** The definitions of `symbol` (without CONFIG_) in one Kconfig file. */
export function findDefinitions(symbol: string, text: string, file: string): KconfigDefinition[] {
  const found: { file: string; conditions: string[] }[] = []
  const enclosing: string[][] = []
  let current: { file: string; conditions: string[] } | undefined
  let collecting: string[] | undefined
  let helpIndent: number | undefined

  for (const line of text.replaceAll(/\s*\\\n\s*/g, ' ').split('\n')) {
    // Help is prose, in which any keyword may begin a line; it ends with the first line that is not set in deeper.
    if (line.trim() === '') continue
    if (helpIndent !== undefined && indentOf(line) > helpIndent) continue
    helpIndent = undefined
    const [, keyword = '', rest = ''] = /^\s*([a-z_]+)\b\s*(.*)$/.exec(line) ?? []
    switch (keyword) {
      case 'config':
      case 'menuconfig':
        current = rest === symbol ? { file, conditions: enclosing.flat() } : undefined
        if (current) found.push(current)
        collecting = current?.conditions
        break
      case 'if':
        // An `if` that follows a prompt stands on the prompt's own line, so this one opens a block.
        enclosing.push([rest])
        collecting = undefined
        break
      case 'menu':
      case 'choice':
        collecting = []
        enclosing.push(collecting)
        break
      case 'endif':
      case 'endmenu':
      case 'endchoice':
        enclosing.pop()
        collecting = undefined
        break
      case 'help':
        helpIndent = indentOf(line)
        break
      case 'depends':
        collecting?.push(rest.replace(/^on\s+/, '').replace(/\s*#.*$/, ''))
        break
      default:
    }
  }
  return found
}

function indentOf(line: string): number {
  return (/^\s*/.exec(line)?.[0] ?? '').replaceAll('\t', ' '.repeat(8)).length
}

/** The symbols of a condition that must be set and are not: `BRIDGE && !SWAP` without CONFIG_BRIDGE gives `BRIDGE`. */
export function unmetSymbols(condition: string, config: ReadonlyMap<string, string>): string[] {
  const symbols = [...condition.matchAll(/(!?)\s*\b([A-Z][A-Z0-9_]*)\b(\s*!?=)?/g)]
  return symbols
    .filter(([, not, symbol, comparison]) => !not && !comparison && !config.has(`CONFIG_${symbol}`))
    .map(([, , symbol = '']) => symbol)
}

/**
 * Why an option was lost, in one sentence: unknown to this source, kept on by another option, or which option that it
 * depends on is off; and whether the source, whose root is `tree`, knows the option at all.
 */
export async function explainLost(
  lost: LostOption,
  tree: string,
  config: ReadonlyMap<string, string>,
): Promise<{ reason: string; known: boolean }> {
  const { name, value } = lost.option
  if (value === 'n') {
    return { reason: `${name}=n came out as ${lost.actual}: another option selects it`, known: true }
  }
  const definitions = await definitionsIn(tree, name.replace('CONFIG_', ''))
  if (!definitions.length) {
    return {
      reason: `${name}=${value} is unknown to this source: no Kconfig file of ${tree} has it`,
      known: false,
    }
  }
  return { reason: explainKnown(lost, definitions, config), known: true }
}

function explainKnown(
  { option, actual }: LostOption,
  definitions: readonly KconfigDefinition[],
  config: ReadonlyMap<string, string>,
): string {
  const asked = `${option.name}=${option.value}`
  const at = definitions.map(({ file }) => file).join(', ')
  if (actual !== undefined) return `${asked} came out as ${actual} (${at})`
  const conditions = [...new Set(definitions.flatMap(definition => definition.conditions))]
  const unmet = conditions
    .map(condition => ({ condition, missing: unmetSymbols(condition, config) }))
    .filter(({ missing }) => missing.length)
  if (!unmet.length) return `${asked} is off (${at}); its conditions: ${conditions.join(' && ') || 'none'}`
  const reasons = unmet.map(
    ({ condition, missing }) => `'${condition}', without ${missing.map(name => `CONFIG_${name}`).join(', ')}`,
  )
  return `${asked} is off (${at}): it depends on ${reasons.join(', and on ')}`
}

async function definitionsIn(tree: string, symbol: string): Promise<KconfigDefinition[]> {
  const found: KconfigDefinition[] = []
  // The options of other architectures are no answer, and documentation quotes Kconfig without being any.
  const skipped = new Set(['Documentation', 'tools', 'scripts', '.git'])
  async function visit(folder: string): Promise<void> {
    for (const entry of await readdir(join(tree, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        const foreign = folder === 'arch' && entry.name !== 'x86'
        if (!foreign && !skipped.has(path)) await visit(path)
      } else if (entry.name.startsWith('Kconfig')) {
        found.push(...findDefinitions(symbol, await readFile(join(tree, path), 'utf8'), path))
      }
    }
  }
  await visit('')
  return found
}
