import t from 'tap'
import type { ReleaseDefaults } from './defaults.js'
import { changedDefaults, type Default, reversePathFilter } from './defaults-diff.js'

const HARDENING = '/etc/sysctl.d/99-hardening.conf'
const PACKAGED = '/usr/lib/sysctl.d/50-default.conf'
const filter = (place: string, value: string, file: string): Default => ({
  ...{ sysctl: `net.ipv4.conf.${place}.rp_filter`, value, file },
})
const release = (settings: Default[], ignored: Default[] = []): ReleaseDefaults => ({
  settings,
  ignored,
  differs: [],
})

const bookworm = release(['all', 'default', 'eth0'].map(place => filter(place, '1', HARDENING)))
const trixie = release([
  filter('all', '1', HARDENING),
  filter('default', '1', HARDENING),
  filter('eth0', '2', PACKAGED),
])

t.test('a hardening that a packaged file undoes is told, with both files and what to do', async test => {
  test.match(changedDefaults(bookworm, trixie), [
    {
      sysctl: 'net.ipv4.conf.eth0.rp_filter',
      before: { value: '1', file: HARDENING },
      after: { value: '2', file: PACKAGED },
      advice: /say net\.ipv4\.conf\.\*\.rp_filter = 1 in \/etc\/sysctl\.d\/99-hardening\.conf, too/,
    },
  ])
  test.same(
    [bookworm, trixie].map(one => reversePathFilter(one).mode),
    ['strict', 'loose'],
  )
  test.equal(reversePathFilter(release([])).mode, 'off')
})

t.test('a setting in a file that is no longer applied is told, with where it belongs', async test => {
  const accept = { sysctl: 'net.ipv4.conf.all.accept_local', value: '1', file: '/etc/sysctl.conf' }
  const [change, ...others] = changedDefaults(release([accept]), release([], [accept]))
  test.same(others, [])
  test.match(change, { before: accept, advice: /no longer applied at boot: move it .* \/etc\/sysctl\.d/ })
  test.notOk(change && 'after' in change)
})
