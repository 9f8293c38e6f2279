import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { repositoryFile } from '../../src/base/root.js'
import { readPatch } from '../../src/kernels/build/patch.js'
import { MUTANTS } from './mutants.js'

t.test('the mutants', async t => {
  t.test('are seven patches and the unpatched kernel, each with an id that can name a kernel', async t => {
    t.equal(MUTANTS.length, 8)
    t.equal(new Set(MUTANTS.map(({ id }) => id)).size, 8)
    for (const { id, patch, changes } of MUTANTS) {
      t.match(id, /^[a-z0-9][a-z0-9.-]{0,47}$/)
      t.equal(changes.length > 0, patch !== undefined, id)
    }
  })

  t.test('have one patch file each, with a subject, an upstream line and a reason', async t => {
    const folder = repositoryFile('lab/kernels/patches')
    const named = MUTANTS.flatMap(mutant => (mutant.patch === undefined ? [] : [mutant.patch]))
    t.strictSame((await readdir(folder)).map(name => join(folder, name)).sort(), [...named].sort())
    for (const mutant of MUTANTS) {
      if (mutant.patch === undefined) continue
      const { header } = await readPatch(mutant.patch)
      t.ok(header.subject && header.reason, mutant.id)
      t.ok(header.upstream.startsWith(mutant.upstream ?? ''), mutant.id)
    }
  })
})
