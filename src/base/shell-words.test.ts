import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import t from 'tap'
import { runs } from './property.fixture.js'
import { command, functionName, quote } from './shell-words.js'

t.test('words are quoted so that a shell reads them back', async test => {
  for (const word of ['plain', 'two words', "it's", '$(reboot)', '', 'a\nb', '*', '~', 'ü', '!'])
    test.equal(
      spawnSync('sh', ['-c', `printf %s ${quote(word)}`]).stdout.toString(),
      word,
      JSON.stringify(word),
    )
  test.equal(quote('net.ipv4.ip_forward=1'), 'net.ipv4.ip_forward=1', 'what needs no quotes has none')
})

t.test('a here-document ends at a line that is not in its text', async test => {
  const input = 'first $HOME\nEND\nlast\n'
  const { stdout } = spawnSync('sh', ['-c', command(['cat'], input)])
  test.equal(stdout.toString(), input)
})

t.test('long commands are broken into lines that are one command', async test => {
  const words = Array.from({ length: 60 }, (_, index) => `word${index}`)
  const lines = command(['printf', '%s\n', ...words])
  test.ok(lines.split('\n').length > 3)
  test.same(spawnSync('sh', ['-c', lines]).stdout.toString().trim().split('\n'), words)
})

t.test('ids become names of shell functions', async test => {
  test.equal(functionName('same-port-drop'), 'same_port_drop')
  test.equal(functionName('6to4'), '_6to4')
})

t.test('any word comes back from a shell as it was, alone and in a command of many lines', async test => {
  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(...'\'"\\$`!*?[]{}()<>|&;#~ \n\t\r%=-') }),
    fc.constantFrom(
      '',
      '-n',
      '--',
      '~',
      '$(exit 3)',
      '`exit 3`',
      "'",
      '!!',
      '*',
      '\\',
      '\n',
      'a'.repeat(5000),
    ),
  )
  const sh = (script: string) =>
    spawnSync('sh', ['-s'], { input: script, timeout: 30_000, maxBuffer: 1 << 26 })
  fc.assert(
    fc.property(
      fc.array(
        word.map(text => Buffer.from(text).toString().replaceAll('\0', '')),
        { minLength: 60, maxLength: 120 },
      ),
      words => {
        const expected = words.map(text => `${text}\0`).join('')
        for (const script of [
          `printf '%s\\0' ${words.map(quote).join(' ')}\n`,
          `${command(['printf', '%s\\0', ...words])}\n`,
        ]) {
          const { status, stdout } = sh(script)
          if (status !== 0 || stdout.toString() !== expected) throw new Error(`status ${status}`)
        }
        const input = `${words.join('\n')}\n`
        if (sh(`${command(['cat'], input)}\n`).stdout.toString() !== input) throw new Error('a here-document')
      },
    ),
    runs(40),
  )
  test.pass('unchanged')
})
