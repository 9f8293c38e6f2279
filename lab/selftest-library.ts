/** lib.sh of tools/testing/selftests/net, and a selftest that is run on it. */
import { existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { cacheRoot } from '../src/kernels/cache.js'

/** The series of Debian's kernel that it is from. */
export const SERIES = '6.12'

/** Where it is kept. */
export const SELFTESTS_FOLDER = join(cacheRoot(), `selftests-${SERIES}`)

/** The path of lib.sh; undefined where it was not fetched. */
export function findSelftestLibrary(): string | undefined {
  const path = join(SELFTESTS_FOLDER, 'lib.sh')
  return existsSync(path) ? path : undefined
}

/** Runs a selftest beside lib.sh; in namespaces of its own, so that one that breaks leaves nothing behind. */
export async function runSelftest(
  file: string,
  library: string,
): Promise<{ readonly status: number | undefined; readonly output: string }> {
  const cwd = dirname(file)
  await copyFile(library, join(cwd, 'lib.sh'))
  const { exitCode: status, all: output = '' } = await execa(
    'unshare',
    [
      ...['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c'],
      ...['mount -t tmpfs tmpfs /run && mkdir /run/netns && exec bash "$1"', 'sh', file],
    ],
    { cwd, reject: false, all: true, stdin: 'ignore' },
  )
  return { status, output }
}
