/** What becomes of a fetch that is ended. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { MAIN } from './cli.fixture.js'
import { timeLeft } from './interruption.js'

/** Starts something, ends it once it says what it does, and says what it said and its status. */
const END_IT = `unset NODE_OPTIONS
"$@" >said 2>&1 &
until grep -q index said; do sleep 0.1; done
kill $!
wait $!
echo "$?"
cat said`

t.test(
  'a fetch that is ended says what is in the cache, and ends with 130',
  { timeout: 60_000 },
  async test => {
    await withDir(
      async ({ path }) => {
        // An apt that never comes to an end.
        const fake = join(path, 'apt-get')
        writeFileSync(fake, '#!/bin/sh\nexec sleep 50\n')
        chmodSync(fake, 0o755)
        // Without what tap gives every Node.js that it starts, which listens for signals, too.
        const words = ['-c', END_IT, 'sh', process.execPath, MAIN, 'kernel', 'fetch', 'debian:6.1']
        const env = { XDG_CACHE_HOME: path, PATH: `${path}:${process.env.PATH}` }
        const { stdout } = await execa('sh', words, { cwd: path, reject: false, env })
        test.match(stdout, /ended by SIGTERM\n.*debian:6\.1 is not in the cache/)
        test.match(stdout, /^130$/m)
      },
      { unsafeCleanup: true },
    )
  },
)

t.test('how long the rest takes is told once it can be', async test => {
  test.equal(timeLeft(0, 1, 10, 1000), '')
  test.equal(timeLeft(0, 25, 100, 10_000), ', some 30 s left')
  test.equal(timeLeft(0, 100, 1600, 20_000), ', some 5 min left')
  test.equal(timeLeft(0, 10, 10, 20_000), '')
})
