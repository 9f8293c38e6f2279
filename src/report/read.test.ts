import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { LabError } from '../base/errors.js'
import { noise, runs } from '../base/property.fixture.js'
import { pathsOf, replaced } from '../model/mutation.fixture.js'
import type { Report } from '../model/report.js'
import { inOrder, reports } from './arbitrary.fixture.js'
import { readReport } from './read.js'
import { path } from './written.fixture.js'

const FILE = path('report.json')

function readBack(content: string | Uint8Array): Report | LabError {
  writeFileSync(FILE, content)
  try {
    return readReport(FILE)
  } catch (error) {
    if (!(error instanceof LabError && error.remedy && error.message.startsWith(FILE))) throw error
    if (/\p{Cc}/u.test(error.message)) throw new Error(`control characters: ${JSON.stringify(error.message)}`)
    return error
  }
}

t.test(
  'a report comes back from its file as it was, also with a byte order mark and Windows’ line ends',
  async test => {
    fc.assert(
      fc.property(reports, report => {
        const json = JSON.stringify(report, null, 2)
        for (const content of [json, `\ufeff${json}`, json.replaceAll('\n', '\r\n')]) {
          const read = readBack(content)
          if (read instanceof LabError) throw read
          if (inOrder(read) !== inOrder(report)) throw new Error('it changed')
        }
      }),
      runs(150),
    )
    test.pass('the same')
  },
)

t.test('any file is a report, or refused with its name', async test => {
  const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  const content = fc.oneof(
    fc.json(),
    noise,
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(reports, fc.double({ min: 0, max: 1, noNaN: true })).map(([report, part]) => {
      const json = JSON.stringify(report)
      return json.slice(0, Math.floor(json.length * part * 0.999))
    }),
    fc.constantFrom(
      '',
      'null',
      deep(50_000),
      '1e999',
      `{"schema":${'9'.repeat(5000)}}`,
      '{"__proto__":{"schema":"netns-lab.report/1"}}',
      '{"__proto__":{"schema":"netns-lab.report/2"}}',
      '{"schema":"netns-lab.report/1"}',
      '{"schema":"netns-lab.report/2"}',
      '{"schema":"netns-lab.report/3"}',
    ),
  )
  fc.assert(
    fc.property(content, given => {
      if (!(readBack(given) instanceof LabError)) throw new Error('taken for a report')
    }),
    runs(400),
  )
  for (const file of ['/nonexistent/x', '/', 'a\0b'])
    test.throws(() => readReport(file), { name: 'LabError' }, `refused: ${JSON.stringify(file)}`)
})

t.test('a report with one value of the wrong type is refused by the name of its field', async test => {
  fc.assert(
    fc.property(
      reports,
      fc.nat(),
      fc.constantFrom('null', '[[]]', '{"a":{"b":[]}}', '1e999'),
      (report, pick, wrong) => {
        const paths = pathsOf(report)
        const place = paths[pick % paths.length] ?? []
        const copy = replaced(report, place, () => '@wrong@')
        const read = readBack(JSON.stringify(copy).replace('"@wrong@"', wrong))
        const field = place
          .map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`))
          .join('')
          .replace(/^\./, '')
        if (!(read instanceof LabError)) throw new Error(`accepted: ${field}`)
        const named = read.message.split('is no report of netns-lab: ')[1]?.split(': ')[0] ?? ''
        const clean = field.replace(/\p{Cc}+/gu, ' ')
        if (named === '' || !(clean.startsWith(named) || named.startsWith(clean.split(': ')[0] ?? '')))
          throw new Error(`${JSON.stringify(field)}: ${read.message}`)
      },
    ),
    runs(400),
  )
  for (const [change, field] of [
    [{ started: '"><x' }, 'started'],
    [
      { scenarios: [{ id: '"><x', title: '', verdict: 'error', reason: '', elapsedMs: 0, trials: [] }] },
      'scenarios[0].id',
    ],
  ] as const) {
    const [report] = fc.sample(reports, { numRuns: 1, seed: 6 })
    const read = readBack(JSON.stringify({ ...report, ...change }))
    test.match(
      read instanceof LabError ? read.message : 'accepted',
      new RegExp(`: ${field.replace(/[[\]]/g, '\\$&')}: `),
    )
  }
})
