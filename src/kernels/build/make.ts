import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { execa } from 'execa'
import { SPACE_REMEDY, saysNoSpace } from '../cache.js'
import { KernelBuildError } from './error.js'
import { packageOfHeader } from './prerequisites.js'

/** Where make works: the source, and beside it everything that it makes. */
export interface BuildTree {
  readonly tree: string
  readonly build: string
  readonly signal?: AbortSignal | undefined
}

/** What a build leaves of itself in its file names and `uname -v` is fixed, so that the same input gives the same kernel. */
const REPRODUCIBLE = {
  KBUILD_BUILD_USER: 'netns-lab',
  KBUILD_BUILD_HOST: 'netns-lab',
  KBUILD_BUILD_TIMESTAMP: 'Thu Jan  1 00:00:00 UTC 1970',
  KBUILD_BUILD_VERSION: '1',
}

/** Lines that are kept to explain a failure. */
const LAST_LINES = 400

/**
 * Runs make on a kernel tree with these targets and variables, at low priority, and hands over each line that it prints.
 * What it prints also goes to `make.log` in the build folder. Should this process be killed, make is told to stop too.
 * Throws KernelBuildError `compile`, `disk-full`, `missing-package`, `usage` or `aborted`, by what make said.
 */
export async function make(
  { tree, build, signal }: BuildTree,
  args: readonly string[],
  onLine: (line: string) => void = () => {},
): Promise<void> {
  const log = join(build, 'make.log')
  const file = createWriteStream(log)
  // The caller's MAKEFLAGS, ARCH, KCFLAGS and KCONFIG_* would build another kernel, so it gets none of them.
  const { PATH, HOME, TMPDIR } = process.env
  const program = execa(
    'nice',
    ['-n', '10', 'setpriv', '--pdeathsig', 'TERM', 'make', '-C', tree, `O=${build}`, 'ARCH=x86_64', ...args],
    {
      extendEnv: false,
      env: { PATH, HOME, TMPDIR, LC_ALL: 'C', ...REPRODUCIBLE },
      stdin: 'ignore',
      all: true,
      buffer: false,
      reject: false,
      ...(signal ? { cancelSignal: signal } : {}),
    },
  )
  const last: string[] = []
  for await (const line of program.iterable({ from: 'all' })) {
    file.write(`${line}\n`)
    last.push(line)
    if (last.length > LAST_LINES) last.shift()
    onLine(line)
  }
  const result = await program
  file.end()
  await finished(file).catch(() => {})
  if (!result.failed) return
  if (signal?.aborted) throw new KernelBuildError('aborted', 'the kernel build was stopped')
  throw explainMake(last, tree, log)
}

/** What make's last lines say went wrong, as an error that names it. */
export function explainMake(lines: readonly string[], tree: string, log: string): KernelBuildError {
  const text = lines.join('\n')
  const seeLog = `the whole output is in ${log}`
  if (saysNoSpace(text)) {
    return new KernelBuildError('disk-full', `no space left to build the kernel (${log})`, SPACE_REMEDY)
  }
  if (/source tree is not clean, please run/.test(text)) {
    return new KernelBuildError(
      'usage',
      `${tree} was built in place, and kbuild builds elsewhere only from a clean tree`,
      `make -C ${tree} mrproper (this removes its .config), or give a clean copy: git worktree add`,
    )
  }
  const header = /fatal error: (gelf\.h|libelf\.h|openssl\/\S+|stdio\.h|stdlib\.h): No such file/.exec(
    text,
  )?.[1]
  if (header) {
    return new KernelBuildError(
      'missing-package',
      `the kernel's build tools need ${header}, not found on this machine`,
      `apt-get install --no-install-recommends ${packageOfHeader(header)}`,
    )
  }
  const program = /(?:^|\s)(\S+): (?:command )?not found$/m.exec(text)?.[1]
  if (program) {
    return new KernelBuildError(
      'missing-package',
      `the kernel's build runs ${program}, not found on this machine`,
      'lab/provision --kernel-build installs what a build needs',
    )
  }
  const reason =
    lines.find(line => /(^|\s)(fatal )?error:/i.test(line)) ??
    lines.find(line => /^\S*(ld|ld\.bfd): |undefined reference/.test(line)) ??
    lines.find(line => /\*\*\* /.test(line)) ??
    lines.at(-1) ??
    'make printed nothing'
  return new KernelBuildError(
    'compile',
    `the kernel does not build: ${reason.trim().replace(`${tree}/`, '')}`,
    seeLog,
  )
}
