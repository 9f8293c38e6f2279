/** What a boot makes of what holds a failure: rules by the files that they are loaded from, sysctls by those of sysctl.d. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withSlashes } from '../base/sysctl-key.js'
import { outcomeOf, settingsFor, sysctlLines } from '../distro/sysctl-files.js'
import type { Finding, Holder, Unread } from '../model/audit.js'
import type { Facts } from './facts.js'
import { type Chain, parseSaved, type Rule, ruleName } from './rules.js'
import { unreadOf } from './unread.js'

/** A file of saved rules: whose rules it has, and which units of systemd load it. */
interface SavedFile {
  readonly file: string
  readonly set: string
  readonly units: readonly string[]
}

const SAVED_FILES: readonly SavedFile[] = [
  { file: '/etc/iptables/rules.v4', set: 'iptables', units: ['netfilter-persistent', 'iptables'] },
  { file: '/etc/iptables/rules.v6', set: 'ip6tables', units: ['netfilter-persistent', 'ip6tables'] },
  { file: '/etc/nftables.conf', set: 'nft', units: ['nftables'] },
  { file: '/etc/ebtables.conf', set: 'ebtables', units: ['ebtables'] },
]
/** Chains and tables that their programs make anew when they start, whatever is saved. */
const MADE_ANEW =
  /^rule (?:\S+ \S+ (?:DOCKER(?!-USER)|KUBE-|LIBVIRT_|CNI-|FLANNEL-|cali-)|nft \S+ (?:docker-bridges|kube-proxy|libvirt_network|firewalld) )/

/** What is known of how a machine boots. */
export interface Boot {
  /** Files of saved rules that there are. */
  readonly files: readonly string[]
  /** Of a rule or a sysctl that holds something, what a boot changes; nothing where it stays, or no file says. */
  becomes(fact: string, facts: Facts): string | undefined
}

/**
 * Reads the files of a root: its saved rules, whether a unit that loads them is enabled, and sysctl.d, when somebody asks for a sysctl. Nothing is
 * run. `keysOf` lists the sysctls that there are, with slashes.
 */
export function readBoot(root: string, keysOf: () => readonly string[], unread: Unread[]): Boot {
  const read = (file: string) => {
    try {
      return readFileSync(join(root, file), 'utf8')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTDIR') unread.push(unreadOf(file, error))
      return undefined
    }
  }
  const saved = SAVED_FILES.flatMap(one => {
    const text = read(one.file)
    return text === undefined ? [] : [{ ...one, text, loaded: isLoaded(root, one.units) }]
  })
  let sysctls: ReturnType<typeof sysctlsAtBoot> | undefined
  return {
    files: saved.map(({ file }) => file),
    becomes(fact, facts) {
      const [, key, value] = /^sysctl (\S+): (.*)$/.exec(fact) ?? []
      if (key !== undefined) sysctls ??= sysctlsAtBoot(root, keysOf(), unread)
      const set = key === undefined ? undefined : sysctls?.get(withSlashes(key))
      if (set) return set.value === value ? undefined : `${set.value} by ${set.file}`
      const name = /\b(rule \S+ .+ \d+)(?=$|: )/.exec(fact)?.[1]
      const rule = name === undefined ? undefined : ruleOf(name, facts)
      const file = saved.find(one => one.set === rule?.chain.set)
      if (!rule || !file || MADE_ANEW.test(ruleName(rule))) return undefined
      const lost = file.set === 'nft' ? missingTable(rule, file) : missingRule(rule, file)
      if (lost !== undefined) return lost
      return file.loaded
        ? undefined
        : `it is in ${file.file}, which no unit loads: systemctl enable ${file.units[0]}`
    },
  }
}

function sysctlsAtBoot(root: string, keys: readonly string[], unread: Unread[]) {
  const found = new Map<string, { readonly value: string; readonly file: string }>()
  try {
    for (const { key, value, file } of outcomeOf(settingsFor(sysctlLines(root), keys), keys))
      found.set(key, { value: value.replace(/\s+/g, ' '), file })
  } catch (error) {
    unread.push(unreadOf('sysctl.d', error))
  }
  return found
}

/** Findings with what a boot makes of what holds them; of other namespaces than the machine's own no file says anything. */
export function afterBoot(findings: readonly Finding[], hosts: readonly Facts[], boot: Boot): Finding[] {
  const own = hosts.find(({ netns }) => netns === 'this')
  if (!own) return [...findings]
  const withBoot = (holder: Holder): Holder => {
    const changed = holder.facts.flatMap(fact => boot.becomes(fact, own) ?? [])
    return changed.length === 0 ? holder : { ...holder, boot: [...new Set(changed)].join('; ') }
  }
  return findings.map(finding =>
    finding.netns === 'this' ? { ...finding, holders: finding.holders.map(withBoot) } : finding,
  )
}

function ruleOf(name: string, { sets }: Facts): Rule | undefined {
  return [...sets.values()].flatMap(({ rules }) => rules).find(rule => ruleName(rule) === name)
}

/** What the saved rules have in place of a rule; undefined where they have it. */
function missingRule({ chain, text }: Rule, { file, set, text: saved }: SavedFile & { text: string }) {
  const there: Chain | undefined = parseSaved(saved, set, chain.family).find(
    one => one.table === chain.table && one.name === chain.name,
  )
  if (there?.rules.some(rule => rule.text === text)) return undefined
  const words = text.split(' ')
  const less = there?.rules.find(
    rule => rule.target !== '' && rule.text.split(' ').every(word => words.includes(word)),
  )
  return less
    ? `${file} has it as ${less.text}`
    : `it is not in ${file}: iptables-save > ${file}`.replace('iptables-save', `${set}-save`)
}

/** Whether a table of nftables is in a file; what another file says that it includes is not known. */
function missingTable({ chain: { table } }: Rule, { file, text }: SavedFile & { text: string }) {
  const [family = '', name = ''] = table.split(' ')
  const words = family === 'ip' ? `(?:ip )?${name}` : `${family} ${name}`
  if (new RegExp(`^\\s*(?:add )?table ${words}\\s*(?:\\{|;|$)`, 'm').test(text)) return undefined
  return /^\s*include\b/m.test(text) ? undefined : `table ${table} is not in ${file}`
}

/** Whether some target of systemd wants one of these units; true where there is no systemd, and nothing is known. */
function isLoaded(root: string, units: readonly string[]): boolean {
  const folder = join(root, 'etc/systemd/system')
  if (!existsSync(folder)) return true
  const wanted = readdirSync(folder)
    .filter(name => name.endsWith('.wants'))
    .flatMap(name => readdirSync(join(folder, name)))
  return units.some(unit => wanted.includes(`${unit}.service`))
}
