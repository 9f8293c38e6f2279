/** `lab distro defaults`: what releases set by themselves, and what an upgrade from one to the next changes of it. */
import { execa } from 'execa'
import { EXIT, LabError } from '../base/errors.js'
import { lastLines } from '../base/text.js'
import { missingTool } from '../base/tools.js'
import { releaseDefaults } from '../distro/defaults.js'
import {
  changedDefaults,
  type Default,
  type NamedDefaults,
  reversePathFilter,
} from '../distro/defaults-diff.js'
import { SAMPLE_DEVICE } from '../model/defaults.js'
import { runCommand } from '../world/command.js'
import { insideWorld } from '../world/enter.js'
import { chooseRoot } from './other-root.js'
import { inWorld } from './world.js'

/** What the action takes. */
interface DefaultsOptions {
  readonly json?: boolean
  readonly rootless?: boolean
  readonly sysctl?: readonly string[]
}

const VERSION_TIMEOUT_MS = 10_000

/**
 * Prints what each release sets, oldest first, and what changes from each to the next; resolves with the exit status, which
 * is 3 where a release's own systemd-sysctl came to something else than was computed. Throws LabError.
 */
export async function distroDefaults(names: readonly string[], options: DefaultsOptions): Promise<number> {
  const [only] = names
  if (only === undefined)
    throw new LabError('no distribution given', 'lab distro list shows their names', EXIT.usage)
  if (insideWorld()) return inOne(only, options)
  const found: NamedDefaults[] = []
  if (names.length === 1 && options.json) return inOne(only, options)
  for (const name of names) found.push(await askForDefaults(name, options))
  if (options.json) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  else process.stdout.write(describeAll(found))
  return found.some(({ differs }) => differs.length > 0) ? EXIT.error : EXIT.ok
}

/** One release's, as JSON, from a world in its root. */
async function inOne(name: string, options: DefaultsOptions): Promise<number> {
  const root = insideWorld() ? undefined : await chooseRoot({ distro: name }, [], options.sysctl)
  const work = async () => {
    const version = await runCommand(['systemctl', '--version'], {
      node: null,
      timeoutMs: VERSION_TIMEOUT_MS,
    })
    const systemd = /\((\S+)\)/.exec(version.stdout)?.[1] ?? 'unknown'
    const defaults: NamedDefaults = {
      name,
      systemd,
      ...(await releaseDefaults({ packet: missingTool('ping') === undefined })),
    }
    process.stdout.write(`${JSON.stringify(defaults, null, 2)}\n`)
    return defaults.differs.length > 0 ? EXIT.error : EXIT.ok
  }
  return inWorld(options.rootless ?? false, work, { root })
}

/** The same from a process of its own, as each release has a world of its own. */
export async function askForDefaults(
  name: string,
  { sysctl = [], rootless }: Pick<DefaultsOptions, 'rootless' | 'sysctl'>,
): Promise<NamedDefaults> {
  const argv = ['distro', 'defaults', name, '--json', ...(rootless ? ['--rootless'] : [])]
  const [, program = ''] = process.argv
  const result = await execa(
    process.execPath,
    [program, ...argv, ...sysctl.flatMap(file => ['--sysctl', file])],
    {
      reject: false,
      stdin: 'ignore',
    },
  )
  if (result.stdout.trim() === '')
    throw new LabError(
      `what ${name} sets could not be found out: ${lastLines(result.stderr, 2).replace(/^lab: /, '')}`,
      '',
      result.exitCode ?? EXIT.error,
    )
  return JSON.parse(result.stdout) as NamedDefaults
}

function describeAll(releases: readonly NamedDefaults[]): string {
  const parts = releases.flatMap((release, index) => {
    const before = releases[index - 1]
    return [describeOne(release), ...(before ? [describeChange(before, release)] : [])]
  })
  return parts.join('\n')
}

function describeOne(release: NamedDefaults): string {
  const { name, systemd, settings, ignored, differs, fromElsewhere } = release
  const filter = reversePathFilter(release)
  return [
    `${name} (systemd ${systemd}): ${settings.length === 0 ? 'sets no network sysctl' : `sets ${settings.length} network sysctls`}`,
    ...settings.map(setting => `    ${describe(setting)}`),
    ...ignored.map(({ sysctl, value }) => `    not applied at boot: ${sysctl} = ${value}  /etc/sysctl.conf`),
    `    ${SAMPLE_DEVICE}: rp_filter is ${filter.mode} (the greater of all, ${filter.all}, and ${SAMPLE_DEVICE}, ${filter.device})${fromElsewhere ? `; a packet whose source is routed elsewhere was ${fromElsewhere}` : ''}`,
    ...differs.map(
      ({ sysctl, computed, actual }) =>
        `    WRONG: ${sysctl} was computed to be ${computed}, and its systemd-sysctl makes it ${actual}`,
    ),
    ...(differs.length === 0
      ? ['    its own systemd-sysctl came to the same in a new network namespace']
      : []),
    '',
  ].join('\n')
}

function describeChange(before: NamedDefaults, after: NamedDefaults): string {
  const lines = changedDefaults(before, after).map(({ sysctl, before: old, after: fresh, advice }) => {
    const end = (side: Default | undefined) => (side ? `${side.value} (${side.file})` : 'the kernel’s own')
    return `    ${sysctl}: ${end(old)} → ${end(fresh)}${advice === undefined ? '' : `\n        ${advice}`}`
  })
  const head = `${before.name} → ${after.name}: ${lines.length === 0 ? 'nothing changes' : `${lines.length} sysctls change`}`
  return [head, ...lines, ''].join('\n')
}

function describe({ sysctl, value, file }: Default): string {
  return `${sysctl} = ${value}  ${file}`
}
