import t from 'tap'
import { keyOf } from './key.js'

t.test(
  'the key is the same in whatever order kernels are named, and another one for another package',
  async t => {
    const key = keyOf(['debian-6.1_6.1.192-2', 'debian-5.10_5.10.262-1'])
    t.equal(key, 'netns-lab-kernels-debian-5.10_5.10.262-1-debian-6.1_6.1.192-2')
    t.equal(keyOf(['debian-5.10_5.10.262-1', 'debian-6.1_6.1.192-2', 'debian-6.1_6.1.192-2']), key)
    t.not(keyOf(['debian-5.10_5.10.262-1', 'debian-6.1_6.1.193-1']), key)
  },
)

t.test('the key of a hundred kernels is no longer than GitHub allows', async t => {
  const many = Array.from({ length: 100 }, (_, index) => `debian-6.${index}_6.${index}.1-1`)
  t.match(keyOf(many), /^netns-lab-kernels-[0-9a-f]{64}$/)
  t.not(keyOf(many), keyOf(many.slice(1)))
})
