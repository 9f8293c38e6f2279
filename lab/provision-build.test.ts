/** What lab/provision does about Node.js, the npm packages and the build. */
import { existsSync } from 'node:fs'
import { readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onMachine } from './small-machine.js'

await onMachine('a fresh clone gets its npm packages and its build', async (s, machine) => {
  const run = await machine.run()
  s.equal(run.status, 0, run.stderr)
  s.match(run.calls, [/^npm ci --include=dev/, /^tsc$/])
  s.equal(run.stdout, '', 'standard output stays clean')
  s.match(run.stderr, /npm ci/)
})

await onMachine('it is quiet, and calls nothing, when nothing is missing', async (s, machine) => {
  await machine.run()
  s.strictSame(await machine.run(), { status: 0, stdout: '', stderr: '', calls: [] })
  s.equal((await machine.run('--check')).status, 0)
})

await onMachine('a source newer than the build is built, and nothing else is done', async (s, machine) => {
  await machine.run()
  const later = Date.now() / 1000 + 5
  await utimes(join(machine.clone, 'src/main.ts'), later, later)
  s.strictSame((await machine.run()).calls, ['tsc'])
})

await onMachine('what was built from a source that is gone is removed', async (s, machine) => {
  await machine.run()
  const orphan = join(machine.clone, 'dist/src/gone.test.js')
  await writeFile(orphan, '')
  await writeFile(join(machine.clone, 'src/new.ts'), '')
  await machine.run()
  s.notOk(existsSync(orphan))
  s.ok(existsSync(join(machine.clone, 'dist/src/main.js')))
})

await onMachine('a changed package-lock.json brings the npm packages again', async (s, machine) => {
  await machine.run()
  const lock = join(machine.clone, 'package-lock.json')
  const later = Date.now() / 1000 + 5
  await utimes(lock, later, later)
  s.notOk(
    (await machine.run()).calls.some(call => call.startsWith('npm')),
    'touched only',
  )
  await writeFile(lock, '{"changed":true}')
  await utimes(lock, later, later)
  s.ok(
    (await machine.run()).calls.some(call => call.startsWith('npm ci')),
    'changed',
  )
})

await onMachine('a failed build is told, and tried again the next time', async (s, machine) => {
  await machine.run()
  const compiler = join(machine.clone, 'node_modules/.bin/tsc')
  await writeFile(compiler, '#!/bin/sh\necho "src/main.ts(1,1): error" \nexit 2\n')
  await writeFile(join(machine.clone, 'src/other.ts'), '')
  for (const attempt of ['first', 'second']) {
    const run = await machine.run()
    s.equal(run.status, 1, attempt)
    s.match(run.stderr, /error[\s\S]*the build failed/)
    s.equal(run.stdout, '')
  }
})

for (const [version, wanted] of [
  ['v18.20.4', 69],
  ['v20.9.0', 69],
  ['v20.11.1', 69],
  ['v20.12.0', 0],
  ['v22.1.0', 0],
] as const) {
  await onMachine(
    `Node.js ${version} is ${wanted ? 'refused, with a remedy' : 'accepted'}`,
    async (s, machine) => {
      await machine.fake('node', `echo ${version}`)
      const run = await machine.run()
      s.equal(run.status, wanted)
      if (!wanted) return
      s.match(run.stderr, new RegExp(`20\\.12 or newer is needed; .* is ${version}[\\s\\S]*nvm install 20`))
      s.strictSame(run.calls, [], 'nothing is installed')
    },
  )
}

await onMachine('no Node.js at all is told as such', async (s, machine) => {
  await machine.fake('node', '')
  await rm(machine.program('node'))
  const run = await machine.run()
  s.equal(run.status, 69)
  s.match(run.stderr, /no `node` on the PATH[\s\S]*nodejs\.org/)
})

await onMachine(
  'a lock file that npm ci refuses as incomplete is installed from all the same',
  async (s, machine) => {
    const npm = await readFile(machine.program('npm'), 'utf8')
    await machine.fake(
      'npm',
      `[ "$1" != ci ] || { log npm ci; echo 'npm error code EUSAGE'; exit 1; }\n${npm}`,
    )
    const run = await machine.run()
    s.equal(run.status, 0, run.stderr)
    s.match(run.calls, [/^npm ci/, /^npm install --no-save/, /^tsc$/])
  },
)

await onMachine('a failed npm ci is told with its last words', async (s, machine) => {
  await machine.fake('npm', 'echo "npm error network unreachable"; exit 1')
  const run = await machine.run()
  s.equal(run.status, 69)
  s.match(run.stderr, /network unreachable[\s\S]*npm ci/)
  s.equal(run.stdout, '')
})
