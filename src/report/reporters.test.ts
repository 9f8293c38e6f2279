/** Every reporter on one and the same run. */
import fc from 'fast-check'
import t from 'tap'
import { Parser } from 'tap-parser'
import { EXIT } from '../base/errors.js'
import { runs } from '../base/property.fixture.js'
import type { Reporter } from '../model/event.js'
import { type Report, reportSchema } from '../model/report.js'
import { resultOf } from '../model/verdict.js'
import { reports } from './arbitrary.fixture.js'
import { githubReporter } from './github.js'
import { htmlReporter } from './html.js'
import { junitReporter } from './junit.js'
import { markdownReporter } from './markdown.js'
import { prettyReporter } from './pretty.js'
import { createReporters } from './registry.js'
import type { Sink } from './sink.js'
import { everyVerdict, hostile, recorded, reportOf, scenario, trial } from './synthetic.fixture.js'
import { tapReporter } from './tap.js'
import { readGithub, readJunit, readKtap, readTap, type View } from './views.fixture.js'
import { beyondTrials, countResults, retriedLines } from './words.js'
import { written, writtenBy } from './written.fixture.js'

/** What the report itself says. */
function expected(report: Report): View {
  return new Map(
    report.scenarios.map(found => [found.id, { verdict: found.verdict, counts: countResults(found.trials) }]),
  )
}

/** Verdicts by scenario out of lines or rows that hold both. */
function verdictsOf(
  text: string,
  pattern: RegExp,
  order: 'id-first' | 'verdict-first',
): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(pattern)].map(([, a = '', b = '']) => (order === 'id-first' ? [a, b] : [b, a])),
  )
}

const FORMATS = ['tap', 'ktap', 'junit', 'github', 'markdown', 'html', 'json', 'pretty'] as const

for (const [name, report] of [
  ['a run with every verdict', everyVerdict],
  ['a run whose kernel says hostile things', hostile],
  ['a recorded run', recorded],
] as const)
  t.test(`all reporters agree on ${name}`, async test => {
    const text = await written([report], FORMATS)
    const of = (format: string) => text[format] ?? ''
    const want = expected(report)
    const verdicts = Object.fromEntries([...want].map(([id, { verdict }]) => [id, verdict]))
    test.strictSame(reportSchema.parse(JSON.parse(of('json'))), report, 'json')
    test.strictSame(readTap(test, of('tap')), want, 'tap')
    test.strictSame(readKtap(test, of('ktap')), want, 'ktap')
    test.strictSame(readGithub(of('github')), want, 'github')
    // A verdict that no trial shows is a case of its own: there is no other place for it in JUnit.
    const junit = new Map(
      report.scenarios.map(found => {
        const counts = countResults(found.trials)
        if (beyondTrials(found)) counts[resultOf(found.verdict)]++
        return [found.id, { verdict: found.verdict as string, counts }]
      }),
    )
    test.strictSame(readJunit(of('junit')), junit, 'junit')
    test.strictSame(
      verdictsOf(of('markdown'), /^\| `([\w-]+)`<br>.*? \| \S+ ([\w-]+) \|/gm, 'id-first'),
      verdicts,
      'markdown',
    )
    test.strictSame(
      verdictsOf(
        of('html'),
        /<th scope="row"><a href="#([\w-]+)">[\s\S]*?<span class="verdict ([\w-]+)">/g,
        'id-first',
      ),
      verdicts,
      'html',
    )
    test.strictSame(
      verdictsOf(of('pretty'), /^([\w-]+) +([\w-]+) +\d+ +[\d.]+ s/gm, 'verdict-first'),
      verdicts,
      'pretty',
    )
    const trials = report.scenarios.reduce((sum, found) => sum + found.trials.length, 0)
    test.equal(of('html').match(/<details class="trial"/g)?.length ?? 0, trials, 'every trial is in the page')
  })

t.test('an error that did not come again is told by every reporter, and counts for none', async test => {
  const why = 'sysctl did something else than it was told'
  const own = {
    ...scenario('slow-once', 'confirmed', [trial('confirmed', 'fixed', {})]),
    retried: [trial('confirmed', 'control', {}), trial('error', 'fixed', { why })],
  }
  const text = await written([reportOf([own])], FORMATS)
  for (const format of FORMATS) test.match(text[format], why, format)
  test.match(text.pretty, /^confirmed +slow-once +1 .* 1 tried again$/m)
  test.match(text.github, /^::notice title=netns-lab%3A slow-once%3A tried again on Linux/m)
  test.strictSame(readTap(test, text.tap ?? '').get('slow-once')?.verdict, 'confirmed')
})

t.test('several runs are nested in TAP and KTAP, and columns elsewhere', async test => {
  const other = { ...everyVerdict, kernel: { release: '5.10.0', version: '5.10.0' } }
  const text = await written([everyVerdict, other], ['tap', 'ktap', 'markdown', 'html'])
  const parser = new Parser({ strict: true })
  let count = 0
  parser.on('complete', (results: { count: number }) => {
    count = results.count
  })
  parser.end(text.tap)
  test.equal(count, 2)
  test.match(text.ktap, /^KTAP version 1\n1\.\.2\n {2}KTAP version 1\n {2}1\.\.10\n/)
  test.match(text.markdown, `| scenario | ${everyVerdict.kernel.version} | 5.10.0 |`)
  test.match(text.html, '<th scope="col">5.10.0</th>')
  test.throws(() => createReporters(['json=x'], { runs: 2, env: {} }), {
    message: 'a JSON report holds one run',
    exitCode: EXIT.usage,
  })
})

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
      const by = (make: (sink: Sink) => Reporter) => writtenBy(make, given)
      checkXml(by(sink => junitReporter(sink)))
      const page = by(sink => htmlReporter(sink))
      if (/<(evil|img)|<\/script>[^<]*<\/script/.test(page) || page.split('<script').length !== 2)
        throw new Error('markup in HTML')
      const github = by(sink => githubReporter(sink, given.length, undefined))
      const commands = github.split(/\r?\n/).filter(line => line.startsWith('::') || line.includes('##['))
      const expected = given
        .flatMap(({ scenarios }) => scenarios)
        .reduce((sum, own) => sum + (own.verdict === 'confirmed' ? 2 : 3) + retriedLines(own).length, 0)
      if (commands.length !== expected) throw new Error(`commands: ${JSON.stringify(commands)}`)
      const markdown = by(sink => markdownReporter(sink))
      if (/<evil/.test(markdown)) throw new Error('markup in Markdown')
      by(sink => prettyReporter(sink))
      by(sink => prettyReporter({ ...sink, isTTY: true, columns: 40 }))
      const tap = by(sink => tapReporter(sink, given.length))
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
