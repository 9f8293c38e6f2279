/** What an upgrade changes for a machine: what it relies on and is exposed to under another kernel, and its own sysctls under another release. */

import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { dirSync } from 'tmp-promise'
import { withSlashes } from '../base/sysctl-key.js'
import { changedDefaults, type DefaultChange } from '../distro/defaults-diff.js'
import {
  appliesSysctlConf,
  dotted,
  outcomeOf,
  settingsFor,
  sysctlConfLines,
  sysctlLines,
} from '../distro/sysctl-files.js'
import type { AuditChange, Finding } from '../model/audit.js'

const FOLDERS = ['usr/lib/sysctl.d', 'usr/local/lib/sysctl.d', 'run/sysctl.d']

/**
 * What becomes of the sysctls that a machine sets at boot when it has another release: that release's own files, with the machine's in /etc
 * and those of packages that the release's root has not. `machine` and `release` are the folders that are their `/`; `keys` the sysctls that
 * there are, with slashes. Nothing is run.
 */
export function sysctlChanges(machine: string, release: string, keys: readonly string[]): DefaultChange[] {
  const folder = dirSync({ unsafeCleanup: true })
  try {
    const upgraded = folder.name
    for (const path of FOLDERS) {
      mkdirSync(join(upgraded, path), { recursive: true })
      for (const root of [machine, release]) copyFiles(join(root, path), join(upgraded, path))
    }
    mkdirSync(join(upgraded, 'etc/sysctl.d'), { recursive: true })
    copyFiles(join(machine, 'etc/sysctl.d'), join(upgraded, 'etc/sysctl.d'))
    if (existsSync(join(machine, 'etc/sysctl.conf')))
      cpSync(join(machine, 'etc/sysctl.conf'), join(upgraded, 'etc/sysctl.conf'), { dereference: true })
    // The link to /etc/sysctl.conf is a release's own (procps): with it, or without it.
    if (appliesSysctlConf(release))
      cpSync(join(upgraded, 'etc/sysctl.conf'), join(upgraded, 'etc/sysctl.d/99-sysctl.conf'))
    return changedDefaults(bootOf(machine, keys), bootOf(upgraded, keys, release))
  } finally {
    folder.removeCallback()
  }
}

/** Files alone, not links to /etc/sysctl.conf. */
function copyFiles(from: string, to: string): void {
  if (!existsSync(from)) return
  for (const name of readdirSync(from).filter(name => name.endsWith('.conf'))) {
    const file = join(from, name)
    if (
      lstatSync(file).isSymbolicLink() &&
      (!existsSync(file) || basename(realpathSync(file)) === 'sysctl.conf')
    )
      continue
    cpSync(file, join(to, name), { dereference: true })
  }
}

function bootOf(root: string, keys: readonly string[], release = root) {
  const named = ({ key, value, file }: { key: string; value: string; file: string }) => ({
    sysctl: dotted(key),
    value,
    file,
  })
  return {
    settings: outcomeOf(settingsFor(sysctlLines(root), keys), keys).map(named),
    ignored: appliesSysctlConf(release) ? [] : settingsFor(sysctlConfLines(root), keys).map(named),
    differs: [],
  }
}

const MODES: Readonly<Record<string, string>> = { '0': 'off', '1': 'strict', '2': 'loose' }

/** Changes of sysctls as sentences; the same for many devices in one. */
export function tellSysctls(changes: readonly DefaultChange[]): AuditChange[] {
  const grouped = new Map<string, { first: DefaultChange; sysctls: string[] }>()
  for (const change of changes) {
    const key = JSON.stringify([
      change.sysctl.replace(/^(net[./]ipv[46][./](?:conf|neigh)[./]).*([./]\w+)$/, '$1*$2'),
      change.before?.value,
      change.after?.value,
      change.advice,
    ])
    const group = grouped.get(key) ?? { first: change, sysctls: [] }
    group.sysctls.push(change.sysctl)
    grouped.set(key, group)
  }
  return [...grouped.values()].map(({ first, sysctls }) => {
    const { before, after, advice } = first
    const isFilter = first.sysctl.endsWith('rp_filter')
    const end = (side: DefaultChange['before']) =>
      side
        ? `${side.value}${isFilter ? ` (${MODES[side.value] ?? side.value})` : ''} by ${side.file}`
        : 'the kernel’s own'
    const more = sysctls.length > 1 ? `, and ${sysctls.length - 1} more like it` : ''
    return {
      netns: 'this',
      change: `${sysctls[0]}${more}: ${end(before)} becomes ${end(after)}`,
      worse: before?.file.startsWith('/etc/') ?? false,
      ...(advice === undefined ? {} : { remedy: advice }),
    }
  })
}

/** The values that some sysctls have after an upgrade, by their keys with slashes; undefined for the kernel's own, which is not known. */
export function overrides(changes: readonly DefaultChange[]): Map<string, string | undefined> {
  return new Map(changes.map(({ sysctl, after }) => [withSlashes(sysctl), after?.value]))
}

/** What differs between what is found now and what would be found then, of the same places. */
export function findingChanges(
  now: readonly Finding[],
  then: readonly Finding[],
  name: string,
): AuditChange[] {
  const places = (finding: Finding) =>
    finding.places.map(place => `${finding.scenario} ${finding.netns} ${JSON.stringify(place)}`)
  const before = new Map(now.flatMap(finding => places(finding).map(place => [place, finding])))
  const told = new Map<string, AuditChange>()
  for (const is of then)
    for (const place of places(is)) {
      const was = before.get(place)
      if (!was) continue
      const lost = is.fails.filter(({ probe }) => was.fails.every(one => one.probe !== probe))
      const won = was.fails.filter(({ probe }) => is.fails.every(one => one.probe !== probe))
      for (const [worse, probes] of [
        [true, lost],
        [false, won],
      ] as const) {
        if (probes.length === 0) continue
        const about = {
          netns: is.netns,
          scenario: is.scenario,
          worse,
          change: worse ? sentenceOfLoss(was, probes, name) : sentenceOfGain(is, probes, name),
          ...(worse && is.repairs[0]
            ? {
                remedy: `${Object.entries(is.repairs[0].settings)
                  .map(pair => pair.join('='))
                  .join(', ')} repairs it: ${is.repairs[0].commands.join('; ')}`,
              }
            : {}),
        }
        told.set(JSON.stringify(about), about)
      }
    }
  return [...told.values()]
}

function sentenceOfLoss(
  { holders }: Finding,
  lost: readonly { readonly probe: string; readonly why: string }[],
  name: string,
): string {
  const held = holders.map(({ by, facts }) => `${by}${facts.length > 0 ? ` (${facts.join('; ')})` : ''}`)
  const rely =
    held.length > 0 ? `you rely on ${held.join(', ')}, which does not hold with ${name}` : `new with ${name}`
  return `${rely}: ${lost.map(({ probe, why }) => `${probe} fails: ${why}`).join(' ')}`
}

function sentenceOfGain(
  { holders, held }: Finding,
  won: readonly { readonly probe: string }[],
  name: string,
): string {
  const by = holders.map(holder => holder.by).join(', ')
  const why = held.filter(({ probe }) => won.some(one => one.probe === probe)).map(one => one.why)
  return `${won.map(({ probe }) => probe).join(', ')} works with ${name}${by === '' ? '' : `, held by ${by}`}${why.length > 0 ? `: ${[...new Set(why)].join(' ')}` : ''}`
}
