import t from 'tap'
import { CommandTimeout, runCommand } from './command.js'

const OPTIONS = { node: null, timeoutMs: 20_000 }

t.test('a program can open its standard input by name, as old versions of nft do', async test => {
  const long = 'a line of rules\n'.repeat(20_000)
  const record = await runCommand(['sh', '-c', 'cat /dev/stdin'], { ...OPTIONS, stdin: long })
  test.equal(record.exitCode, 0, record.stderr)
  test.equal(record.stdout, long)
  test.equal(record.stdin, long)
})

t.test('a program that is given nothing reads nothing, and does not wait', async test => {
  test.equal((await runCommand(['cat'], OPTIONS)).stdout, '')
})

t.test('a program that does not end in time is told from one that fails', async test => {
  test.equal((await runCommand(['false'], OPTIONS)).exitCode, 1)
  await test.rejects(runCommand(['sleep', '60'], { node: null, timeoutMs: 50 }), CommandTimeout)
})

t.test('what a signal has ended is told from what has ended by itself', async test => {
  const killed = await runCommand(['sh', '-c', 'echo so far; kill -TERM $$'], OPTIONS)
  test.match(killed, { exitCode: null, signal: 'SIGTERM', stdout: 'so far\n' })
  const ended = await runCommand(['sh', '-c', 'echo no >&2; exit 7'], OPTIONS)
  test.match(ended, { exitCode: 7, stdout: '', stderr: 'no\n' })
  test.notOk('signal' in ended)
})

t.test('a program says as much as it likes, on both of its outputs at once', async test => {
  const { stdout, stderr } = await runCommand(
    ['sh', '-c', 'i=0; while [ $i -lt 9000 ]; do echo "out $i"; echo "err $i" >&2; i=$((i + 1)); done'],
    OPTIONS,
  )
  const lines = (name: string) => Array.from({ length: 9000 }, (_, at) => `${name} ${at}\n`).join('')
  test.equal(stdout, lines('out'))
  test.equal(stderr, lines('err'))
})

t.test('what cannot be started says why', async test => {
  await test.rejects(runCommand(['no-such-program'], OPTIONS), {
    message: "'no-such-program' is not installed",
  })
  await test.rejects(runCommand(['/etc/passwd'], OPTIONS), {
    message: "'/etc/passwd' could not be started in the world: EACCES",
  })
})

t.test('a program that closes its output and goes on is waited for', async test => {
  const record = await runCommand(['sh', '-c', 'exec >&- 2>&-; sleep 0.1; exit 3'], OPTIONS)
  test.equal(record.exitCode, 3)
})

t.test('a program gets the signals that every program begins with', async test => {
  const { stdout } = await runCommand(['grep', '-E', '^Sig(Blk|Ign)', '/proc/self/status'], OPTIONS)
  // 32 and 33 are the C library's own.
  test.match(stdout, /^SigBlk:\t0+\nSigIgn:\t0+(180000000)?\n$/)
})
