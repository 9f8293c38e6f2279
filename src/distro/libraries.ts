/** What Node.js needs in a root that was not made for it. */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { execa } from 'execa'

const LOADER = 'ld-linux-x86-64.so.2'
/** Where a root has its libraries: Debian's folders, and the others'. */
const FOLDERS = ['lib64', 'lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu', 'usr/lib64', 'usr/lib', 'lib']

/**
 * The machine's loader and libraries that Node.js takes along into a root: all of them where it has no glibc (Alpine), at
 * paths where musl has nothing; of one with glibc, what is missing besides (libstdc++). It runs with any glibc from 2.28 on.
 */
export async function nodeLibraries(root: string): Promise<string[]> {
  const { stdout } = await execa('ldd', [process.execPath], {
    reject: false,
    stdin: 'ignore',
    env: { LC_ALL: 'C' },
  })
  const needed = [...(stdout ?? '').matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, path]) => path ?? '')
  const isThere = (name: string) => FOLDERS.some(folder => existsSync(join(root, folder, name)))
  return isThere(LOADER) ? needed.filter(path => !isThere(basename(path))) : needed
}
