/** The GitHub action's own script, run as the runner would: environment variables in, files for outputs and summary out. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { dirSync } from 'tmp-promise'

const ACTION = fileURLToPath(new URL('../../.github/actions/netns-lab/', import.meta.url))
const root = process.getuid?.() === 0 ? {} : { skip: 'it takes root' }
t.setTimeout(300_000)

function act(inputs: Record<string, string>) {
  const { name: folder } = dirSync({ unsafeCleanup: true })
  const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') }
  const { status, stderr } = spawnSync('bash', [join(ACTION, 'run.sh')], {
    encoding: 'utf8',
    env: { ...process.env, GITHUB_ACTION_PATH: ACTION, RUNNER_TEMP: folder, ...files, ...inputs },
  })
  const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '')
  return {
    status,
    stderr,
    folder,
    output: read(files.GITHUB_OUTPUT),
    summary: read(files.GITHUB_STEP_SUMMARY),
  }
}

t.test('the action runs the scenarios that it is given on the runner’s kernel', root, async test => {
  const { status, stderr, folder, output, summary } = act({ SCENARIOS: 'lan-dnat-without-snat' })
  test.equal(status, 0, stderr)
  test.equal(output, `verdict=confirmed\nreport=${folder}/netns-lab/report.json\n`)
  test.match(summary, /netns-lab: confirmed/)
  test.match(summary, /\| lan-dnat-without-snat \| confirmed \|/)
})

t.test('a scenario that does not exist fails the step, and the verdict is an error', root, async test => {
  const { status, output } = act({ SCENARIOS: 'lan-dnat' })
  test.equal(status, 2)
  test.match(output, /verdict=error/)
})
