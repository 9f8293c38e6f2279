/** A repository to check out: what is in a folder, as if it had been committed. */
import { appendFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

const IDENTITY = ['-c', 'user.name=netns-lab', '-c', 'user.email=netns-lab@example.invalid']

/**
 * Makes a bare repository, in a folder that does not exist yet, of the files in another folder, but for those that git is told
 * to ignore there. The other folder, and a repository in it, stay as they are.
 */
export async function snapshot(files: string, repository: string): Promise<void> {
  await mkdir(repository, { recursive: true })
  const git = (...args: readonly string[]) =>
    execa('git', ['--git-dir', repository, ...IDENTITY, ...args], {
      cwd: files,
      stdin: 'ignore',
      // Neither of the machine's settings, nor of a git that started this (a hook).
      env: {
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_SYSTEM: '/dev/null',
        GIT_DIR: undefined,
        GIT_INDEX_FILE: undefined,
      },
    })
  await git('init', '--quiet', '--bare', '--initial-branch=main')
  // A link of this name, as a clean clone has that shares a build, is not ignored by `node_modules/`.
  await appendFile(join(repository, 'info/exclude'), '/node_modules\n')
  await git('--work-tree', files, 'add', '--all', '.')
  await git('--work-tree', files, 'commit', '--quiet', '--no-verify', '--message', 'What is in the folder')
}
