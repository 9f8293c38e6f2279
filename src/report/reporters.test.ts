/** Every reporter on one and the same run: synthetic ones with every verdict and hostile text, and one recorded for real. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { Parser } from 'tap-parser'
import { dirSync } from 'tmp-promise'
import { EXIT, LabError } from '../base/errors.js'
import { missingTool } from '../base/tools.js'
import { summarize } from '../engine/run.js'
import type { Reporter } from '../model/event.js'
import { type Report, reportSchema, type ScenarioReport, type TrialReport } from '../model/report.js'
import type { Verdict } from '../model/verdict.js'
import { loadScenarios } from '../plan/catalogue.js'
import { drawTopology } from './drawing.js'
import { layOut } from './layout.js'
import { prettyReporter } from './pretty.js'
import { combine, createReporters } from './registry.js'
import { replay } from './replay.js'
import { wayOf } from './way.js'
import { beyondTrials, countResults, placeOfLoss, type Result, resultOf } from './words.js'

const scenarios = await loadScenarios()
const lookup = (id: string) => scenarios.find(scenario => scenario.id === id)
const folder = dirSync({ unsafeCleanup: true })
t.teardown(() => folder.removeCallback())
const path = (name: string) => join(folder.name, name)
const unless = (tool: string) => {
  const skip = missingTool(tool)
  return skip === undefined ? {} : { skip }
}

const RECORDED = fileURLToPath(new URL('../../../src/report/recorded-run.json', import.meta.url))
const recorded = reportSchema.parse(JSON.parse(readFileSync(RECORDED, 'utf8')))

/** What some format somewhere takes for markup, a command, or an end. */
const HOSTILE =
  '<script>alert(1)</script> # SKIP | ]]> "q" \'a\' %0A ::error::x\n::error::y \\ \u001b[31m & not ok 1 * `'

function trial(verdict: Verdict, phase: TrialReport['phase'], says = 'it said so'): TrialReport {
  const good = resultOf(verdict) === 'pass'
  return {
    phase,
    probe: 'own-address-tcp',
    iptables: 'nft',
    toggles: { hairpin_mode: 'off', promisc: says },
    outcome: verdict === 'skipped' ? 'skipped' : verdict === 'error' ? 'error' : good ? 'works' : 'fails',
    says,
    expected: 'works',
    ok: good || verdict === 'skipped',
    verdict,
    why: `because ${says}`,
    evidence: [{ source: 'mib', node: 'host', state: 'seen', says }],
    repetition: 1,
    elapsedMs: 1.5,
  }
}

function scenario(
  id: string,
  verdict: Verdict,
  trials: readonly TrialReport[],
  reason = 'a reason',
): ScenarioReport {
  return { id, title: `Title of ${id}`, verdict, reason, elapsedMs: 12, trials: [...trials] }
}

function reportOf(list: readonly ScenarioReport[]): Report {
  const summary = summarize(list)
  return { ...recorded, summary, scenarios: [...list], unavailable: [{ what: 'kernel log', why: HOSTILE }] }
}

const passing = trial('confirmed', 'control')
const everyVerdict = reportOf([
  scenario('broken-lab', 'error', [trial('error', 'control')]),
  scenario('regression', 'regressed', [passing, trial('regressed', 'fixed')]),
  scenario('no-failure', 'unexpected-pass', [passing, trial('unexpected-pass', 'broken')]),
  scenario('flaky-all-ok', 'flaky', [passing, passing]),
  scenario('left-out', 'skipped', [trial('skipped', 'control'), trial('skipped', 'broken')]),
  scenario('newer-kernel', 'changed', [passing, trial('changed', 'fixed'), trial('skipped', 'fixed')]),
  scenario('as-documented', 'confirmed', [passing, trial('confirmed', 'broken')]),
  scenario('without-trials', 'skipped', []),
])
const hostile = reportOf([
  scenario(
    'hostile',
    'regressed',
    [trial('confirmed', 'control', HOSTILE), trial('regressed', 'fixed', HOSTILE)],
    HOSTILE,
  ),
  scenario('hostile-skip', 'skipped', [trial('skipped', 'control', HOSTILE)], HOSTILE),
])

/** What the reporters write for these runs, each into a file of its own. */
async function written(
  reports: readonly Report[],
  names: readonly string[],
): Promise<Record<string, string>> {
  const env = { GITHUB_STEP_SUMMARY: path('summary.md') }
  writeFileSync(env.GITHUB_STEP_SUMMARY, '')
  const requests = names.map(name => `${name}=${path(name)}`)
  const [, ...made] = createReporters(requests, { lookup, runs: reports.length, env })
  const all = combine(made, text => t.fail(text))
  for (const report of reports) for (const event of replay(report)) all.event(event)
  await all.close()
  return Object.fromEntries(names.map(name => [name, readFileSync(path(name), 'utf8')]))
}

/** A format's view of a run: each scenario with its verdict as far as the format has it, and its trials by result. */
type View = Map<string, { readonly verdict: string; readonly counts: Record<Result, number> }>

const none = (): Record<Result, number> => ({ pass: 0, skip: 0, fail: 0, error: 0 })

interface Assert {
  readonly ok: boolean
  readonly name: string
  readonly skip: boolean | string
  readonly diag?: { readonly verdict?: string }
}

function readTap(test: Test, text: string): View {
  const view: View = new Map()
  let counts = none()
  const parser = new Parser({ strict: true })
  const problems: string[] = []
  parser.on('extra', (extra: string) => problems.push(extra))
  parser.on('child', (child: Parser) => {
    counts = none()
    child.on('assert', ({ ok, skip, diag }: Assert) => {
      counts[skip !== false ? 'skip' : ok ? 'pass' : diag?.verdict === 'error' ? 'error' : 'fail']++
    })
  })
  parser.on('assert', ({ name }: Assert) => {
    const [id = '', verdict = ''] = name.split(': ')
    view.set(id, { verdict, counts })
  })
  let count = -1
  let planned = -1
  parser.on('complete', (results: { count: number; plan: { end: number | null } }) => {
    count = results.count
    planned = results.plan.end ?? -1
  })
  parser.end(text)
  test.strictSame(problems, [], 'nothing in it is not TAP')
  test.equal(count, planned, 'the plan is kept')
  return view
}

/** A strict reader of KTAP of two levels: version line, plan, results in order. */
function readKtap(test: Test, text: string): View {
  const view: View = new Map()
  let [counts, number, planned, outer] = [none(), 0, -1, 0]
  for (const line of text.trimEnd().split('\n')) {
    const result = /^( *)(ok|not ok) (\d+) ([^#]*?)(?: # (.*))?$/.exec(line)
    if (/^ {2}KTAP version 1$/.test(line)) [counts, number, planned] = [none(), 0, -1]
    else if (/^ {2}1\.\.\d+$/.test(line)) planned = Number(line.trim().slice(3))
    else if (result) {
      const [, indent = '', word, at, name = '', data = ''] = result
      if (indent === '') {
        test.equal(Number(at), ++outer)
        test.equal(number, planned, `${name}: the plan is kept`)
        view.set(name, { verdict: /^(?:SKIP |ERROR )?([\w-]+):/.exec(data)?.[1] ?? '', counts })
      } else {
        test.equal(Number(at), ++number)
        const kind = data.startsWith('SKIP')
          ? 'skip'
          : word === 'ok'
            ? 'pass'
            : data.startsWith('ERROR')
              ? 'error'
              : 'fail'
        counts[kind]++
      }
    } else test.match(line, /^(KTAP version 1$|1\.\.\d+$| *# )/)
  }
  return view
}

function readJunit(text: string): View {
  const suites = [
    ...text.matchAll(
      /<testsuite name="([^"]*)" tests="(\d+)" failures="(\d+)" errors="(\d+)" skipped="(\d+)"[\s\S]*?<\/testsuite>/g,
    ),
  ]
  return new Map(
    suites.map(([body, id = '', tests, failures, errors, skipped]) => {
      const [fail, error, skip] = [Number(failures), Number(errors), Number(skipped)]
      const verdict = /<property name="verdict" value="([^"]*)"/.exec(body)?.[1] ?? ''
      return [id, { verdict, counts: { pass: Number(tests) - fail - error - skip, fail, error, skip } }]
    }),
  )
}

function readGithub(text: string): View {
  const groups = [...text.matchAll(/^::group::(\S+) (\S+): (\d+) trials.*\n([\s\S]*?)^::endgroup::$/gm)]
  return new Map(
    groups.map(([, verdict = '', id = '', , body = '']) => {
      const counts = none()
      for (const line of body.split('\n').filter(Boolean)) counts[resultOf(line.split(':')[0] as Verdict)]++
      return [id, { verdict, counts }]
    }),
  )
}

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

const JUNIT_XSD = `<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:attributeGroup name="counts">
    <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="time" type="xs:decimal" use="required"/>
  </xs:attributeGroup>
  <xs:complexType name="problem"><xs:simpleContent><xs:extension base="xs:string">
    <xs:attribute name="type" type="xs:string" use="required"/>
    <xs:attribute name="message" type="xs:string" use="required"/>
  </xs:extension></xs:simpleContent></xs:complexType>
  <xs:element name="testsuites"><xs:complexType><xs:sequence>
    <xs:element name="testsuite" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
      <xs:element name="properties"><xs:complexType><xs:sequence>
        <xs:element name="property" maxOccurs="unbounded"><xs:complexType>
          <xs:attribute name="name" type="xs:token" use="required"/>
          <xs:attribute name="value" type="xs:string" use="required"/>
        </xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="testcase" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
        <xs:choice minOccurs="0">
          <xs:element name="skipped"><xs:complexType><xs:attribute name="message" type="xs:string"/></xs:complexType></xs:element>
          <xs:element name="failure" type="problem"/>
          <xs:element name="error" type="problem"/>
        </xs:choice>
        <xs:element name="system-out" type="xs:string" minOccurs="0"/>
      </xs:sequence>
        <xs:attribute name="classname" type="xs:string" use="required"/>
        <xs:attribute name="name" type="xs:string" use="required"/>
        <xs:attribute name="time" type="xs:decimal" use="required"/>
      </xs:complexType></xs:element>
    </xs:sequence>
      <xs:attributeGroup ref="counts"/>
      <xs:attribute name="name" type="xs:token" use="required"/>
      <xs:attribute name="skipped" type="xs:nonNegativeInteger" use="required"/>
      <xs:attribute name="timestamp" type="xs:dateTime" use="required"/>
      <xs:attribute name="hostname" type="xs:token" use="required"/>
    </xs:complexType></xs:element>
  </xs:sequence><xs:attribute name="name" type="xs:string"/><xs:attributeGroup ref="counts"/></xs:complexType></xs:element>
</xs:schema>
`

t.test('JUnit is accepted by a schema', unless('xmllint'), async test => {
  writeFileSync(path('junit.xsd'), JUNIT_XSD)
  for (const report of [everyVerdict, hostile, recorded]) {
    await written([report], ['junit'])
    execFileSync('timeout', ['60', 'xmllint', '--noout', '--schema', path('junit.xsd'), path('junit')], {
      stdio: 'pipe',
    })
  }
  test.pass('all three are valid')
})

t.test('GitHub gets an annotation for what needs a look, and the table as job summary', async test => {
  const text = (await written([everyVerdict], ['github'])).github ?? ''
  const kinds = [...text.matchAll(/^::(error|warning|notice) /gm)].map(([, kind]) => kind)
  test.strictSame(kinds, ['error', 'error', 'error', 'error', 'warning', 'notice', 'warning'])
  const summary = readFileSync(path('summary.md'), 'utf8')
  test.equal(summary.match(/^\| `/gm)?.length, everyVerdict.scenarios.length)
  const nasty = (await written([hostile], ['github'])).github ?? ''
  const commands = nasty.split('\n').filter(line => line.trimStart().startsWith('::error'))
  test.equal(commands.length, 1, 'what the kernel says is never a command')
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
  test.match(text.ktap, /^KTAP version 1\n1\.\.2\n {2}KTAP version 1\n {2}1\.\.8\n/)
  test.match(text.markdown, `| scenario | ${recorded.kernel.version} | 5.10.0 |`)
  test.match(text.html, '<th scope="col">5.10.0</th>')
  test.throws(() => createReporters(['json=x'], { lookup, runs: 2, env: {} }), {
    message: 'a JSON report holds one run',
    exitCode: EXIT.usage,
  })
})

t.test(
  'lab merge writes one page of several reports, and exits with the worst of their statuses',
  async test => {
    const main = fileURLToPath(new URL('../cli/main.js', import.meta.url))
    const lab = (...args: string[]) =>
      spawnSync(process.execPath, [main, 'merge', ...args], { encoding: 'utf8' })
    writeFileSync(path('bad.json'), JSON.stringify(everyVerdict))
    const merged = lab(RECORDED, path('bad.json'), '--reporter', `html=${path('merged.html')}`)
    test.equal(merged.status, EXIT.error)
    test.match(readFileSync(path('merged.html'), 'utf8'), 'id="flaky-all-ok"')
    test.equal(lab(RECORDED).status, EXIT.ok)
    const wrong = lab(fileURLToPath(import.meta.url))
    test.equal(wrong.status, EXIT.usage)
    test.match(wrong.stderr, /reporters\.test\.js is not JSON/)
  },
)

t.test('a run that did not end is a bail-out in TAP', async test => {
  const [, ...made] = createReporters([`tap=${path('tap')}`], { lookup, runs: 1, env: {} })
  const all = combine(made, () => {})
  for (const event of replay(everyVerdict)) if (event.type !== 'run-end') all.event(event)
  await all.close()
  test.match(readFileSync(path('tap'), 'utf8'), /^Bail out!/m)
})

t.test('the page needs no network, and what the kernel says stays text', async test => {
  const page = (await written([hostile], ['html'])).html ?? ''
  test.notMatch(page, /<(link|img|iframe|object)|@import|url\(|\ssrc=/)
  test.match(page, "default-src 'none'")
  test.equal(page.match(/<script>/g)?.length, 1, 'the only script is its own')
})

t.test('the page is drawn by a browser', unless('chromium'), async test => {
  await written([recorded], ['html'])
  const args = '--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking'.split(
    ' ',
  )
  writeFileSync(path('page.html'), readFileSync(path('html')))
  const shot = path('page.png')
  execFileSync(
    'timeout',
    [
      '-s',
      'KILL',
      '60',
      'chromium',
      ...args,
      `--user-data-dir=${path('profile')}`,
      '--window-size=1280,2000',
      `--screenshot=${shot}`,
      `file://${path('page.html')}`,
    ],
    { stdio: 'pipe' },
  )
  test.ok(statSync(shot).size > 50_000, 'and there is something to see')
})

t.test('a reporter that throws does not stop the others, and is reported', async test => {
  let events = 0
  const broken: Reporter = {
    event() {
      throw new Error('out of ideas')
    },
  }
  const working: Reporter = { event: () => void events++ }
  const complaints: string[] = []
  const all = combine(
    [
      { name: 'broken', reporter: broken },
      { name: 'working', reporter: working },
    ],
    text => complaints.push(text),
  )
  const stream = [...replay(everyVerdict)]
  for (const event of stream) all.event(event)
  test.equal(events, stream.length)
  test.strictSame(complaints, ['the broken reporter failed and writes no more: out of ideas'])
  await test.rejects(
    all.close(),
    new LabError('the broken reporter failed: out of ideas', 'this is a bug of the lab'),
  )
})

t.test('a reporter that is asked for wrongly is a usage error that says what to do', async test => {
  const create =
    (...requests: string[]) =>
    () =>
      createReporters(requests, { lookup, runs: 1, env: {} })
  test.throws(create('junt'), {
    message: "unknown reporter 'junt'",
    remedy: "did you mean 'junit'?",
    exitCode: EXIT.usage,
  })
  test.throws(create('tap', 'html'), {
    message: 'tap and html cannot both be written to standard output',
    remedy: 'give one of them a file: --reporter html=FILE',
    exitCode: EXIT.usage,
  })
  test.throws(create('html='), { message: /the file has no name/, exitCode: EXIT.usage })
  test.throws(create('html=/no/such/folder/x.html'), {
    message: /cannot be written: ENOENT/,
    exitCode: EXIT.usage,
  })
})

t.test(
  'on a terminal lines are as wide as it is; elsewhere there is no colour and no live line',
  async test => {
    const run = (isTTY: boolean) => {
      const parts: string[] = []
      const reporter = prettyReporter({ write: text => parts.push(text), isTTY, columns: 70 }, lookup)
      for (const event of replay(recorded)) reporter.event(event)
      reporter.close?.()
      return parts.join('')
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
    const escapes = /\u001b\[[\d;]*[a-zA-Z]|\r/g
    const wide = run(true).replace(escapes, '').split('\n')
    test.strictSame(
      wide.filter(line => line.length > 70 && line.startsWith('    ')),
      [],
    )
    test.notMatch(run(false), escapes)
    test.match(
      run(false),
      /✗ own-address-tcp: host br-lxc: frame that would leave by the port that it came in on: .*document/,
    )
  },
)

t.test('every scenario is drawn with its labels inside their boxes', async test => {
  for (const { id, topology } of scenarios) {
    for (const node of layOut(topology).nodes.values()) {
      const outside = node.labels.filter(
        ({ x, y }) => x < node.x || x > node.x + node.width || y > node.y + node.height,
      )
      test.strictSame(outside, [], `${id} ${node.name}`)
    }
    const svg = drawTopology(topology, { title: id, standalone: true })
    for (const name of Object.keys(topology.nodes)) test.match(svg, `>${name}</text>`)
  }
})

t.test('a packet’s way begins where its probe is and ends where its mechanism loses it', async test => {
  for (const { id, topology, probes, mechanisms, expectations } of scenarios)
    for (const { probes: names, mechanism = '' } of expectations) {
      const [spec, known] = [probes[names[0] ?? ''], mechanisms[mechanism]]
      const place = known && placeOfLoss(known, topology)
      if (!spec || !place) continue
      const { stops, lost } = wayOf(topology, spec, place)
      test.ok(lost && stops.length > 1, `${id} ${mechanism}`)
      test.equal(stops[0]?.node, 'node' in spec ? spec.node : spec.clients.at(-1))
      test.equal(stops.at(-1)?.node, place.node)
    }
})
