import t from 'tap'
import { machineArguments } from './machine.js'
import { chosenReleases, RELEASES } from './releases.js'

t.test(
  'a machine is emulated without the instruction that QEMU 7.2 gets wrong, and reached from this host alone',
  async test => {
    const emulated = machineArguments('tcg', '/disk', '/console').join(' ')
    test.match(emulated, /-cpu Nehalem,-cx16/)
    test.match(emulated, /hostfwd=tcp:127\.0\.0\.1:2222-:22/)
    test.match(machineArguments('kvm', '/disk', '/console').join(' '), /-accel kvm -cpu host/)
  },
)

t.test('releases go by their names, all of them where there are none', async test => {
  test.same(chosenReleases([]), RELEASES)
  test.same(
    chosenReleases(['debian:13']).map(({ suite }) => suite),
    ['trixie'],
  )
  test.throws(() => chosenReleases(['debian:31']), /debian:31.*/)
})
