import t from 'tap'
import { hasChange } from '../model/change.js'
import { version } from '../model/version.fixture.js'
import { PROMISC_CONNTRACK_RESET } from './changes.js'

t.test('a change is there since its mainline release, and in the stable series that got it', async test => {
  for (const [text, has] of [
    ['5.10.262', false],
    ['5.15.157', false],
    ['5.15.158', true],
    ['6.1.87', false],
    ['6.1.176', true],
    ['6.7.12', false],
    ['6.9', true],
    ['7.2.13', true],
  ] as const)
    test.equal(hasChange(PROMISC_CONNTRACK_RESET, version(text)), has, text)
})

t.test('what a distribution took back, its kernels do not have, though their version says so', async test => {
  for (const [release, has] of [
    ['6.8.0-1062-azure', true],
    ['6.8.0-1063-azure', false],
    ['6.8.0-1070-azure', false],
    ['6.8.0-1063-aws', true],
    ['6.11.0-1063-azure', true],
    ['6.8.12', true],
  ] as const)
    test.equal(hasChange(PROMISC_CONNTRACK_RESET, { ...version('6.8.12'), release }), has, release)
})
