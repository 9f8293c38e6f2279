/** The documents as they stand: what they point to is there, what they call exists, what is generated is what the sources give. */
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'
import { repositoryFile } from '../src/base/root.js'
import { exitStatus, VERDICTS } from '../src/model/verdict.js'
import { documents, fromSources, scenarioReadmes, textOf } from './docs/documents.js'
import { type ProgramHelp, readHelp } from './docs/help.js'
import { anchorsOf, type Block, blocksOf, codeOf, linksOf } from './docs/markdown.js'
import { pathProblems, provisionProblems, shellProblems } from './docs/shell.js'

const QUOTED = /^measured \d{4}-\d\d-\d\d on .+; not run in tests: .+$/
/** Languages whose blocks are files of the repository or of an example. */
const FILES = ['ts', 'js', 'diff']

const own = await documents()
const all = [...own, ...(await scenarioReadmes())]
const texts = new Map(await Promise.all(all.map(async path => [path, await textOf(path)] as const)))
const program = await readHelp()

type Found = readonly [line: number, problem: string]

/** What a check finds in some documents, each with its file and line. */
function found(paths: readonly string[], check: (text: string, path: string) => readonly Found[]): string[] {
  return paths.flatMap(path =>
    check(texts.get(path) ?? '', path).map(([line, problem]) => `${path}:${line}: ${problem}`),
  )
}

const blocksThat = (has: (block: Block) => boolean) => (text: string) =>
  blocksOf(text).flatMap(block => (has(block) ? [[block.line, `\`\`\`${block.language}`] as const] : []))

t.test('every fenced block says what language it is in', async s => {
  s.ok(own.length > 10, 'the documents were found')
  s.strictSame(
    found(
      own,
      blocksThat(({ language }) => language === ''),
    ),
    [],
  )
})

t.test('the line before every piece of a program names its file', async s => {
  const unnamed = blocksThat(({ language, file }) => FILES.includes(language) && file === undefined)
  s.strictSame(found(own, unnamed), [])
})

t.test('what was quoted from elsewhere says when, on what, and why no test runs it', async s => {
  const vague = blocksThat(({ quoted }) => quoted !== undefined && !QUOTED.test(quoted))
  s.strictSame(found(own, vague), [])
})

t.test('every command in a document is one that there is, with options and files that there are', async s => {
  const commands = (text: string) =>
    blocksOf(text).flatMap(block =>
      shellProblems(shellLines(block), program, examplesOf(text)).map(
        (problem): Found => [block.line, problem],
      ),
    )
  s.strictSame(found(all, commands), [])
  const seeded =
    '```sh\nlab rum x\nnpm run -s lab -- run --sed 3\nlab graph x --format gif | cat\nbash lab/prevision\n```'
  s.strictSame(
    commands(seeded).map(([, problem]) => problem),
    [
      "'lab rum' is no command",
      "'lab run' has no --sed",
      "--format of 'lab graph' cannot be gif",
      'there is no lab/prevision',
    ],
    'seeded mistakes are found',
  )
})

t.test(
  'every command in the midst of a sentence is one that there is, with options that there are',
  async s => {
    const inSentences = (text: string) =>
      codeOf(text).flatMap(({ line, code }) =>
        inlineProblems(code, program).map((problem): Found => [line, problem]),
      )
    s.strictSame(found(all, inSentences), [])
    s.strictSame(
      inSentences('`lab rum`, `lab run --sed`, `lab/provision --chek`, `npm run tset`').length,
      4,
      'seeded mistakes are found',
    )
  },
)

t.test('every link leads to a file that is there, and to a heading in it', async s => {
  const broken = (text: string, path: string) =>
    linksOf(text).flatMap(({ line, path: to, anchor }): Found[] => {
      const target = to === '' ? path : normalize(join(dirname(path), to))
      if (!existsSync(repositoryFile(target))) return [[line, `there is no ${to}`]]
      const isThere = anchor === '' || anchorsOf(texts.get(target) ?? '').includes(anchor)
      return isThere ? [] : [[line, `${target} has no heading #${anchor}`]]
    })
  s.strictSame(found(all, broken), [])
  const seeded =
    '[a](nowhere.md) [b](README.md) [c](README.md#nothing) [d](#nothing) [e](https://example.com/)'
  s.equal(broken(seeded, 'README.md').length, 3, 'seeded mistakes are found')
})

t.test(
  'every path in backticks is there, in the repository or among the examples of the document',
  async s => {
    const gone = (text: string) =>
      codeOf(text).flatMap(({ line, code }) =>
        pathProblems(code.split(' ')[0] ?? '', examplesOf(text)).map((problem): Found => [line, problem]),
      )
    s.strictSame(found(all, gone), [])
    s.equal(
      gone('`src/nowhere.ts`, `lab/provision --check`, `scenarios/*/x.ts`').length,
      1,
      'a seeded mistake is found',
    )
  },
)

t.test('what is generated from the sources is what they give now', async s => {
  for (const { path, text } of await fromSources())
    s.equal(await textOf(path), text, `${path} is as \`npm run docs\` writes it`)
})

t.test('the README has every command in its table, and no other, each with options that it has', async s => {
  const rows = (texts.get('README.md') ?? '').split('\n').filter(line => line.startsWith('| `lab '))
  const named = rows.map(row => [...row.matchAll(/`lab ([a-z]+)/g)].map(([, name = '']) => name))
  s.strictSame([...new Set(named.flat())].sort(), program.commands.map(({ name }) => name).sort())
  for (const [index, row] of rows.entries())
    for (const [flag] of row.matchAll(/--[a-z-]+/g)) {
      const known = program.commands.filter(({ name }) => named[index]?.includes(name))
      s.ok(
        known.some(({ options }) => options.has(flag)),
        `${flag} in: ${row}`,
      )
    }
})

t.test(
  'the README has every verdict in its table, with the exit status that it has, and every scenario',
  async s => {
    const readme = texts.get('README.md') ?? ''
    for (const verdict of VERDICTS) {
      const row = readme.split('\n').find(line => line.startsWith(`| \`${verdict}\` |`)) ?? ''
      s.match(row, new RegExp(`\\| (0; )?${exitStatus([verdict])}( when .*)? \\|$`), verdict)
    }
    for (const path of await scenarioReadmes()) s.match(readme, `](${path})`)
  },
)

/** The files that a document has the reader write. */
function examplesOf(text: string): string[] {
  return blocksOf(text).flatMap(({ file }) => file ?? [])
}

/** The lines of a block that are shell: all, those behind `$ `, or in one without a language, those that call the project. */
function shellLines({ language, lines }: Block): string[] {
  if (language === 'sh') return [...lines]
  if (language === 'console') return lines.flatMap(line => /^[$>] (.*)/.exec(line)?.[1] ?? [])
  return language === '' ? lines.filter(line => /^(lab|npm) /.test(line)) : []
}

/** What is wrong with a command in a sentence, where words in capitals stand for others. */
function inlineProblems(code: string, help: ProgramHelp): string[] {
  const [first, name = '', ...rest] = code.split(/[ =[\]|]+/)
  if (first === 'lab/provision') return provisionProblems([first, name, ...rest])
  if (first === 'npm') return shellProblems([code.split(/ (?:-- |--$|\[)/)[0] ?? ''], help)
  if (first !== 'lab' || !/^[a-z]/.test(name)) return []
  const command = help.commands.find(candidate => candidate.name === name)
  if (!command) return [`'lab ${name}' is no command`]
  const flags = rest.filter(word => word.startsWith('--') && word !== '--')
  return flags.flatMap(flag => (command.options.has(flag) ? [] : [`'lab ${name}' has no ${flag}`]))
}
