import t from 'tap'
import { asCalled } from './program-name.js'

t.test('messages and help call the program as its user did', async test => {
  for (const [text, called] of [
    [
      'lab: no such thing\n  → lab list shows them',
      'netns-lab: no such thing\n  → netns-lab list shows them',
    ],
    ['Usage: lab run [id...]\n  $ lab run', 'Usage: netns-lab run [id...]\n  $ netns-lab run'],
    ['lab/provision and netns-lab kernel list', 'lab/provision and netns-lab kernel list'],
    ['a slab of the collab', 'a slab of the collab'],
  ] as const) {
    test.equal(asCalled(text, 'netns-lab'), called)
    test.equal(asCalled(text, 'lab'), text)
  }
})

t.test('the lab itself is no command', async test => {
  test.equal(asCalled('as the lab has it; the lab, too', 'netns-lab'), 'as the lab has it; the lab, too')
})
