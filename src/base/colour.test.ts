import t from 'tap'
import { painter } from './colour.js'

for (const [title, isTTY, env, coloured] of [
  ['a terminal has colours', true, {}, true],
  ['a file has none', false, {}, false],
  ['NO_COLOR takes them from a terminal', true, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR says nothing', true, { NO_COLOR: '' }, true],
  ['a terminal that is dumb has none', true, { TERM: 'dumb' }, false],
  ['FORCE_COLOR gives them to a file', false, { FORCE_COLOR: '1' }, true],
  ['FORCE_COLOR goes before NO_COLOR', false, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ['FORCE_COLOR=0 takes them from a terminal', true, { FORCE_COLOR: '0' }, false],
] as const)
  t.test(title, async test => {
    test.equal(painter({ isTTY }, env)('red', 'x'), coloured ? '\u001b[31mx\u001b[39m' : 'x')
  })
