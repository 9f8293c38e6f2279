import { chmod, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { SOURCE, TREE } from './build.fixture.js'
import { restoreTree, withPatchedTree } from './journal.js'

t.test('a patched tree', async t => {
  const files = [
    { path: 'net/answer.c', before: Buffer.from(SOURCE), after: Buffer.from('patched') },
    { path: 'net/new.c', before: undefined, after: Buffer.from('new') },
  ]

  t.test('is as before once the work is done, and make sees that the files changed', async t => {
    const tree = t.testdir(TREE)
    const file = join(tree, 'net/answer.c')
    await utimes(file, 1000, 1000)
    await chmod(file, 0o755)
    await withPatchedTree(tree, files, join(tree, 'journal.json'), async () => {
      t.equal(await readFile(file, 'utf8'), 'patched')
      t.equal(await readFile(join(tree, 'net/new.c'), 'utf8'), 'new')
    })
    t.equal(await readFile(file, 'utf8'), SOURCE)
    t.ok((await stat(file)).mtimeMs > 1_000_000)
    t.equal((await stat(file)).mode & 0o777, 0o755)
    await t.rejects(stat(join(tree, 'net/new.c')))
    await t.rejects(stat(join(tree, 'journal.json')))
  })

  t.test('is as before when the work fails', async t => {
    const tree = t.testdir(TREE)
    const work = () => Promise.reject(new Error('compiler'))
    await t.rejects(withPatchedTree(tree, files, join(tree, 'journal.json'), work), { message: 'compiler' })
    t.equal(await readFile(join(tree, 'net/answer.c'), 'utf8'), SOURCE)
  })

  t.test('is put back by the next build when the process was killed', async t => {
    const tree = t.testdir(TREE)
    const journal = join(tree, 'journal.json')
    let during = Buffer.alloc(0)
    await withPatchedTree(tree, files, journal, async () => {
      during = await readFile(journal)
    })
    await writeFile(journal, during)
    await writeFile(join(tree, 'net/answer.c'), 'patched')
    t.strictSame(await restoreTree(tree, journal), ['net/answer.c'])
    t.equal(await readFile(join(tree, 'net/answer.c'), 'utf8'), SOURCE)
    t.strictSame(await restoreTree(tree, journal), [])
  })

  t.test('is left alone where somebody else has changed it since', async t => {
    const tree = t.testdir(TREE)
    const journal = join(tree, 'journal.json')
    await withPatchedTree(tree, files, journal, async () => {
      await writeFile(join(tree, 'net/answer.c'), 'another commit')
    })
    t.equal(await readFile(join(tree, 'net/answer.c'), 'utf8'), 'another commit')
  })
})
