import t from 'tap'
import { markdownOf, markdownWithin } from './markdown.js'
import { everyVerdict, scenario, trial } from './synthetic.fixture.js'

const COUNT = 500
const many = {
  ...everyVerdict,
  scenarios: Array.from({ length: COUNT }, (_, index) =>
    index === COUNT - 1
      ? scenario('the-bad-one', 'regressed', [trial('regressed', 'fixed')])
      : scenario(`scenario-${index}`, 'confirmed', [trial('confirmed', 'broken')]),
  ),
}

t.test('what fits is the whole document', async t => {
  t.equal(markdownWithin([everyVerdict], 1024 ** 2), markdownOf([everyVerdict]))
})

t.test(
  'of more scenarios than there is room for the worst is told first, and how much is missing',
  async t => {
    const whole = Buffer.byteLength(markdownOf([many]))
    const bytes = Math.round(whole * 0.8)
    const text = markdownWithin([many], bytes)
    t.ok(
      Buffer.byteLength(text) <= bytes && Buffer.byteLength(text) > bytes * 0.9,
      `${Buffer.byteLength(text)} of ${bytes}`,
    )
    t.equal(/^## .*`(.*)`$/m.exec(text)?.[1], 'the-bad-one')
    t.equal(text.match(/^\| `/gm)?.length, COUNT, 'the table is whole')
    t.match(text, /^\d+ more parts have no room here;/m)
  },
)

t.test('where not even the table fits it ends with a whole row, and in no room there is nothing', async t => {
  const text = markdownWithin([many, many], 5000)
  t.ok(Buffer.byteLength(text) <= 5000)
  t.match(text, /\|\n\n\d+ more parts have no room here;.*\n$/)
  t.equal(markdownWithin([many], 10), '')
})
