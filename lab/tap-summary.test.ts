import { execa } from 'execa'
import t from 'tap'
import { repositoryFile } from '../src/base/root.js'

const SUMMARY = repositoryFile('dist/lab/tap-summary.js')

await t.test('the summary of a test run', async s => {
  const summarize = (lines: readonly string[], ...args: readonly string[]) =>
    execa(process.execPath, [SUMMARY, ...args], {
      input: `TAP version 14\n${lines.join('\n')}\n`,
      reject: false,
    })
  const lastLine = ({ stdout }: { readonly stdout: string }) => stdout.trimEnd().split('\n').at(-1)
  const file = (name: string, body: string[], ending = `ok 1 - ${name}`) => [
    `# Subtest: ${name}`,
    ...body.map(line => `    ${line}`),
    ending,
  ]
  const passing = ['# Subtest: works', '    ok 1 - a', '    ok 2 - b', '    1..2', 'ok 1 - works']

  await s.test('counts the innermost tests, not their assertions', async c => {
    const nested = ['# Subtest: group', ...passing.map(line => `    ${line}`), '    1..1', 'ok 2 - group']
    const result = await summarize([...file('a.test.js', [...passing, ...nested, '1..2']), '1..1'])
    c.equal(lastLine(result), '2 passed, 0 failed, 0 skipped')
    c.equal(result.exitCode, 0)
  })

  await s.test('adds what another summary has told of', async c => {
    const good = await summarize([...file('a.test.js', [...passing, '1..1']), '1..1'], '--told=7,0,2')
    c.equal(lastLine(good), '8 passed, 0 failed, 2 skipped')
    c.equal(good.exitCode, 0)
    const bad = await summarize([...file('a.test.js', [...passing, '1..1']), '1..1'], '--told=7,1,2')
    c.equal(lastLine(bad), '8 passed, 1 failed, 2 skipped')
    c.equal(bad.exitCode, 1)
  })

  await s.test('counts skipped and todo tests as skipped, and names them with their reason', async c => {
    const inside = ['# Subtest: needs KVM', '    ok 1 - no /dev/kvm # SKIP', '    1..1', 'ok 3 - needs KVM']
    const body = [
      ...passing,
      'ok 2 - virsh trial # SKIP no libvirt',
      ...inside,
      'ok 4 - later # TODO',
      '1..4',
    ]
    const result = await summarize([...file('a.test.js', body), '1..1'])
    c.equal(lastLine(result), '1 passed, 0 failed, 3 skipped')
    c.match(result.stdout, /virsh trial: no libvirt/)
    c.match(result.stdout, /needs KVM: no \/dev\/kvm/)
    c.equal(result.exitCode, 0)
  })

  await s.test('tells a failure with its path and cause, and exits 1', async c => {
    const body = [
      '# Subtest: breaks',
      '    not ok 1 - equal',
      '      ---',
      '      diff: "-1 +2"',
      '      ...',
      '    1..1',
    ]
    const result = await summarize([
      ...file('a.test.js', [...body, 'not ok 1 - breaks', '1..1'], 'not ok 1 - a.test.js'),
      '1..1',
    ])
    c.equal(lastLine(result), '0 passed, 1 failed, 0 skipped')
    c.match(result.stdout, /a\.test\.js › breaks\n +not ok: equal\n +-1 \+2/)
    c.equal(result.exitCode, 1)
  })

  await s.test('takes a crashed file, one without a test, and one cut short for failures', async c => {
    const crashed = file('crash.test.js', [...passing, '1..1'], 'not ok 1 - crash.test.js')
    const empty = file(
      'empty.test.js',
      ['1..0 # no tests found'],
      'ok 2 - empty.test.js # SKIP no tests found',
    )
    const result = await summarize([...crashed, ...empty, '# Subtest: cut.test.js', '    # Subtest: begun'])
    c.equal(lastLine(result), '1 passed, 3 failed, 0 skipped')
    c.equal(result.exitCode, 1)
  })

  await s.test('fails on a bail-out, and when no test was executed', async c => {
    const bailed = await summarize([...file('a.test.js', [...passing, '1..1']), 'Bail out! no kernel'])
    c.equal(bailed.exitCode, 1)
    c.match(bailed.stdout, /bail-out: no kernel/)
    const none = await summarize([...file('a.test.js', ['ok 1 - x # SKIP no root', '1..1']), '1..1'])
    c.equal(none.exitCode, 1)
    c.match(none.stdout, /No test was executed/)
  })

  await s.test('counts the checks that ran before the tests', async c => {
    const tests = [...file('a.test.js', [...passing, '1..1']), '1..1']
    const result = await summarize(tests, '--passed=types', '--failed=format and lint')
    c.equal(lastLine(result), '2 passed, 1 failed, 0 skipped')
    c.equal(result.exitCode, 1)
  })
})
