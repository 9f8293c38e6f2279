import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { missingTool } from '../base/tools.js'
import { packCpio } from './cpio.js'

t.test(
  'the initial root is an archive that cpio reads back',
  { skip: missingTool('cpio') ?? false },
  async t => {
    const archive = packCpio([
      { kind: 'folder', path: 'bin' },
      { kind: 'file', path: 'bin/odd name', data: Buffer.from('12345'), executable: true },
      { kind: 'link', path: 'bin/link', target: 'odd name' },
      { kind: 'file', path: 'empty', data: Buffer.alloc(0) },
    ])
    await withDir(
      async ({ path }) => {
        await execa('cpio', ['-i', '--quiet'], { cwd: path, input: archive })
        t.equal(await readFile(join(path, 'bin/link'), 'utf8'), '12345')
        t.equal(await readFile(join(path, 'empty'), 'utf8'), '')
      },
      { unsafeCleanup: true },
    )
  },
)
