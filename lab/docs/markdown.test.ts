import t from 'tap'
import { anchorsOf, blocksOf, codeOf, linksOf, withLines } from './markdown.js'

const TEXT = `# A title: with \`code\`

See [there](other.md#a-b), [here](#again) and <img src="x.svg">, not [outside](https://example.com/).

## Again

In \`src/x.ts\`:

\`\`\`ts
const link = '[no](link.md)' // \`no\`
\`\`\`

- an item

  <!-- quoted: measured long ago -->

  \`\`\`console
  $ true

    indented
  \`\`\`

## Again
`

t.test('blocks have their language, their lines, their file and where they are quoted from', async s => {
  s.strictSame(
    blocksOf(TEXT).map(({ language, lines, file, quoted }) => [language, lines.length, file, quoted]),
    [
      ['ts', 1, 'src/x.ts', undefined],
      ['console', 3, undefined, 'measured long ago'],
    ],
  )
  s.strictSame(blocksOf(TEXT)[1]?.lines, ['$ true', '', '  indented'])
})

t.test('a block gets other lines, indented as it is', async s => {
  const [, second] = blocksOf(TEXT)
  if (!second) throw new Error('no second block')
  const text = withLines(TEXT, second, ['$ false', ''])
  s.strictSame(blocksOf(text)[1]?.lines, ['$ false', ''])
  s.match(text, '\n  $ false\n\n  ```\n')
})

t.test('links and words in backticks are those of the text, not of its blocks', async s => {
  s.strictSame(linksOf(TEXT), [
    { line: 3, path: 'other.md', anchor: 'a-b' },
    { line: 3, path: '', anchor: 'again' },
    { line: 3, path: 'x.svg', anchor: '' },
  ])
  s.strictSame(
    codeOf(TEXT).map(({ code }) => code),
    ['code', 'src/x.ts'],
  )
})

t.test('headings have the anchors that GitHub gives them', async s => {
  s.strictSame(anchorsOf(TEXT), ['a-title-with-code', 'again', 'again-1'])
  s.strictSame(anchorsOf('## What --out keeps\n### `npm run soak`, *so*'), [
    'what---out-keeps',
    'npm-run-soak-so',
  ])
})
