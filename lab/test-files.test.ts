import { cwd } from 'node:process'
import t from 'tap'
import { projectRoot } from '../src/base/root.js'
import { testFiles } from './test-files.js'

const here = 'dist/lab/test-files.test.js'

t.test(
  'a test file is found by its source, by what is compiled from it, and by any spelling of these',
  async t => {
    t.equal(cwd(), projectRoot())
    for (const path of [
      'lab/test-files.test.ts',
      './lab/test-files.test.ts',
      here,
      `${projectRoot()}/${here}`,
    ])
      t.strictSame(await testFiles(path), [here], path)
  },
)

t.test('a folder stands for all test files in it, in order', async t => {
  const found = await testFiles('lab/')
  t.ok(found.includes(here) && found.includes('dist/lab/mutants/mutants.test.js'))
  t.strictSame(found, [...found].sort())
  t.strictSame(await testFiles('dist/lab'), found)
  const all = await testFiles('.')
  t.ok(all.includes(here) && all.includes('dist/src/kernels/elf.test.js'))
})

t.test('what is no test file, or is not there, is none', async t => {
  for (const path of ['lab/test-files.ts', 'nowhere', '--option', 'lab/kernels'])
    t.strictSame(await testFiles(path), [], path)
})
