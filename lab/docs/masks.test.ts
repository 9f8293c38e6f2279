import t from 'tap'
import { projectRoot } from '../../src/base/root.js'
import { masked, matches } from './masks.js'

t.test('measurements, versions, times, addresses of devices and paths may differ', async s => {
  for (const [quoted, printed] of [
    [
      'Linux 6.18.44, Debian GNU/Linux 12 (bookworm), 2 CPUs, root',
      'Linux 5.10.0-46-amd64 (5.10.262), Ubuntu, 64 CPUs, root',
    ],
    ['no reply within 1565 ms', 'no reply within 1501 ms'],
    ['confirmed        ignored-ping       4    0.2 s', 'confirmed        ignored-ping       4   10.2 s'],
    ['  "rttMs": 4.823', '  "rttMs": 0.4'],
    ['eth0 inet6 fe80::f816:3eff:fe5f:f809', 'eth0 inet6 fe80::f816:3eff:fe89:25e5'],
    ['ll header: fa 16 3e 93 c8 d7', 'll header: fa 16 3e 00 01 02'],
    ['tried on 2026-11-21', 'tried on 2027-01-02'],
    [`read ${projectRoot()}/x`, `read ${projectRoot()}/x`],
  ] as const)
    s.equal(masked(printed), masked(quoted), printed)
})

t.test('addresses, counts, verdicts, words and indentation may not', async s => {
  for (const [quoted, printed] of [
    ['64 bytes from 172.16.0.148', '64 bytes from 172.16.0.149'],
    ['as documented, in 4 trials.', 'as documented, in 5 trials.'],
    ['confirmed  x', 'changed  x'],
    ['TcpOutRsts +1', 'TcpOutRsts +2'],
    ['    as documented', 'as documented'],
    ['2 CPUs', '2 scenarios'],
  ] as const)
    s.not(masked(printed), masked(quoted), printed)
})

t.test('a line of three dots stands for any lines, and empty lines at the end do not count', async s => {
  s.ok(matches(['a', '...', 'z'], ['a', 'b', 'c', 'z', '']))
  s.ok(matches(['a', '...'], ['a']))
  s.notOk(matches(['a', '...', 'z'], ['a', 'b']))
  s.notOk(matches(['a'], ['a', 'b']))
  s.ok(matches(['a (b) [c] *', ''], ['a (b) [c] *']), 'nothing else stands for anything')
  s.notOk(matches(['a.c'], ['abc']))
})
