import t from 'tap'
import { wrap } from './text.js'

t.test('text is wrapped at spaces, and a long word keeps a line to itself', async test => {
  test.equal(wrap('one two three four', 9, '> '), 'one two\n> three\n> four')
  test.equal(wrap('incomprehensibilities yes', 5), 'incomprehensibilities\nyes')
})
