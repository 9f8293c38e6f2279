/** `lab distro rules`: what releases make of rules of one's own, and what they lose of them when they save them. */
import { readFileSync } from 'node:fs'
import { execa } from 'execa'
import { EXIT, LabError } from '../base/errors.js'
import { lastLines } from '../base/text.js'
import { type ReleaseRules, releaseRules } from '../distro/rules.js'
import { insideWorld } from '../world/enter.js'
import { chooseRoot, realFile } from './other-root.js'
import { inWorld } from './world.js'

/** What the action takes. */
interface RulesOptions {
  readonly json?: boolean
  readonly rootless?: boolean
  readonly rules?: string
}

/** Where a root has the file, whatever its own name is. */
const PLACE = '/netns-lab/rules'

/**
 * Prints what each release makes of a file of rules; resolves with the exit status, which is 1 where one refuses it or loses
 * some of it. Throws LabError.
 */
export async function distroRules(names: readonly string[], options: RulesOptions): Promise<number> {
  const [only] = names
  const { rules: file } = options
  if (only === undefined || file === undefined)
    throw new LabError(
      only === undefined ? 'no distribution given' : 'no file of rules is given',
      'lab distro rules debian:13 --rules /etc/iptables/rules.v4',
      EXIT.usage,
    )
  if (insideWorld() || (names.length === 1 && options.json)) return inOne(only, file, options)
  const found: ReleaseRules[] = []
  for (const name of names) found.push(await askForRules(name, file, options.rootless))
  process.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : found.map(describe).join('\n'))
  return found.every(isKept) ? EXIT.ok : EXIT.failed
}

async function inOne(name: string, file: string, options: RulesOptions): Promise<number> {
  const chosen = insideWorld() ? undefined : await chooseRoot({ distro: name }, [])
  const root = chosen && {
    ...chosen,
    machine: [...chosen.machine, { path: realFile(file), at: PLACE, writable: false }],
  }
  const work = async () => {
    const rules: ReleaseRules = { name, ...(await releaseRules(readFileSync(PLACE, 'utf8'))) }
    process.stdout.write(`${JSON.stringify(rules, null, 2)}\n`)
    return EXIT.ok
  }
  return inWorld(options.rootless ?? false, work, { root })
}

/** What one release makes of a file, from a process of its own, as each release has a world of its own. */
export async function askForRules(name: string, file: string, rootless = false): Promise<ReleaseRules> {
  const [, program = ''] = process.argv
  const argv = [
    'distro',
    'rules',
    name,
    '--json',
    '--rules',
    realFile(file),
    ...(rootless ? ['--rootless'] : []),
  ]
  const result = await execa(process.execPath, [program, ...argv], { reject: false, stdin: 'ignore' })
  if (result.stdout.trim() === '')
    throw new LabError(
      `what ${name} makes of ${file} could not be found out: ${lastLines(result.stderr, 2).replace(/^lab: /, '')}`,
      '',
      result.exitCode ?? EXIT.error,
    )
  return JSON.parse(result.stdout) as ReleaseRules
}

function isKept({ refused, ways }: ReleaseRules): boolean {
  return refused === undefined && ways.every(way => way.refused === undefined && way.lost.length === 0)
}

function describe({ name, refused, ways }: ReleaseRules): string {
  const lines = ways.flatMap(({ by, refused: again, lost }) => [
    ...(again === undefined
      ? []
      : [`    saved by ${by}, they cannot be loaded again, none of them: ${again.split('\n')[0]}`]),
    ...lost.map(
      ({ rule, words, saved }) =>
        `    saved by ${by}, ${words} is lost: ${rule}\n        is saved as: ${saved || 'nothing'}`,
    ),
    ...(again === undefined && lost.length === 0 ? [`    saved by ${by}, all of them come again`] : []),
  ])
  return [`${name}: ${refused === undefined ? 'loads them' : `refuses them: ${refused}`}`, ...lines, ''].join(
    '\n',
  )
}
