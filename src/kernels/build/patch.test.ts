import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { failure, PATCH, SOURCE, TREE } from './build.fixture.js'
import { parsePatch, patchedFiles, readPatch } from './patch.js'

t.test('a patch', async t => {
  t.test('says in its head what it is for, over several lines', async t => {
    t.strictSame(parsePatch(PATCH, 'p').header, {
      subject: 'Another answer',
      upstream: '123456789abc ("answer: settle it", v6.1)',
      reason: 'Nobody asked, and nobody will.',
    })
  })

  t.test('without a head is a patch all the same', async t => {
    const { header, files } = parsePatch(PATCH.replaceAll(/^#.*\n/gm, ''), 'p')
    t.strictSame(header, { subject: '', upstream: '', reason: '' })
    t.strictSame(files, ['net/answer.c'])
  })

  t.test(
    'names the files that it changes, makes and removes, also with dates, as diff -ru writes',
    async t => {
      const text = [
        'diff -ru a/one.c b/one.c',
        '--- a/one.c\t2026-01-01 00:00:00',
        '+++ b/one.c\t2026-01-02 00:00:00',
        '@@ -1,2 +1 @@',
        ' kept',
        '--- a/no/file.c is a removed line',
        '--- /dev/null',
        '+++ b/new.c',
        '@@ -0,0 +1 @@',
        '+x',
        '--- a/old.c',
        '+++ /dev/null',
        '@@ -1 +0,0 @@',
        '-x',
      ].join('\n')
      t.strictSame(parsePatch(text, 'p').files, ['one.c', 'new.c', 'old.c'])
    },
  )

  t.test('is refused without a diff, or outside the tree, or where it cannot be read', async t => {
    t.throws(() => parsePatch('# Subject: nothing\n', 'p'), {
      code: 'patch',
      message: 'p holds no unified diff',
    })
    const outside = '--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n'
    t.throws(() => parsePatch(outside, 'p'), { message: 'p changes ../x, which is outside the source tree' })
    t.match(await failure(readPatch('/nowhere/x.patch')), {
      code: 'usage',
      message: /\/nowhere\/x\.patch: ENOENT/,
    })
  })

  t.test('is applied to copies: the tree stays as it is', async t => {
    const tree = t.testdir(TREE)
    const [file, ...rest] = await patchedFiles(tree, [parsePatch(PATCH, 'p')])
    t.equal(file?.after?.toString(), SOURCE.replace('42', '43'))
    t.strictSame(rest, [])
    t.equal(await readFile(join(tree, 'net/answer.c'), 'utf8'), SOURCE)
  })

  t.test('builds on the patches before it, and may make and remove files', async t => {
    const tree = t.testdir(TREE)
    const second = PATCH.replace('return 42', 'return 43').replace('+\treturn 43', '+\treturn 44')
    const made = '--- /dev/null\n+++ b/net/new/x.c\n@@ -0,0 +1 @@\n+int x;\n'
    const removed = '--- a/Kconfig\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-config NET\n-\tbool "Networking"\n'
    const patches = [PATCH, second, made, removed].map(text => parsePatch(text, 'p'))
    const files = await patchedFiles(tree, patches)
    t.strictSame(
      files.map(({ path, before, after }) => [path, before !== undefined, after?.toString()]),
      [
        ['net/answer.c', true, SOURCE.replace('42', '44')],
        ['net/new/x.c', false, 'int x;\n'],
        ['Kconfig', true, undefined],
      ],
    )
  })

  t.test('that does not apply is named with its file and hunk', async t => {
    const tree = t.testdir(TREE)
    await writeFile(join(tree, 'net/answer.c'), SOURCE.replace('42', '7'))
    const error = await failure(patchedFiles(tree, [parsePatch(PATCH, '/x/answer.patch')]))
    t.equal(error.code, 'patch')
    t.match(error.message, /^answer\.patch does not apply to .*: hunk 1 of net\/answer\.c, at line 1$/)
  })

  t.test('that is in the source already says so', async t => {
    const tree = t.testdir(TREE)
    await writeFile(join(tree, 'net/answer.c'), SOURCE.replace('42', '43'))
    const error = await failure(patchedFiles(tree, [parsePatch(PATCH, 'answer.patch')]))
    t.match(error.message, /net\/answer\.c in .* has the change already/)
  })

  t.test('for a file that the source does not have says so', async t => {
    const text = PATCH.replaceAll('answer.c', 'question.c')
    const error = await failure(patchedFiles(t.testdir(TREE), [parsePatch(text, 'p.patch')]))
    t.match(error.message, /^p\.patch does not apply: .* has no net\/question\.c$/)
  })

  t.test('is not applied by guessing from other surroundings', async t => {
    const tree = t.testdir(TREE)
    await writeFile(join(tree, 'net/answer.c'), SOURCE.replace('int answer', 'long answer'))
    t.match(await failure(patchedFiles(tree, [parsePatch(PATCH, 'p')])), { code: 'patch' })
  })
})
