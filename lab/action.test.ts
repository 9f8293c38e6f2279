/** The GitHub action's own script, run as the runner would: environment variables in, files for outputs and summary out. */
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { readIfThere } from '../src/base/files.js'
import { repositoryFile } from '../src/base/root.js'

const ACTION = repositoryFile('.github/actions/netns-lab')
const root = process.getuid?.() === 0 ? {} : { skip: 'it takes root' }
t.setTimeout(300_000)

/** Runs the action in a folder of the runner's. */
async function act(folder: string, inputs: Readonly<Record<string, string>>) {
  const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') }
  const { exitCode, stderr } = await execa('bash', [join(ACTION, 'run.sh')], {
    env: { GITHUB_ACTION_PATH: ACTION, RUNNER_TEMP: folder, ...files, ...inputs },
    stdin: 'ignore',
    reject: false,
  })
  const read = async (file: string) => (await readIfThere(file))?.toString() ?? ''
  return {
    status: exitCode,
    stderr,
    output: await read(files.GITHUB_OUTPUT),
    summary: await read(files.GITHUB_STEP_SUMMARY),
  }
}

t.test('the action runs the scenarios that it is given on the runner’s kernel', root, test =>
  withDir(
    async ({ path }) => {
      const { status, stderr, output, summary } = await act(path, { SCENARIOS: 'lan-dnat-without-snat' })
      test.equal(status, 0, stderr)
      test.equal(output, `verdict=confirmed\nreport=${path}/netns-lab/report.json\n`)
      test.match(summary, /netns-lab: confirmed/)
      test.match(summary, /\| `lan-dnat-without-snat` \| confirmed \|/)
    },
    { unsafeCleanup: true },
  ),
)

t.test('a scenario that does not exist fails the step, and the verdict is an error', root, test =>
  withDir(
    async ({ path }) => {
      const { status, output } = await act(path, { SCENARIOS: 'lan-dnat' })
      test.equal(status, 2)
      test.match(output, /verdict=error/)
    },
    { unsafeCleanup: true },
  ),
)
