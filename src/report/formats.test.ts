/** The formats that others' tools read, each read back as its consumer does. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { EXIT } from '../base/errors.js'
import type { Report } from '../model/report.js'
import { CONVENTIONS, resultOf, statusFor, VERDICTS } from '../model/verdict.js'
import { createReporters } from './registry.js'
import { everyVerdict, hostile, recorded } from './synthetic.fixture.js'
import { beyondTrials } from './words.js'
import { path, written } from './written.fixture.js'

const RUNS: readonly (readonly [title: string, reports: readonly Report[]])[] = [
  ['a run with every verdict', [everyVerdict]],
  ['a run whose kernel says hostile things', [hostile]],
  ['a recorded run', [recorded]],
  ['two runs', [recorded, { ...everyVerdict, kernel: { release: '5.10.0', version: '5.10.0' } }]],
]

/** What must be told: each scenario's result with those of its trials, in order. */
const expected = (reports: readonly Report[]) =>
  reports
    .flatMap(({ scenarios }) => scenarios)
    .map(scenario => ({
      result: resultOf(scenario.verdict),
      cases: [
        ...scenario.trials.map(({ verdict }) => resultOf(verdict)),
        ...(beyondTrials(scenario) ? [resultOf(scenario.verdict)] : []),
      ],
    }))

/** Of a fixed set of words, the one for each result. */
const inWords = (words: Readonly<Record<string, string>>, reports: readonly Report[]) =>
  expected(reports).map(({ result, cases }) => ({
    result: words[result],
    cases: cases.map(one => words[one]),
  }))

const repeated = (names: readonly string[]) => names.filter((name, at) => names.indexOf(name) < at)

interface Program {
  readonly name: string
  readonly result: string
  readonly cases: { readonly name: string; readonly result: string }[]
}

/** Reads framed KTAP as NIPA and openQA do: what is behind `# TAP version` in comments belongs to the program named above it. */
function readKselftest(text: string): { readonly programs: Program[]; readonly indicators: string[] } {
  const programs: Program[] = []
  const indicators: string[] = []
  let own: Program['cases'] = []
  let nested = false
  for (const line of text.split('\n')) {
    if (line.startsWith('# selftests: ')) [own, nested] = [[], false]
    else if (line.startsWith('# TAP version ')) nested = true
    else if (nested && /^# (not )?ok /.test(line)) {
      const [, not, name = '', data = ''] = /^# (not )?ok \d+ ([^#]*[^# ])(?: +# +(.*))?$/.exec(line) ?? []
      own.push({ name, result: data.startsWith('SKIP') ? 'skip' : not ? 'fail' : 'pass' })
    } else if (/^(not )?ok \d+ selftests: /.test(line)) {
      const [, not, name = '', data = ''] =
        /^(not )?ok \d+ selftests: ([^#]*[^# ])(?: # (.*))?$/.exec(line) ?? []
      programs.push({ name, result: not ? 'fail' : data === 'SKIP' ? 'skip' : 'pass', cases: own })
    }
    // What NIPA looks for in the whole of an output.
    if (/\[(fail|skip|pass|ok)|(?<!# )# # (not )?ok|FAIL:|SKIP:/i.test(line.replace(/^# # \w[\w-]*: /, '')))
      indicators.push(line)
  }
  return { programs, indicators }
}

/** Documentation/dev-tools/kselftest.rst names no schema; the names are as NIPA and LKFT shorten them. */
const SHORTER = [
  (name: string) => name.replace(/[^0-9a-zA-Z]+/g, '-'),
  (name: string) => name.replace(/[^A-Za-z0-9_-]+/g, '_'),
]

/** kcidb_io.schema.v05_03, as far as it speaks of tests. */
const id = z.string().regex(/^[a-z0-9_]+:[^\0]*$/)
const text = z.string().regex(/^[^\0]*$/)
const kcidbSchema = z.strictObject({
  version: z.strictObject({ major: z.literal(5), minor: z.literal(3) }),
  tests: z.array(
    z.strictObject({
      id,
      origin: z.string().regex(/^[a-z0-9_]+$/),
      build_id: id,
      environment: z.strictObject({ comment: text }),
      path: z.string().regex(/^([a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*)?$/),
      comment: text.optional(),
      log_excerpt: text.max(16384),
      status: z.enum(['FAIL', 'ERROR', 'MISS', 'PASS', 'DONE', 'SKIP']),
      start_time: z.iso.datetime(),
      duration: z.number(),
      misc: z.record(z.string(), z.unknown()),
    }),
  ),
})

/** tmt/schemas/results.yaml, as far as results have what ours have. */
const tmtSchema = z.array(
  z.strictObject({
    name: z.string().regex(/^\/.*/),
    result: z.enum(['pass', 'fail', 'info', 'warn', 'error', 'skip']),
    duration: z.string().regex(/^[0-9]{2,}:[0-5][0-9]:[0-5][0-9]$/),
    context: z.record(z.string(), z.string()),
  }),
)

const submission = { origin: 'netns_lab', buildId: 'kernelci:1234' }

for (const [title, reports] of RUNS) {
  t.test(`kselftest tells all of ${title}, one program for each scenario`, async test => {
    const { kselftest = '' } = await written(reports, ['kselftest'])
    const { programs, indicators } = readKselftest(kselftest)
    const words = { pass: 'pass', skip: 'skip', fail: 'fail', error: 'fail' }
    test.strictSame(
      programs.map(({ result, cases }) => ({ result, cases: cases.map(one => one.result) })),
      inWords(words, reports),
    )
    for (const shorter of SHORTER) {
      test.strictSame(repeated(programs.map(({ name }) => shorter(name))), [])
      for (const { cases } of programs) test.strictSame(repeated(cases.map(({ name }) => shorter(name))), [])
    }
    test.strictSame(indicators, [])
  })

  t.test(`openQA's TAP::Parser reads kselftest of ${title} without an error`, async test => {
    const { kselftest = '' } = await written(reports, ['kselftest'])
    writeFileSync(path('kselftest.tap'), kselftest)
    const code = `my $p = TAP::Parser->new({ source => shift }); my $n = 0;
      while (my $r = $p->next) { $n++ if $r->is_test; die $r->as_string if $r->is_unknown } print join ' ', $n, $p->tests_planned, $p->parse_errors`
    const { stdout, stderr, error, status } = spawnSync(
      'perl',
      ['-MTAP::Parser', '-e', code, path('kselftest.tap')],
      {
        encoding: 'utf8',
      },
    )
    if (error || /Can't locate TAP/.test(stderr))
      return void test.pass('read', { skip: "perl's TAP::Parser is not installed" })
    const count = expected(reports).length
    test.equal(status, 0, stderr)
    test.equal(stdout, `${count} ${count}`)
  })

  t.test(`kcidb tells all of ${title} in schema v5.3`, async test => {
    const { kcidb = '' } = await written(reports, ['kcidb'], { submission })
    const { tests } = kcidbSchema.parse(JSON.parse(kcidb))
    const words = { pass: 'PASS', skip: 'SKIP', fail: 'FAIL', error: 'ERROR' }
    test.strictSame(
      tests.map(({ status }) => status),
      inWords(words, reports).flatMap(({ result, cases }) => [result, ...cases]),
    )
    test.strictSame(repeated(tests.map(one => one.id)), [])
    test.strictSame(repeated(tests.map(one => one.path)), [])
  })

  t.test(`tmt tells all of ${title} in results.yaml`, async test => {
    const { tmt = '' } = await written(reports, ['tmt'])
    const results = tmtSchema.parse(parseYaml(tmt))
    test.strictSame(
      results.map(({ result }) => result),
      expected(reports).flatMap(({ result, cases }) => [result, ...cases]),
    )
    test.strictSame(repeated(results.map(({ name }) => name)), [])
  })

  t.test(`lava tells all of ${title}, two words a line`, async test => {
    const { lava = '' } = await written(reports, ['lava'])
    const lines = lava
      .trimEnd()
      .split('\n')
      .map(line => line.split(' '))
    const words = { pass: 'pass', skip: 'skip', fail: 'fail', error: 'unknown' }
    test.strictSame(
      lines.map(([, result]) => result),
      inWords(words, reports).flatMap(({ result, cases }) => [result, ...cases]),
    )
    test.ok(lines.every(line => line.length === 2 && /^[\w.-]+$/.test(line[0] ?? '')))
    test.strictSame(repeated(lines.map(([name = '']) => name)), [])
  })
}

t.test('kcidb takes who submits, and the build, or says what is missing', async test => {
  for (const [given, message] of [
    [{}, /takes who submits$/],
    [{ origin: 'Netns-Lab' }, /'Netns-Lab' is no such name/],
    [{ origin: 'netns_lab' }, /takes the build/],
    [{ origin: 'netns_lab', buildId: 'abc' }, /'abc' is no id/],
  ] as const)
    test.throws(() => createReporters(['kcidb'], { runs: 1, env: {}, submission: given }), {
      message,
      exitCode: EXIT.usage,
    })
})

t.test('exit statuses are those of who reads them', async test => {
  const table = Object.fromEntries(
    CONVENTIONS.map(whose => [
      whose,
      [EXIT.ok, EXIT.failed, EXIT.usage, EXIT.error, EXIT.allSkipped, EXIT.unavailable].map(status =>
        statusFor(whose, status),
      ),
    ]),
  )
  test.strictSame(table, {
    lab: [0, 1, 2, 3, 4, 69],
    kselftest: [0, 1, 2, 1, 4, 4],
    autopkgtest: [0, 1, 2, 3, 77, 77],
  })
})

t.test('every verdict is among what is read back', async test => {
  const all = new Set(everyVerdict.scenarios.map(({ verdict }) => verdict))
  test.strictSame(
    VERDICTS.filter(verdict => !all.has(verdict)),
    [],
  )
})
