/** Making a release's root with mmdebstrap: packages by apt, signatures checked, the machine's own apt and dpkg never asked. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getuid } from 'node:process'
import { execa } from 'execa'
import { lastLines } from '../base/text.js'
import { findTool, requireTool } from '../base/tools.js'
import { diskFull, saysNoSpace } from '../kernels/cache.js'
import { DistroError } from './error.js'
import type { Release } from './releases.js'

const MIRROR = 'http://deb.debian.org'
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const APT_HELPER = '/usr/lib/apt/apt-helper'

/** How to make a root. */
export interface BuildOptions {
  /** An empty folder for the archive. */
  readonly scratch: string
  /** Take an archive whose signed index says that it is no longer valid: a frozen mirror. */
  readonly allowExpired: boolean
  /** Called with what is being done, as mmdebstrap says it. */
  readonly onStep: (step: string) => void
}

/** A root as an archive. */
interface BuiltArchive {
  /** Path of the tar file. */
  readonly archive: string
  /** SHA-256 of that file. */
  readonly image: string
  /** When the archive's suites were last changed, by their Release files. */
  readonly date: Date
}

/**
 * Makes a release's root as a tar file in the scratch folder. The same packages make the same file: every time in it is at
 * most the date of the archive's Release files (SOURCE_DATE_EPOCH). Throws DistroError `no-network`, `expired` or `build`;
 * KernelError `disk-full`; LabError (exit 69) without mmdebstrap or apt.
 */
export async function buildArchive(release: Release, options: BuildOptions): Promise<BuiltArchive> {
  const mmdebstrap = requireTool('mmdebstrap', `make the root of ${release.name}`)
  const env = await aptProxy()
  options.onStep('reading the dates of the archive')
  const date = await releaseDate(release, options.scratch, env)
  const archive = join(options.scratch, 'root.tar')
  const child = execa(mmdebstrap, mmdebstrapArguments(release, archive, getuid?.() === 0, options), {
    reject: false,
    all: true,
    stdin: 'ignore',
    env: {
      ...env,
      LC_ALL: 'C',
      SOURCE_DATE_EPOCH: String(Math.floor(date.getTime() / 1000)),
    },
  })
  child.all.on('data', (data: Buffer) => {
    for (const [, step] of data.toString().matchAll(/^I: (\w+ing .*?)(?:\.\.\.)?$/gm))
      if (step !== undefined) options.onStep(step)
  })
  const result = await child
  if (result.failed) throw explain(release, options.scratch, result.all ?? result.shortMessage)
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(archive)) hash.update(chunk as Buffer)
  return { archive, image: hash.digest('hex'), date }
}

/** The arguments of mmdebstrap. As another user than root it works in a user namespace, with the user's range of ids. */
export function mmdebstrapArguments(
  { suite, sources, packages }: Release,
  archive: string,
  isRoot: boolean,
  { allowExpired }: Pick<BuildOptions, 'allowExpired'>,
): string[] {
  const words = ['arch=amd64', `signed-by=${KEYRING}`, ...(allowExpired ? ['check-valid-until=no'] : [])]
  return [
    ...['--variant=minbase', '--architectures=amd64', `--mode=${isRoot ? 'root' : 'unshare'}`],
    ...['--format=tar', `--include=${packages.join(',')}`],
    ...[suite, archive],
    ...sources.map(([name, its]) => `deb [${words.join(' ')}] ${MIRROR}/${name} ${its} main`),
  ]
}

/**
 * The newest date of a release's Release files, which go into a scratch folder. They are checked when they count, by apt; this one
 * only ends up in file times and in keys. Throws DistroError `no-network`.
 */
export async function releaseDate(
  { name, sources }: Release,
  scratch: string,
  env: Readonly<Record<string, string>>,
): Promise<Date> {
  const dates = await Promise.all(
    sources.map(async ([archive, suite], index) => {
      const file = join(scratch, `InRelease-${index}`)
      const url = `${MIRROR}/${archive}/dists/${suite}/InRelease`
      const result = await execa(
        APT_HELPER,
        ['-o', 'Acquire::http::Timeout=20', 'download-file', url, file],
        {
          reject: false,
          all: true,
          stdin: 'ignore',
          env: { ...env, LC_ALL: 'C' },
        },
      )
      if (result.failed) throw unreachable(name, `${url}: ${lastLines(result.all ?? result.shortMessage, 2)}`)
      const date = new Date(/^Date: (.*)$/m.exec(await readFile(file, 'utf8'))?.[1] ?? '')
      if (Number.isNaN(date.getTime())) throw unreachable(name, `${url} has no date`)
      return date.getTime()
    }),
  )
  return new Date(Math.max(...dates))
}

/** The machine's own apt may have a proxy set, which an apt with other settings does not see. */
export async function aptProxy(): Promise<Record<string, string>> {
  if (process.env.http_proxy !== undefined) return {}
  const aptConfig = findTool('apt-config')
  if (aptConfig === undefined) return {}
  const { stdout } = await execa(aptConfig, ['shell', 'proxy', 'Acquire::http::Proxy'], {
    reject: false,
    stdin: 'ignore',
  })
  const proxy = /^proxy='([^']+)'$/m.exec(stdout ?? '')?.[1]
  return proxy === undefined ? {} : { http_proxy: proxy }
}

function unreachable(name: string, why: string): DistroError {
  return new DistroError(
    'no-network',
    `cannot make the root of ${name}: ${MIRROR} cannot be reached (${why})`,
    'check the network and the proxy (apt’s own setting and http_proxy count), then run it again',
  )
}

function explain({ name }: Release, scratch: string, output: string): Error {
  const errors = output
    .split('\n')
    .filter(line => /^(E:|W: Failed|Err:)/.test(line))
    .join('; ')
  const text = errors === '' ? lastLines(output, 5) : errors
  if (saysNoSpace(output)) return diskFull(scratch, `cannot make the root of ${name}`, text)
  if (
    /Could not (resolve|connect)|Temporary failure|Connection (failed|refused|timed out)|Network is unreachable/i.test(
      output,
    )
  )
    return unreachable(name, text)
  if (/is expired \(invalid since/.test(output))
    return new DistroError(
      'expired',
      `cannot make the root of ${name}: the mirror’s index says that it is no longer valid (${text})`,
      'check this machine’s clock; of a mirror that stands still, --allow-expired takes what it has: signatures are checked all the same',
    )
  const remedy = /NO_PUBKEY|not signed|keyring/i.test(output)
    ? 'install or renew the archive’s keys: apt-get install debian-archive-keyring'
    : /newuidmap|subuid/i.test(output)
      ? 'give this user a range of ids (apt-get install uidmap; usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER), or run it as root'
      : 'run it again; if that does not help, the mirror or a package is at fault'
  return new DistroError('build', `cannot make the root of ${name}: ${text}`, remedy)
}
