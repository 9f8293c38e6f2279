import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { lab } from './cli.fixture.js'

t.test('files that are no reports are named, with what is wrong with them', async test => {
  await withDir(
    async ({ path }) => {
      const empty = join(path, 'empty.json')
      const other = join(path, 'other.json')
      await writeFile(empty, '')
      await writeFile(other, '{"schema":"something-else/1"}')
      for (const [file, says] of [
        [join(path, 'nothing.json'), /nothing\.json cannot be read: ENOENT/],
        [empty, /empty\.json is not JSON/],
        [other, /other\.json is no report of netns-lab/],
      ] as const) {
        const { exitCode, stderr } = await lab(['diff', file, file])
        test.equal(exitCode, 2)
        test.match(stderr, says)
      }
    },
    { unsafeCleanup: true },
  )
})
