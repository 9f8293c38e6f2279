import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import {
  appliesSysctlConf,
  dotted,
  outcomeOf,
  parseSysctls,
  settingsFor,
  sysctlFiles,
  sysctlLines,
} from './sysctl-files.js'

/** Calls `work` with a root that has these files; one that begins with `→` is a link. */
function withRoot(files: Readonly<Record<string, string>>, work: (root: string) => void) {
  return withDir(
    async ({ path }) => {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(path, name)), { recursive: true })
        if (text.startsWith('→')) await symlink(text.slice(1), join(path, name))
        else await writeFile(join(path, name), text)
      }
      work(path)
    },
    { unsafeCleanup: true },
  )
}

/** What Debian 13 has in linux-sysctl-defaults, as far as devices go. */
const DEFAULTS = `# Source route verification
net.ipv4.conf.default.rp_filter = 2
net.ipv4.conf.*.rp_filter = 2
-net.ipv4.conf.all.rp_filter
-net.ipv4.ping_group_range = 0 2147483647
`

t.test('files are read by name, and of one name that of the first folder', async test => {
  await withRoot(
    {
      'usr/lib/sysctl.d/50-default.conf': DEFAULTS,
      'usr/lib/sysctl.d/10-first.conf': '',
      'etc/sysctl.d/50-default.conf': '',
      'etc/sysctl.d/99-sysctl.conf': '→../sysctl.conf',
      'etc/sysctl.d/README': '',
      'etc/sysctl.conf': '',
      lib: '→usr/lib',
    },
    root =>
      test.strictSame(sysctlFiles(root), [
        '/usr/lib/sysctl.d/10-first.conf',
        '/etc/sysctl.d/50-default.conf',
        '/etc/sysctl.conf',
      ]),
  )
})

t.test('/etc/sysctl.conf counts where a link in sysctl.d leads to it, and only there', async test => {
  const files = { 'etc/sysctl.conf': 'net.ipv4.ip_forward=1', 'usr/lib/sysctl.d/50-default.conf': DEFAULTS }
  await withRoot(files, root => {
    test.equal(appliesSysctlConf(root), false)
    test.notMatch(sysctlLines(root), [{ key: 'net/ipv4/ip_forward' }])
  })
  await withRoot({ ...files, 'etc/sysctl.d/99-sysctl.conf': '→../sysctl.conf' }, root => {
    test.equal(appliesSysctlConf(root), true)
    test.match(sysctlLines(root).at(-1), {
      key: 'net/ipv4/ip_forward',
      value: '1',
      file: '/etc/sysctl.conf',
    })
  })
})

t.test('a file that is a link to /dev/null takes away that of another folder', async test => {
  await withRoot(
    { 'usr/lib/sysctl.d/50-default.conf': DEFAULTS, 'etc/sysctl.d/50-default.conf': '→/dev/null' },
    root => test.strictSame(sysctlLines(root), []),
  )
})

t.test(
  'a line is an assignment, one whose failure does not matter, or one that no pattern is to set',
  async test => {
    const text =
      '# no\n; no\n\n a.b = 1 \n-c.d=2\n-e.f\nnonsense\nnet.ipv4.conf.eth0/7.rp_filter=1\nnet/ipv4/x.y/z=3'
    test.strictSame(parseSysctls(text, 'f'), [
      { key: 'a/b', value: '1', file: 'f' },
      { key: 'c/d', value: '2', file: 'f' },
      { key: 'e/f', file: 'f' },
      { key: 'net/ipv4/conf/eth0.7/rp_filter', value: '1', file: 'f' },
      { key: 'net/ipv4/x.y/z', value: '3', file: 'f' },
    ])
    test.equal(dotted('net/ipv4/ip_forward'), 'net.ipv4.ip_forward')
    test.equal(dotted('net/ipv4/conf/eth0.7/rp_filter'), 'net/ipv4/conf/eth0.7/rp_filter')
  },
)

t.test(
  'a default is copied to the devices for which nothing was written: the usual hardening before Debian 13',
  async test => {
    const keys = ['all', 'default', 'eth0', 'lo'].map(device => `net/ipv4/conf/${device}/rp_filter`)
    const outcome = (text: string) =>
      outcomeOf(settingsFor(parseSysctls(text, 'f'), keys), keys).map(
        ({ key, value }) => `${key.split('/')[3]}=${value}`,
      )
    const hardening = 'net.ipv4.conf.all.rp_filter=1\nnet.ipv4.conf.default.rp_filter=1\n'
    test.strictSame(outcome(hardening), ['all=1', 'default=1', 'eth0=1', 'lo=1'])
    test.strictSame(outcome(`net.ipv4.conf.eth0.rp_filter=0\n${hardening}`), [
      'all=1',
      'default=1',
      'eth0=0',
      'lo=1',
    ])
  },
)

t.test(
  'a pattern sets what has no line of its own: the usual hardening does not reach devices',
  async test => {
    const keys = ['all', 'default', 'eth0', 'lo'].map(device => `net/ipv4/conf/${device}/rp_filter`)
    const set = (text: string) =>
      settingsFor(parseSysctls(text, 'f'), keys).map(({ key, value }) => `${key.split('/')[3]}=${value}`)
    test.strictSame(set(DEFAULTS), ['default=2', 'eth0=2', 'lo=2'])
    await withRoot(
      {
        'usr/lib/sysctl.d/50-default.conf': DEFAULTS,
        'etc/sysctl.d/99-hardening.conf':
          'net.ipv4.conf.all.rp_filter=1\nnet.ipv4.conf.default.rp_filter=1\n',
      },
      root => {
        const settings = settingsFor(sysctlLines(root), keys)
        test.strictSame(
          outcomeOf(settings, keys).map(({ value }) => value),
          ['1', '1', '2', '2'],
        )
        test.strictSame(
          settings.map(({ key, value, file }) => `${key.split('/')[3]}=${value} ${file}`),
          [
            'eth0=2 /usr/lib/sysctl.d/50-default.conf',
            'lo=2 /usr/lib/sysctl.d/50-default.conf',
            'all=1 /etc/sysctl.d/99-hardening.conf',
            'default=1 /etc/sysctl.d/99-hardening.conf',
          ],
        )
      },
    )
  },
)
