/**
 * Properties of what is read and written: kernel versions, report files, KTAP, words for a shell. Any input is taken, or
 * refused in words. `NETNS_LAB_PROPERTY_RUNS=N` has each property tried N times, with a seed of its own that is printed on
 * failure.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { Parser } from 'tap-parser'
import { dirSync } from 'tmp-promise'
import { LabError } from './base/errors.js'
import { command, quote } from './base/shell-words.js'
import { extractPvhKernel, parseBootImage } from './kernels/boot-image.js'
import { hasPvhEntry } from './kernels/elf.js'
import { KernelError } from './kernels/error.js'
import { comparePackageVersions } from './kernels/package-version.js'
import type { Reporter } from './model/event.js'
import type { Report, ScenarioReport, TrialReport } from './model/report.js'
import { VERDICTS } from './model/verdict.js'
import {
  compareKernelVersions,
  formatKernelVersion,
  hasChange,
  type KernelVersion,
  mainlineVersion,
  parseBanner,
  parseKernelVersion,
  upstreamVersion,
} from './model/version.js'
import { type DifferenceKind, diffReports } from './report/diff.js'
import { diffMarkdown, diffText } from './report/diff-text.js'
import { githubReporter } from './report/github.js'
import { htmlReporter } from './report/html.js'
import { junitReporter } from './report/junit.js'
import { ktapReporter } from './report/ktap.js'
import { countTests, type KernelTest, readKtap } from './report/ktap-reader.js'
import { markdownReporter } from './report/markdown.js'
import { prettyReporter } from './report/pretty.js'
import { readReport } from './report/read.js'
import { replay } from './report/replay.js'
import type { Sink } from './report/sink.js'
import { tapReporter } from './report/tap.js'
import { oneLine, resultOf, titledTrials } from './report/words.js'

const MORE = process.env.NETNS_LAB_PROPERTY_RUNS
const runs = (few: number) => ({
  includeErrorInReport: true,
  ...(MORE === undefined ? { numRuns: few, seed: 6 } : { numRuns: Number(MORE) }),
})
t.setTimeout(900_000)
const folder = dirSync({ unsafeCleanup: true })
t.teardown(() => folder.removeCallback())

const noise = fc.string({ unit: 'binary', maxLength: 30 })

// Kernel versions.

/** What `uname -r` says where, and the version that is in it. */
const RELEASES: readonly (readonly [string, string])[] = [
  ['6.1.0-44-amd64', '6.1.0'],
  ['5.10.0-35-cloud-amd64', '5.10.0'],
  ['6.8.0-31-generic', '6.8.0'],
  ['4.18.0-553.el8_10.x86_64', '4.18.0'],
  ['5.14.0-427.13.1.el9_4.x86_64', '5.14.0'],
  ['6.8.9-300.fc40.x86_64', '6.8.9'],
  ['6.10.0-0.rc3.20240613git2ccbdf43d5e7.33.fc41.x86_64', '6.10-rc3'],
  ['6.12.1-arch1-1', '6.12.1'],
  ['6.12.1-zen1-1-zen', '6.12.1'],
  ['5.10.110-android12-9-00001-g1a2b3c4d-ab8848214', '5.10.110'],
  ['5.15.153.1-microsoft-standard-WSL2', '5.15.153'],
  ['6.6.30-0-lts', '6.6.30'],
  ['6.4.0-150600.23.25-default', '6.4.0'],
  ['6.1.21-v8+', '6.1.21'],
  ['5.15.0-1061-aws', '5.15.0'],
  ['4.14.336-253.554.amzn2.x86_64', '4.14.336'],
  ['7.3-rc7', '7.3-rc7'],
  ['7.3~rc7-1~exp1', '7.3-rc7'],
]

const versions = fc.record<KernelVersion>(
  {
    major: fc.integer({ min: 0, max: 30 }),
    minor: fc.integer({ min: 0, max: 30 }),
    patch: fc.nat(400),
    rc: fc.nat(12),
  },
  { requiredKeys: ['major', 'minor', 'patch'] },
)

t.test('the version is read from the release of any distribution, whatever follows it', async test => {
  for (const [release, version] of RELEASES) {
    const read = parseKernelVersion(release)
    test.equal(read && formatKernelVersion(read), version, release)
  }
  fc.assert(
    fc.property(
      fc.constantFrom(...RELEASES),
      fc.stringMatching(/^[-+_ a-z][ -~]*$/),
      ([release, version], rest) => {
        const read = parseKernelVersion(`${release}${rest}`)
        if (!read || (formatKernelVersion(read) !== version && !/rc/.test(rest)))
          throw new Error('read otherwise')
      },
    ),
    runs(300),
  )
})

t.test('any text is a kernel version or none, and a version is written as it is read', async test => {
  fc.assert(
    fc.property(noise, fc.nat(), noise, versions, (a, number, b, version) => {
      parseKernelVersion(a)
      upstreamVersion(a, b, a + b)
      upstreamVersion(`${number}.${a}`, `Linux version ${b} Debian ${a}`, `Ubuntu ${a} ${b}`)
      const again = parseKernelVersion(formatKernelVersion(version))
      if (!again || compareKernelVersions(again, version) !== 0) throw new Error(formatKernelVersion(version))
    }),
    runs(800),
  )
  test.equal(
    parseKernelVersion('6.1.12345678901234567890'),
    undefined,
    'a number that nobody counts to is none',
  )
})

/** Throws when an order of three is not total: reflexive, antisymmetric, transitive. */
function checkOrder<V>(compare: (a: V, b: V) => number, a: V, b: V, c: V) {
  const [ab, ba, bc, ac] = [compare(a, b), compare(b, a), compare(b, c), compare(a, c)]
  if ([ab, ba, bc, ac].some(Number.isNaN)) throw new Error('no number')
  if (compare(a, a) !== 0 || Math.sign(ab) + Math.sign(ba) !== 0) throw new Error('not antisymmetric')
  if (ab <= 0 && bc <= 0 && ac > 0) throw new Error('not transitive')
}

t.test('kernel versions have a total order', async test => {
  fc.assert(
    fc.property(versions, versions, versions, (a, b, c) => {
      checkOrder(compareKernelVersions, a, b, c)
      checkOrder(compareKernelVersions, a, { ...a, patch: b.patch }, { ...a, patch: c.patch })
    }),
    runs(800),
  )
  test.pass('total')
})

t.test('the versions of packages have a total order, as Debian’s policy has it', async test => {
  const part = fc.oneof(
    fc.constantFrom('~', '-', '+', ':', '.', '', 'rc', '0', '00', '\n'),
    fc.nat().map(String),
    noise,
  )
  const text = fc.oneof(
    fc.array(part, { maxLength: 6 }).map(parts => parts.join('')),
    fc.bigInt({ min: 0n }).map(number => `${number}${'9'.repeat(400)}`),
  )
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      checkOrder(comparePackageVersions, a, b, c)
      mainlineVersion(a)
      parseBanner(a)
    }),
    runs(1500),
  )
  test.ok(comparePackageVersions('7.3~rc7-1', '7.3-1') < 0)
  test.ok(
    comparePackageVersions('6.1.20240613123456789011', '6.1.20240613123456789012') < 0,
    'beyond what a double holds',
  )
})

t.test('a change that a stable series has, all later releases of the series have', async test => {
  const text = fc.tuple(fc.integer({ min: 2, max: 7 }), fc.nat(20), fc.integer({ min: 1, max: 300 }))
  fc.assert(
    fc.property(
      text,
      fc.array(text, { maxLength: 5 }),
      text,
      fc.nat(300),
      (since, backports, [major, minor, patch], more) => {
        const change = {
          commit: '0',
          title: '',
          url: '',
          since: `${since[0]}.${since[1]}`,
          backports: backports.map(numbers => numbers.join('.')),
        }
        const older = hasChange(change, { major, minor, patch })
        if (older && !hasChange(change, { major, minor, patch: patch + more })) throw new Error('lost again')
        if (!hasChange(change, { major: since[0], minor: since[1], patch: more }))
          throw new Error('not since')
      },
    ),
    runs(600),
  )
  test.pass('monotone')
})

t.test('any bytes are a boot image, or refused as a KernelError that names the file', async test => {
  const at = (offset: number, text: string) => (image: Buffer) => void image.write(text, offset, 'latin1')
  const marks = [
    at(0x202, 'HdrS'),
    at(0, '\x7fELF'),
    at(0x38, 'ARMd'),
    at(18, '\x3e\0'),
    at(0x206, '\x0f\x02'),
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 1200, size: 'max' }),
      fc.subarray(marks),
      async (bytes, chosen) => {
        const image = Buffer.from(bytes)
        if (image.length > 0x210) for (const mark of chosen) mark(image)
        hasPvhEntry(image)
        try {
          parseBootImage(image, '/boot/vmlinuz')
          await extractPvhKernel(image, '/boot/vmlinuz')
        } catch (error) {
          if (!(error instanceof KernelError && error.message.includes('/boot/vmlinuz'))) throw error
        }
      },
    ),
    runs(500),
  )
  const elf = Buffer.alloc(4096, 0xff)
  elf.writeUInt32BE(0x7f454c46, 0)
  elf.writeUInt16LE(62, 18)
  test.notOk(hasPvhEntry(elf), 'a table of segments that lies outside of the file')
})

// Reports.

/** What some format somewhere takes for markup, a command, or an end. */
const MARKS = [
  ...[
    '<evil>',
    '</script>',
    ']]>',
    '&amp;',
    '"',
    "'",
    '\n::error::evil',
    '##[error]evil',
    '\nnot ok 99 evil',
    '%0A',
    '`',
    '|',
  ],
  ...[
    '\nBail out!',
    '# SKIP evil',
    '\u001b[31m',
    '\0',
    '\ud800',
    '\n1..7',
    '\\',
    '---\n...',
    '- ',
    'KTAP version 1',
    '\r',
    '\u2028',
  ],
]
const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.string({ maxLength: 4 }), fc.constantFrom(...MARKS)).map(parts => parts.join('')),
  },
  { weight: 1, arbitrary: noise },
)
const number = fc.double({ noNaN: true, noDefaultInfinity: true })
/** A key of JSON; the reader leaves out `__proto__`, which is no name of anything. */
const key = text.filter(name => name !== '__proto__')
const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/)
const optional = <V>(arbitrary: fc.Arbitrary<V>) => fc.option(arbitrary, { nil: undefined })
/** Without the fields that are undefined, as JSON has none. */
const compact = <V>(value: V): V => JSON.parse(JSON.stringify(value)) as V

const trials = fc
  .record({
    phase: fc.constantFrom('control', 'broken', 'fixed', 'reverted'),
    probe: text,
    iptables: fc.constantFrom('nft', 'legacy'),
    toggles: fc.dictionary(key, text, { maxKeys: 3 }),
    outcome: fc.constantFrom('works', 'fails', 'not-triggered', 'skipped', 'error'),
    says: text,
    answeredBy: optional(text),
    serverSaw: optional(text),
    measured: optional(fc.dictionary(key, number, { maxKeys: 2 })),
    expected: fc.constantFrom('works', 'fails'),
    ok: fc.boolean(),
    verdict: fc.constantFrom(...VERDICTS),
    why: text,
    mechanism: optional(text),
    change: optional(
      fc.record({
        commit: text,
        title: text,
        since: text,
        backports: optional(fc.array(text)),
        url: fc.webUrl(),
      }),
    ),
    evidence: fc.array(
      fc.record({
        source: text,
        node: text,
        state: fc.constantFrom('seen', 'absent', 'not-seen', 'unavailable'),
        says: text,
      }),
      { maxLength: 2 },
    ),
    repetition: fc.integer(),
    elapsedMs: number,
  })
  .map(trial => compact(trial) as TrialReport)
const scenarioReports = fc.record({
  id,
  title: text,
  verdict: fc.constantFrom(...VERDICTS),
  reason: text,
  elapsedMs: number,
  trials: fc.array(trials, { maxLength: 4 }),
})
const reports: fc.Arbitrary<Report> = fc
  .record({
    schema: fc.constant('netns-lab.report/1' as const),
    kernel: fc.record({ release: text, version: text, package: optional(text) }),
    machine: fc.record({
      cpus: fc.nat(),
      privilege: fc.constantFrom('root', 'rootless'),
      distribution: text,
      slowness: number,
      tools: fc.dictionary(key, text, { maxKeys: 2 }),
    }),
    started: fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
      .map(date => date.toISOString()),
    elapsedMs: number,
    summary: fc.constant(Object.fromEntries(VERDICTS.map((verdict, index) => [verdict, index % 3]))),
    unavailable: fc.array(fc.record({ what: text, why: text }), { maxLength: 2 }),
    scenarios: fc.uniqueArray(scenarioReports, { maxLength: 4, selector: scenario => scenario.id }),
  })
  .map(report => compact(report) as Report)

const FILE = join(folder.name, 'report.json')
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
          if (JSON.stringify(sorted(read)) !== JSON.stringify(sorted(report))) throw new Error('it changed')
        }
      }),
      runs(150),
    )
    test.pass('the same')
  },
)

/** With the keys of every object in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)])
}

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
    ),
  )
  fc.assert(
    fc.property(content, given => {
      if (!(readBack(given) instanceof LabError)) throw new Error('taken for a report')
    }),
    runs(400),
  )
  for (const path of ['/nonexistent/x', folder.name, 'a\0b'])
    test.throws(() => readReport(path), { name: 'LabError' }, `refused: ${JSON.stringify(path)}`)
})

/** Every path of a value that leads to something. */
function pathsOf(value: unknown): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return []
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return entries.flatMap(([step, inner]) => [[step], ...pathsOf(inner).map(rest => [step, ...rest])])
}

t.test('a report with one value of the wrong type is refused by the name of its field', async test => {
  fc.assert(
    fc.property(
      reports,
      fc.nat(),
      fc.constantFrom('null', '[[]]', '{"a":{"b":[]}}', '1e999'),
      (report, pick, wrong) => {
        const paths = pathsOf(report)
        const path = paths[pick % paths.length] ?? []
        const copy = structuredClone(report) as unknown
        let holder = copy as Record<string | number, unknown>
        for (const step of path.slice(0, -1)) holder = holder[step] as Record<string | number, unknown>
        holder[path.at(-1) ?? ''] = '@wrong@'
        const read = readBack(JSON.stringify(copy).replace('"@wrong@"', wrong))
        const field = path
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

const lookup = () => undefined
/** What a reporter writes about reports. */
function writtenBy(make: (sink: Sink) => Reporter, given: readonly Report[]): string {
  let all = ''
  const reporter = make({
    write: part => {
      all += part
    },
    close: () => {},
  })
  for (const report of given) for (const event of replay(report)) reporter.event(event)
  void reporter.close?.()
  return all
}

/** Names of the open elements where a document of XML ends; throws where it is not well formed. */
function checkXml(xml: string) {
  const open: string[] = []
  const rest = xml
    .replace(/^<\?xml [^?]*\?>\n/, '')
    .replace(
      /<(\/?)([a-z-]+)((?: [a-z]+="[^"<&]*(?:&[a-z#0-9]+;[^"<&]*)*")*)(\/?)>/g,
      (_, end, name, _attributes, empty) => {
        if (end) {
          if (open.pop() !== name) throw new Error(`</${name}> closes something else`)
        } else if (!empty) open.push(name)
        return ''
      },
    )
  if (/[<>]|&(?![a-z]+;|#\d+;)/.test(rest) || open.length > 0)
    throw new Error(`not well formed: ${JSON.stringify(rest.trim().slice(0, 200))}`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has none of these
  if (/[\0-\b\v\f\x0e-\x1f]/.test(xml)) throw new Error('a control character')
}

t.test('every reporter takes any report, and nothing in one breaks out of its format', async test => {
  fc.assert(
    fc.property(fc.array(reports, { minLength: 1, maxLength: 2 }), given => {
      const written = (make: (sink: Sink) => Reporter) => writtenBy(make, given)
      checkXml(written(sink => junitReporter(sink, lookup)))
      const page = written(sink => htmlReporter(sink, lookup))
      if (/<(evil|img)|<\/script>[^<]*<\/script/.test(page) || page.split('<script').length !== 2)
        throw new Error('markup in HTML')
      const github = written(sink => githubReporter(sink, lookup, undefined))
      const commands = github.split(/\r?\n/).filter(line => line.startsWith('::') || line.includes('##['))
      const expected = given
        .flatMap(({ scenarios }) => scenarios)
        .reduce((sum, { verdict }) => sum + (verdict === 'confirmed' ? 2 : 3), 0)
      if (commands.length !== expected) throw new Error(`commands: ${JSON.stringify(commands)}`)
      const markdown = written(sink => markdownReporter(sink, lookup))
      if (/<evil/.test(markdown)) throw new Error('markup in Markdown')
      written(sink => prettyReporter(sink, lookup))
      written(sink => prettyReporter({ ...sink, isTTY: true, columns: 40 }, lookup))
      const tap = written(sink => tapReporter(sink, lookup, given.length))
      const results = Parser.parse(tap)
      const complete = results.find(([event]) => event === 'complete')?.[1] as {
        count: number
        bailout: unknown
        plan: { end: number }
      }
      const count = given.length > 1 ? given.length : given[0]?.scenarios.length
      if (complete.count !== count || complete.bailout !== false)
        throw new Error(`TAP: ${JSON.stringify(complete)}`)
    }),
    runs(200),
  )
  test.pass('whole')
})

t.test('what the KTAP reporter writes, the reader reads back: counts, names and directives', async test => {
  const plain = (name: string) =>
    stripVTControlCharacters(oneLine(name).replaceAll('#', 'no. ')).replace(/^- */, '').trim()
  const outcome = (trial: TrialReport): KernelTest['outcome'] => {
    const result = resultOf(trial.verdict)
    if (result === 'pass') return trial.expected === 'fails' && trial.outcome === 'fails' ? 'xfail' : 'pass'
    return result
  }
  fc.assert(
    fc.property(reports, fc.boolean(), (report, twice) => {
      const written = writtenBy(
        sink => ktapReporter(sink, lookup, twice ? 2 : 1),
        twice ? [report, report] : [report],
      )
      const read = readKtap(written)
      const scenarios = twice ? (read[1]?.subtests ?? []) : read
      if (report.scenarios.length === 0) return
      const expected = report.scenarios.map((scenario: ScenarioReport) => ({
        name: plain(scenario.id),
        outcome: resultOf(scenario.verdict),
        trials: titledTrials(scenario, undefined).map(({ trial, title }) => [plain(title), outcome(trial)]),
      }))
      const found = scenarios.map(test => ({
        name: test.name,
        outcome: test.outcome,
        trials: test.subtests.map(({ name, outcome: came }) => [name, came]),
      }))
      if (JSON.stringify(found) !== JSON.stringify(expected))
        throw new Error(`${JSON.stringify(found)}\n${JSON.stringify(expected)}`)
      countTests(read)
    }),
    runs(300),
  )
  test.pass('read back')
})

t.test(
  'any text is KTAP, or refused by the number of a line, and never an exception or a wait',
  async test => {
    const line = fc.oneof(
      fc.constantFrom(
        ...[
          'KTAP version 1',
          'TAP version 13',
          '1..2',
          '1..99999999999999999999',
          '1..0 # SKIP no',
          'ok 1',
          'not ok 1 - x',
        ],
        ...[
          'ok 1 a\rb',
          'ok 2 # SKIP',
          'not ok 99999999999999999999 x',
          'Bail out! x',
          'TEST: x [ OK ]',
          'TEST: [FAIL]',
          'Tests passed: 9',
          '\0',
          '\t',
        ],
      ),
      noise,
    )
    const lines = fc.array(fc.tuple(fc.nat(6), line), { maxLength: 12 })
    const attempt = (given: string) => {
      try {
        countTests(readKtap(given))
        return undefined
      } catch (error) {
        if (error instanceof LabError && /^line \d+ of/.test(error.message) && error.remedy) return error
        throw error
      }
    }
    fc.assert(
      fc.property(
        lines,
        given => void attempt(given.map(([indent, words]) => ' '.repeat(indent) + words).join('\n')),
      ),
      runs(3000),
    )
    const nested = (depth: number) =>
      [...Array(depth).keys()].map(level => `${' '.repeat(2 * level)}KTAP version 1`).join('\n')
    test.match(attempt(nested(3000)), { message: /nested more than 100 levels/ })
    test.ok(attempt(`KTAP version 1\n1..1\nok 1 ${'#'.repeat(1_000_000)}`) === undefined)
    test.ok(attempt(`KTAP version 1\n1..1${' '.repeat(200_000)}x`))
    test.match(
      readKtap('KTAP version 1\nok 1 a\nnot ok 2 b\rc'),
      [{}, { outcome: 'fail' }],
      'a carriage return hides no failure',
    )
  },
)

/** What a difference is when the reports change places. */
const REVERSED: Readonly<Record<DifferenceKind, readonly (DifferenceKind | undefined)[]>> = {
  'fix-broke': ['fix-works', 'judged-worse'],
  'now-fails': ['failure-gone', 'judged-worse'],
  'judged-worse': ['judged-better', 'fix-broke', 'now-fails'],
  'fix-works': ['fix-broke'],
  'failure-gone': ['now-fails'],
  'judged-better': ['judged-worse'],
  mechanism: ['mechanism'],
  // Evidence counts only where the later trial fails.
  evidence: ['evidence', undefined],
  'no-longer-run': ['newly-run'],
  'newly-run': ['no-longer-run'],
}

t.test('a report does not differ from itself, and what breaks one way heals the other way', async test => {
  const many = fc.uniqueArray(trials, { minLength: 1, maxLength: 6, selector: ({ probe }) => probe })
  const side = fc.tuple(reports, many).map(
    ([report, list]): Report => ({
      ...report,
      scenarios: [{ id: 'one', title: '', verdict: 'confirmed', reason: '', elapsedMs: 0, trials: list }],
    }),
  )
  // The same trials with other outcomes, so that there is something to compare.
  const pair = fc.tuple(side, fc.infiniteStream(trials)).map(([before, others]): [Report, Report] => {
    const changed = before.scenarios.map(scenario => ({
      ...scenario,
      trials: scenario.trials.map(trial => {
        const { outcome, verdict, mechanism, evidence } = others.next().value as TrialReport
        return compact({ ...trial, outcome, verdict, mechanism, evidence })
      }),
    }))
    return [before, { ...before, scenarios: changed }]
  })
  fc.assert(
    fc.property(fc.oneof(pair, fc.tuple(side, side)), ([a, b]) => {
      const same = diffReports(a, a)
      if (same.differences.length > 0) throw new Error(JSON.stringify(same.differences))
      const [there, back] = [diffReports(a, b), diffReports(b, a)]
      if (there.compared !== back.compared) throw new Error('compared')
      for (const difference of there.differences) {
        diffText(there)
        diffMarkdown(there)
        const reverse = back.differences.flatMap(({ probe, kind }) =>
          probe === difference.probe ? [kind] : [],
        )
        const right = REVERSED[difference.kind]
        if (!right.includes(reverse.length === 0 ? undefined : reverse.find(kind => right.includes(kind))))
          throw new Error(`${difference.kind}: ${reverse}`)
      }
    }),
    runs(400),
  )
  test.pass('antisymmetric')
})

// Words for a shell.

t.test('any word comes back from a shell as it was, alone and in a command of many lines', async test => {
  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(...'\'"\\$`!*?[]{}()<>|&;#~ \n\t\r%=-') }),
    fc.constantFrom(
      '',
      '-n',
      '--',
      '~',
      '$(exit 3)',
      '`exit 3`',
      "'",
      '!!',
      '*',
      '\\',
      '\n',
      'a'.repeat(5000),
    ),
  )
  const sh = (script: string) =>
    spawnSync('sh', ['-s'], { input: script, timeout: 30_000, maxBuffer: 1 << 26 })
  fc.assert(
    fc.property(
      fc.array(
        word.map(text => Buffer.from(text).toString().replaceAll('\0', '')),
        { minLength: 60, maxLength: 120 },
      ),
      words => {
        const expected = words.map(text => `${text}\0`).join('')
        for (const script of [
          `printf '%s\\0' ${words.map(quote).join(' ')}\n`,
          `${command(['printf', '%s\\0', ...words])}\n`,
        ]) {
          const { status, stdout } = sh(script)
          if (status !== 0 || stdout.toString() !== expected) throw new Error(`status ${status}`)
        }
        const input = `${words.join('\n')}\n`
        if (sh(`${command(['cat'], input)}\n`).stdout.toString() !== input) throw new Error('a here-document')
      },
    ),
    runs(40),
  )
  test.pass('unchanged')
})
