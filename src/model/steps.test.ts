import t from 'tap'
import { mergeSysctls, run, sysctlCommand, writeSysctls } from './steps.js'

t.test('sysctls of one node that follow one another are one command', async test => {
  const write = (node: string, key: string, value: number) => writeSysctls(node, { [key]: value }, key)
  test.same(
    mergeSysctls([
      write('a', 'x', 0),
      write('b', 'x', 0),
      write('a', 'y', 1),
      run('a', ['ip'], ''),
      write('a', 'x', 1),
    ]).map(step => {
      const argv = step.do === 'sysctls' ? sysctlCommand(step) : step.do === 'run' ? step.argv : []
      return ['node' in step ? step.node : '', ...argv].join(' ')
    }),
    ['a sysctl -q -w x=0 y=1', 'b sysctl -q -w x=0', 'a ip', 'a sysctl -q -w x=1'],
  )
})

t.test(
  'a value that is written twice in a row is what was written last, and each reason is told once',
  async test => {
    const [merged, ...more] = mergeSysctls([
      writeSysctls('a', { x: 0, y: 1 }, 'one'),
      writeSysctls('a', { x: 2 }, 'another'),
      writeSysctls('a', { z: 3 }, 'another'),
    ])
    test.same(more, [])
    test.match(merged, { values: { x: '2', y: '1', z: '3' } })
    test.equal(merged?.do === 'sysctls' && merged.why, 'one; another')
  },
)
