import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

/** What the fixture prints. */
interface Saw {
  readonly first: readonly string[]
  readonly same: boolean
  readonly hasty: readonly string[]
  readonly thorough: readonly string[]
  readonly added: readonly string[]
  readonly deleted: readonly string[]
  readonly kept: boolean
  readonly refusal: string
}

const namespaces = ['--user', '--map-root-user', '--mount', '--net']
const refused = spawnSync('unshare', [...namespaces, 'true']).status !== 0
const skip = refused ? 'no user namespace can be made here' : false
const fixture = fileURLToPath(new URL('./aside.fixture.js', import.meta.url))
const { stdout, stderr } = spawnSync('unshare', [...namespaces, process.execPath, fixture], {
  encoding: 'utf8',
})
const saw: Partial<Saw> = skip ? {} : JSON.parse(stdout || '{}')

t.test('what a node is configured to be is read in a thread of its own', { skip }, async test => {
  test.same(saw.first, ['0', '0', '0'], stderr)
  test.ok(saw.same, 'what has not changed is the same object')
})

t.test('sysctls that no trial is about are read at thorough looks alone', { skip }, async test => {
  test.same(saw.hasty, ['1', '0'])
  test.same(saw.thorough, ['1', '1'])
})

t.test('what comes and goes is told as it does', { skip }, async test => {
  test.match(saw.added?.join(), /^[^,]*127\.0\.0\.2[^,]*$/)
  test.same(saw.deleted, [])
})

t.test('a node that is not there is an error, and nothing is left open', { skip }, async test => {
  test.match(saw.refusal, /^LabError: ENOENT/)
  test.ok(saw.kept)
})
