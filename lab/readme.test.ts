import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { partOf, replaceBetween } from './readme.js'

t.test('a table takes the place of the one between its two comments', async t => {
  const file = join(t.testdir({}), 'README.md')
  await writeFile(file, 'before\n<!-- x:start -->\nold\n<!-- x:end -->\nafter\n')
  await replaceBetween(file, 'x', 'new')
  t.equal(await readFile(file, 'utf8'), 'before\n<!-- x:start -->\nnew\n<!-- x:end -->\nafter\n')
})

t.test('a file without a place for it is left as it is, and named', async t => {
  const file = join(t.testdir({}), 'README.md')
  await writeFile(file, 'text\n')
  await t.rejects(replaceBetween(file, 'x', 'new'), { message: /README\.md has no place for the x$/ })
  t.equal(await readFile(file, 'utf8'), 'text\n')
})

t.test('what is between two comments is read without the lines around it', async t => {
  t.equal(partOf('a\n<!-- x:start -->\n\nb\n\n<!-- x:end -->\n', 'x'), 'b')
  t.equal(partOf('a\n', 'x'), undefined)
})
