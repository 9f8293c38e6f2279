import t from 'tap'
import { Asked } from './asked.js'

t.test('questions are answered by number, in any order', async test => {
  const asked = new Asked<string>()
  const ids: number[] = []
  const both = ['first', 'second'].map(() => asked.ask(id => ids.push(id)))
  const [first = 0, second = 0] = ids
  test.not(first, second)
  asked.answer(second, 'to the second')
  test.equal(asked.answered, false)
  asked.answer(first, 'to the first')
  test.equal(asked.answered, true)
  test.strictSame(await Promise.all(both), ['to the first', 'to the second'])
})

t.test('a question is refused with an error', async test => {
  const asked = new Asked<string>()
  await test.rejects(
    asked.ask(id => asked.refuse(id, new Error('no'))),
    { message: 'no' },
  )
})

t.test('what was answered already is not refused, or answered once more', async test => {
  const asked = new Asked<string>()
  let number = 0
  const answer = asked.ask(id => {
    number = id
  })
  asked.answer(number, 'yes')
  asked.answer(number, 'again')
  asked.refuse(number, new Error('no'))
  test.equal(await answer, 'yes')
})

t.test('all that is open is refused when nobody is there any more', async test => {
  const asked = new Asked<string>()
  const open = ['first', 'second'].map(() => asked.ask(() => {}))
  asked.refuseAll(new Error('gone'))
  for (const question of open) await test.rejects(question, { message: 'gone' })
  test.equal(asked.answered, true)
})
