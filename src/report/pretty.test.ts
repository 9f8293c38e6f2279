import t from 'tap'
import { prettyReporter } from './pretty.js'
import { recorded } from './synthetic.fixture.js'
import { writtenBy } from './written.fixture.js'

t.test(
  'on a terminal lines are as wide as it is; elsewhere there is no colour and no live line',
  async test => {
    const run = (isTTY: boolean) =>
      writtenBy(sink => prettyReporter({ ...sink, isTTY, columns: 70 }), [recorded])
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
    const escapes = /\u001b\[[\d;]*[a-zA-Z]|\r/g
    const wide = run(true).replace(escapes, '').split('\n')
    test.strictSame(
      wide.filter(line => line.length > 70 && line.startsWith('    ')),
      [],
    )
    test.notMatch(run(false), escapes)
    test.match(
      run(false),
      /✗ own-address-tcp: host br-lxc: frame that would leave by the port that it came in on: .*document/,
    )
  },
)
