import t from 'tap'
import { type AuditReport, type Finding, NOTHING_FOUND } from '../model/audit.js'
import { AUDIT_FORMATS, NO_AUDIT_FORMATS } from './audit.js'
import { REPORTER_NAMES } from './registry.js'

const finding = (scenario: string, more: Partial<Finding> & Pick<Finding, 'finding'>): Finding => ({
  scenario,
  title: 'A <title> | of #1',
  netns: 'process 7 (a"<b)',
  ...NOTHING_FOUND,
  ...more,
})
const REPORT: AuditReport = {
  version: 1,
  kernel: { release: '6.1.0-44-amd64', version: '6.1.176' },
  distribution: 'Debian GNU/Linux 12 (bookworm)',
  packages: { iptables: '1.8.9-2' },
  savedRules: [],
  nwfilters: [],
  netns: ['this', 'process 7 (a"<b)'],
  findings: [
    finding('one', {
      finding: 'exposed',
      objects: ['link br<0> kind: bridge'],
      fails: [{ probe: 'ping', why: 'It\nfails.' }],
      repairs: [
        { settings: { stp: 'off' }, probes: ['ping'], commands: ['ip link set br0 type bridge stp_state 0'] },
      ],
    }),
    finding('two', {
      finding: 'relies on',
      held: [{ probe: 'ping', why: 'Held.' }],
      holders: [{ by: 'hairpin_mode=on', facts: ['link veth3 hairpin_mode: on'] }],
      conditions: ['a guest'],
    }),
    finding('three', { finding: 'not concerned', missing: 'a bridge' }),
    finding('four', { finding: 'cannot tell', missing: 'rules: nft could not be read' }),
  ],
  for: { name: 'Linux 6.12', changes: [{ change: 'you rely on it', worse: true, remedy: 'do that' }] },
  unread: [{ netns: 'this', what: 'nft', why: 'Operation\nnot permitted' }],
}
const written = (name: string) => AUDIT_FORMATS[name]?.(REPORT) ?? ''

t.test(
  'a person reads what is exposed first, what holds the rest, and one line for what is missing',
  async test => {
    const text = written('pretty')
    test.match(
      text,
      /^Debian GNU\/Linux 12 \(bookworm\), Linux 6\.1\.176 \(6\.1\.0-44-amd64\), 2 namespaces\n/,
    )
    test.ok(text.indexOf('exposed        one') < text.indexOf('relies on      two'))
    test.match(text, /relies on hairpin_mode=on: link veth3 hairpin_mode: on/)
    test.match(text, /stp=off repairs ping:\n {8}ip link set br0 type bridge stp_state 0/)
    test.match(text, /not concerned {2}three: without a bridge\n/)
    test.match(text, /with Linux 6\.12: 1 change\n {4}! you rely on it\n {8}do that/)
    test.match(text, /not read: this: nft: Operation/)
    test.match(text, /1 exposed, 1 held, 2 not concerned or not known/)
  },
)

t.test(
  'formats for cases have a case for each finding: exposed fails, what is missing or not known is skipped',
  async test => {
    for (const name of ['tap', 'ktap', 'kselftest']) {
      const text = written(name)
      test.match(text, /\n1\.\.4\nnot ok 1 one in .*\n# ping: It fails\.\nok 2 two .*\n/, name)
      test.match(text, /\nok 3 three .* # SKIP without a bridge\n/, name)
    }
    const junit = written('junit')
    test.match(junit, /tests="4" failures="1" errors="0" skipped="2"/)
    test.match(junit, /classname="process 7 \(a&quot;&lt;b\)" name="one"><failure message="ping: It/)
    test.match(
      written('lava'),
      /TEST_CASE_ID=one-in-process-7-a-b- RESULT=fail>\n.*RESULT=pass>\n.*RESULT=skip>/,
    )
  },
)

t.test(
  'tmt’s results are one for each finding, and every reporter of a run has an audit or a reason',
  async test => {
    test.equal(
      written('tmt').split('- name: ')[1],
      `"/one/process-7-a-b-"
  result: "fail"
  context:
    kernel: "6.1.0-44-amd64"
    finding: "exposed"
    reason: "ping: It fails."
`,
    )
    test.equal(AUDIT_FORMATS.tmt?.({ ...REPORT, findings: [] }), '[]\n')
    test.same(
      REPORTER_NAMES.filter(name => !(name in AUDIT_FORMATS) && !(name in NO_AUDIT_FORMATS)),
      [],
    )
  },
)

t.test('what could not be read is told with its remedy', async test => {
  const report = { ...REPORT, unread: [{ what: 'nft', why: 'EACCES', remedy: 'start it with sudo' }] }
  for (const name of ['pretty', 'markdown', 'html'])
    test.match(AUDIT_FORMATS[name]?.(report), /not read: nft: EACCES \(start it with sudo\)/, name)
})

t.test('pages escape what is a machine’s own word', async test => {
  const page = written('html')
  test.notMatch(page, /<b\)|br<0>/)
  test.match(page, /br&lt;0&gt;/)
  test.match(written('markdown'), /\| exposed \| `one` \| process 7 \(a"\\<b\) \| ping: It fails\. \|/)
  test.match(
    written('github'),
    /^::error title=exposed {2}one in process 7 \(a"<b\)::A <title> \| of #1\. ping: It%0Afails\.\n::notice /,
  )
})

t.test('JSON is the report, and events its findings, a line each', async test => {
  test.same(JSON.parse(written('json')), REPORT)
  const lines = written('events')
    .trim()
    .split('\n')
    .map(line => (JSON.parse(line) as { type: string }).type)
  test.same(lines, ['finding', 'finding', 'finding', 'finding', 'change', 'unread'])
})
