import t from 'tap'
import { machineChanges, machineState } from './machine-state.js'

t.test('what changed of the machine is told with what it was, and nothing else is', async test => {
  const before = new Map([
    ['net.netfilter.nf_conntrack_max', '262144'],
    ['module br_netfilter', 'not there'],
    ['net.ipv4.neigh.default.gc_thresh1', '128'],
  ])
  const after = new Map([
    ['net.netfilter.nf_conntrack_max', '4'],
    ['module br_netfilter', 'there'],
    ['net.ipv4.neigh.default.gc_thresh2', '512'],
  ])
  test.same(machineChanges(before, after), [
    { what: 'net.netfilter.nf_conntrack_max', before: '262144', after: '4' },
    { what: 'module br_netfilter', before: 'not there', after: 'there' },
  ])
  test.same(machineChanges(before, before), [])
})

t.test('this machine says of each module whether it is there', async test => {
  test.match(machineState().get('module br_netfilter'), /^(not )?there$/)
})
