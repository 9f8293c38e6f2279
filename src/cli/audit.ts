/** `lab audit`: which failures of the catalogue would hit this machine. */
import { existsSync } from 'node:fs'
import { z } from 'zod'
import { afterBoot } from '../audit/boot.js'
import type { Facts } from '../audit/facts.js'
import { judge } from '../audit/judge.js'
import { networkSysctls, readMachine } from '../audit/read-machine.js'
import { findingChanges, overrides, sysctlChanges, tellSysctls } from '../audit/upgrade.js'
import { EXIT, LabError } from '../base/errors.js'
import { unknownWord } from '../base/nearest.js'
import { findRelease } from '../distro/releases.js'
import type { AuditReport, Finding } from '../model/audit.js'
import { hasChange, type KernelChange } from '../model/change.js'
import { type KernelVersion, parseKernelVersion } from '../model/version.js'
import { chooseScenarios } from '../plan/catalogue.js'
import { AUDIT_FORMATS, NO_AUDIT_FORMATS } from '../report/audit.js'
import { readReport } from '../report/read.js'
import { fileSink, streamSink } from '../report/sink.js'
import { insideWorld } from '../world/enter.js'
import { tryFinding, tryInWorld } from './audit-rebuild.js'
import { releaseRoot } from './other-root.js'

const optionsSchema = z.object({
  netns: z.string().optional(),
  json: z.boolean().default(false),
  reporter: z.array(z.string()).default([]),
  for: z.string().optional(),
  rebuild: z.string().optional(),
})

/** Runs `lab audit`; resolves with the exit status, which is 1 where something is exposed. Throws LabError. */
export async function audit(words: readonly string[], given: object): Promise<number> {
  const options = optionsSchema.parse(given)
  if (options.rebuild !== undefined && insideWorld()) return tryInWorld(options.rebuild, options.json)
  const outputs = outputsOf([...(options.json ? ['json'] : []), ...options.reporter])
  const { scenarios } = await chooseScenarios(options.rebuild === undefined ? words : [options.rebuild])
  const upgradeTo = options.for === undefined ? undefined : await upgradeFor(options.for)
  const machine = await readMachine(options.netns === undefined ? [] : [options.netns])
  try {
    const { close: _, listings: __, hosts, unread, boot, ...about } = machine
    const version: KernelVersion = {
      ...(parseKernelVersion(about.kernel.version) ?? { major: 0, minor: 0, patch: 0 }),
      release: about.kernel.release,
    }
    const findingsOf = (all: readonly Facts[], kernel: KernelVersion): Finding[] => {
      const has = (change: KernelChange) => hasChange(change, kernel)
      return all.flatMap(facts => scenarios.flatMap(scenario => judge(scenario, facts, { has })))
    }
    const findings = findingsOf(hosts, version)
    if (options.rebuild !== undefined) return await tryFinding(options.rebuild, findings, hosts)
    const then = await upgradeTo?.(findings, hosts, (all, kernel) => findingsOf(all, kernel ?? version))
    const report: AuditReport = {
      version: 1,
      ...about,
      netns: hosts.map(({ netns }) => netns),
      findings: afterBoot(findings, hosts, boot),
      ...(then ? { for: then } : {}),
      unread: unread(),
    }
    for (const { format, sink } of outputs) {
      sink.write(format(report))
      sink.close()
    }
    return findings.some(({ finding }) => finding === 'exposed') ? EXIT.failed : EXIT.ok
  } finally {
    machine.close()
  }
}

type Findings = (all: readonly Facts[], kernel: KernelVersion | undefined) => Finding[]
type Upgrade = (
  now: readonly Finding[],
  hosts: readonly Facts[],
  findingsOf: Findings,
) => Promise<NonNullable<AuditReport['for']>>

/** More than any stable release has. */
const NEWEST_PATCH = 9999

/**
 * What an audit is held against: a kernel's version, a release of `lab distro list` with its kernel's newest version and its defaults, or a
 * report of a run. Throws LabError (exit 2), and DistroError where a release is not known or not fetched.
 */
async function upgradeFor(name: string): Promise<Upgrade> {
  const changesWith =
    (told: string, kernel: KernelVersion | undefined, root?: string): Upgrade =>
    async (now, hosts, findingsOf) => {
      const changed = root === undefined ? [] : sysctlChanges('/', root, networkSysctls())
      const values = overrides(changed)
      // What is set at boot is set in the machine's own namespace.
      const later = hosts.map(facts => (facts.netns === 'this' ? facts.withSysctls(values) : facts))
      const changes = [...findingChanges(now, findingsOf(later, kernel), told), ...tellSysctls(changed)]
      return { name: told, changes: changes.sort((a, b) => Number(b.worse) - Number(a.worse)) }
    }
  if (/^v?\d+\.\d+/.test(name) && !existsSync(name)) {
    const version = parseKernelVersion(name)
    if (version) return changesWith(`Linux ${name}`, version)
  }
  if (name.includes(':') && !existsSync(name)) {
    const release = findRelease(name)
    const series = parseKernelVersion(release.kernel.replace('debian:', ''))
    const { root } = await releaseRoot(release.name)
    const kernel = series && { ...series, patch: NEWEST_PATCH }
    return changesWith(release.description, kernel, root)
  }
  if (!existsSync(name))
    throw new LabError(
      `'${name}' is neither a kernel's version, nor a release, nor a report`,
      'say 6.12.117, debian:13, or the file of lab run --json',
      EXIT.usage,
    )
  const { kernel } = readReport(name)
  const version = parseKernelVersion(kernel.version)
  if (!version)
    throw new LabError(
      `${name} does not say of which kernel it is`,
      'say its version in place of the file',
      EXIT.usage,
    )
  return changesWith(`Linux ${kernel.version} (${name})`, { ...version, release: kernel.release })
}

/** Where what is written, as `NAME` or `NAME=FILE`; `pretty` on standard output where nothing else is written there. */
function outputsOf(requests: readonly string[]) {
  const made = requests.map(request => {
    const [name = '', ...file] = request.split('=')
    const format = Object.hasOwn(AUDIT_FORMATS, name) ? AUDIT_FORMATS[name] : undefined
    const why = Object.hasOwn(NO_AUDIT_FORMATS, name) ? NO_AUDIT_FORMATS[name] : undefined
    if (why !== undefined)
      throw new LabError(
        `the reporter ${name} writes no audit: ${why}`,
        `use one of these: ${Object.keys(AUDIT_FORMATS).join(', ')}; lab run --reporter ${name} submits a run`,
        EXIT.usage,
      )
    if (!format) throw unknownWord('reporter of an audit', name, Object.keys(AUDIT_FORMATS))
    return { format, file: file.join('=') }
  })
  const onStdout = made.filter(({ file }) => file === '' || file === '-').length
  if (onStdout > 1)
    throw new LabError(
      'two reporters cannot both be written to standard output',
      'give one of them a file: --reporter NAME=FILE',
      EXIT.usage,
    )
  const pretty = AUDIT_FORMATS.pretty
  return [...(onStdout === 0 && pretty ? [{ format: pretty, file: '' }] : []), ...made].map(
    ({ format, file }) => ({
      format,
      sink: file === '' || file === '-' ? streamSink(process.stdout) : fileSink(file),
    }),
  )
}
