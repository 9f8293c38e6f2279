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
