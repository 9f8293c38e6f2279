import t from 'tap'
import { drawTerminal, linesOf, plain, terminalLines } from './picture.js'

const GREEN = '\x1b[32m'
const END = '\x1b[39m'

t.test('the lines of a terminal are those that are left when it has obeyed', async s => {
  s.strictSame(terminalLines('\r\x1b[Ka 1/2\r\x1b[Ka 2/2\r\x1b[Kdone\nnext'), ['done', 'next'])
})

t.test('a picture has every word at its column, in its colour, also behind the end of a line', async s => {
  const lines = [`${GREEN}ok${END}    <a> & b`, `${GREEN}green`, `still${END} not`]
  const svg = drawTerminal('a "title"', lines)
  const texts = [...svg.matchAll(/<text x="([\d.]+)" .*?textLength="[\d.]+"(.*?)>(.*)<\/text>/g)]
  s.strictSame(
    texts.map(([, x, style, text]) => [x, style !== '', text]),
    [
      ['16.0', true, 'ok'],
      ['62.9', false, '&lt;a&gt; &amp; b'],
      ['16.0', true, 'green'],
      ['16.0', true, 'still'],
      ['62.9', false, 'not'],
    ],
  )
  s.strictSame(linesOf(svg), lines, 'what it was drawn from is in it')
  s.equal(plain(lines[0] ?? ''), 'ok    <a> & b')
})

t.test('a colour that the picture does not have is named', async s => {
  s.throws(() => drawTerminal('', ['\x1b[45mx']), /no colour for SGR 45/)
})
