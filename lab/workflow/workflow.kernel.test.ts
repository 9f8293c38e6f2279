/** The runner, and with it the project's own workflow and action, as far as that takes less than a minute. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { projectRoot, repositoryFile } from '../../src/base/root.js'
import { NODE_VERSIONS, nodeRelease } from './nodes.js'
import { projectRun, REPOSITORY } from './project.js'
import { type JobRecord, runWorkflow, type WorkflowOptions } from './workflow.js'

const root = process.getuid?.() === 0 ? {} : { skip: 'it takes root' }
t.setTimeout(500_000)

const BUILT = { of: REPOSITORY, folder: projectRoot() }

/** The end of what a job printed, for a test that fails. */
const end = (job: JobRecord | undefined) => (job?.log ?? 'no such job').slice(-2000)

/** Runs a workflow, with what each job printed. */
async function tried(options: (folder: string, out: string) => WorkflowOptions) {
  return withDir(
    async ({ path }) => {
      const records = await runWorkflow(options(join(path, 'run'), join(path, 'out')))
      const text = (file: string) => (file === '' ? '' : readFile(file, 'utf8'))
      const read = async (job: JobRecord) => ({
        ...job,
        log: await text(job.log),
        summary: await text(job.summary),
      })
      return Object.fromEntries((await Promise.all(records.map(read))).map(job => [job.title, job]))
    },
    { unsafeCleanup: true },
  )
}

/** Runs a workflow of a repository that has nothing else in it. */
function triedText(text: string, files: Readonly<Record<string, string>> = { README: 'x' }) {
  return withDir(
    async ({ path }) => {
      for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content)
      return tried((folder, out) => ({
        ...{ file: 'x.yml', text, folder, out, jobs: 2 },
        repository: { name: 'somebody/something', files: path },
        others: { [REPOSITORY]: projectRoot() },
        built: BUILT,
      }))
    },
    { unsafeCleanup: true },
  )
}

const RUNNER = `
name: x
on: push
permissions: {}
jobs:
  first:
    runs-on: ubuntu-latest
    outputs:
      word: \${{ steps.say.outputs.word }}
    steps:
      - uses: actions/checkout@8e8c483db84b4bee98b60c0593521ed34d9990e8
      - run: |
          test "$(id -un)" = runner
          test "$(ls -A ~)" = work
          test -s README
          echo FROM_ENV=kept >>"$GITHUB_ENV"
          mkdir bin && echo 'echo mine' >bin/mine && chmod 755 bin/mine
          echo "$PWD/bin" >>"$GITHUB_PATH"
      - id: say
        run: |
          test "$FROM_ENV" = kept && test "$(mine)" = mine
          test "$(sudo id -u)" = 0 && test -z "$(sudo ls -A /root)"
          sudo sh -c 'test "$HOME" = /root && test "$SUDO_USER" = runner && test -z "$FROM_ENV" && ! command -v mine'
          test "$(sudo env "PATH=$PATH" mine)" = mine
          echo "word=a ^ b" >>"$GITHUB_OUTPUT"
          mkdir -p out/deep && echo one >out/deep/file
      - uses: actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f
        with: { name: part-1, path: out }
      - id: cache
        uses: actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae
        with: { path: ~/.cache/x, key: x-1 }
      - run: test '\${{ steps.cache.outputs.cache-hit }}' = false && mkdir -p ~/.cache/x && echo cached >~/.cache/x/file
  second:
    needs: first
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@37930b1c2abaa49bbe596cd826c3c89aef350131
        with: { pattern: part-*, path: in, merge-multiple: true }
      - uses: actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae
        with: { path: ~/.cache/x, key: x-1 }
      - run: |
          test "$(cat in/deep/file)" = one && test "$(cat ~/.cache/x/file)" = cached
          test '\${{ needs.first.outputs.word }}' = 'a ^ b'
          echo shown >>"$GITHUB_STEP_SUMMARY"
  fails:
    runs-on: ubuntu-latest
    steps:
      - id: bad
        continue-on-error: true
        run: exit 3
      - run: test '\${{ steps.bad.outcome }} \${{ steps.bad.conclusion }}' = 'failure success'
      - run: head -c 1048577 /dev/zero >>"$GITHUB_STEP_SUMMARY"
      - run: echo never
      - if: failure()
        run: echo after the failure
  after:
    needs: fails
    runs-on: ubuntu-latest
    steps:
      - run: echo never
`

t.test(
  'a job is an ordinary user’s, with sudo, in a clean clone and an empty home, and hands on what it made',
  root,
  async t => {
    const { first, second, fails, after } = await triedText(RUNNER)
    t.equal(first?.state, 'success', end(first))
    t.equal(second?.state, 'success', end(second))
    t.equal(second?.summary, 'shown\n')
    t.equal(fails?.state, 'failure')
    t.match(fails?.log, /summary of this step has 1048577 bytes, and GitHub takes 1048576/)
    t.match(fails?.log, /^after the failure$/m)
    t.notMatch(fails?.log, /^never$/m)
    t.equal(after?.state, 'skipped')
  },
)

t.test('an action that nothing stands in for ends the run, and names the line', root, async t => {
  const text = RUNNER.replace(
    'actions/checkout@8e8c483db84b4bee98b60c0593521ed34d9990e8',
    'actions/unknown@1',
  )
  await t.rejects(triedText(text), {
    message: /^x\.yml:11: nothing stands in for the action actions\/unknown@1/,
  })
})

t.test(
  'the project’s workflow plans its kernels, runs as root and rootless, and tries the action',
  root,
  async t => {
    const jobs = await tried((folder, out) => ({
      ...projectRun(folder, out),
      only: ['plan', 'lab', 'action'],
      inputs: { scenarios: 'lan-dnat-without-snat', kernels: 'debian:6.1 debian:7' },
      built: BUILT,
      jobs: 2,
    }))
    for (const [title, job] of Object.entries(jobs)) t.equal(job.state, 'success', `${title}: ${end(job)}`)
    t.strictSame(
      (JSON.parse(jobs.plan?.outputs.matrix ?? '') as { include: { kernel: string }[] }).include.map(
        ({ kernel }) => kernel,
      ),
      ['debian:6.1', 'debian:7'],
    )
    const lab = jobs['lab ubuntu-latest']
    t.match(lab?.log, /^::group::confirmed lan-dnat-without-snat/m)
    t.match(lab?.log, /, rootless$/m)
    t.match(lab?.log, /artifact 'reports-ubuntu-latest': 2 files/)
    t.match(jobs.action?.log, /::error title=netns-lab::.*unknown scenario 'lan-dnat'/)
    t.match(jobs.action?.summary, /^# netns-lab[\s\S]*bridge-dnat-bounce/)
  },
)

t.test('another repository uses the action as the README says', root, async t => {
  const readme = await readFile(repositoryFile('README.md'), 'utf8')
  const example = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  const text = `name: x\non: push\npermissions: {}\njobs:\n  check:\n    runs-on: ubuntu-latest\n    steps:\n${example.replace(/^ {2}(?=\S| )/gm, '      ')}`
  const { check } = await triedText(text)
  t.equal(check?.state, 'success', end(check))
  t.match(check?.log, /^(confirmed|changed) \/home\/runner\/work\/_temp\/netns-lab-\w+\/report\.json$/m)
})

for (const version of NODE_VERSIONS)
  t.test(`a scenario comes out as it must on Node.js ${version}`, root, async t => {
    const node = join(await nodeRelease(version), 'bin/node')
    t.match((await execa(node, ['--version'])).stdout, new RegExp(`^v${version}\\.`))
    const main = repositoryFile('dist/src/cli/main.js')
    const { exitCode, stdout, stderr } = await execa(node, [main, 'run', 'lan-dnat-without-snat'], {
      reject: false,
      stdin: 'ignore',
    })
    t.equal(exitCode, 0, stderr)
    t.match(stdout, /^confirmed +lan-dnat-without-snat/m)
  })
