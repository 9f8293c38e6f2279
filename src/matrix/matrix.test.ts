import t from 'tap'
import { kernelRun, reportOf } from './matrix.fixture.js'
import { fileName, jobMatrix, neighbourDiffs } from './matrix.js'

t.test('each kernel is compared with the one before it that has a report', async test => {
  const runs = [
    kernelRun('a', reportOf('5.10.1', 'confirmed')),
    kernelRun('b', undefined),
    kernelRun('c', reportOf('6.1.1', 'confirmed')),
  ]
  const diffs = neighbourDiffs(runs).map(({ before, after }) => [before.version, after.version])
  test.same(diffs, [['5.10.1', '6.1.1']])
})

t.test('the job matrix has one job for each kernel, with a name that can be that of a file', async test => {
  const { include } = jobMatrix(['debian:6.1', '/boot/vmlinuz-6.1'], ['a', 'b'], { iptables: 'nft' })
  test.same(include[0], { kernel: 'debian:6.1', name: 'debian-6.1', scenarios: 'a b', iptables: 'nft' })
  test.equal(fileName('/boot/vmlinuz-6.1'), 'boot-vmlinuz-6.1')
})

t.test('the job matrix has a job for each shard of a kernel, all with names of their own', async test => {
  const { include } = jobMatrix(['debian:6.1', 'debian:7'], [], { shards: 2 })
  test.same(
    include.map(({ kernel, name, shard }) => [kernel, name, shard]),
    [
      ['debian:6.1', 'debian-6.1-1-of-2', '1/2'],
      ['debian:6.1', 'debian-6.1-2-of-2', '2/2'],
      ['debian:7', 'debian-7-1-of-2', '1/2'],
      ['debian:7', 'debian-7-2-of-2', '2/2'],
    ],
  )
})
