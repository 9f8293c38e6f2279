import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { sysctlChanges, tellSysctls } from './upgrade.js'

/** Writes roots with these files; one that begins with `→` is a link. */
async function write(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    if (text.startsWith('→')) await symlink(text.slice(1), join(root, name))
    else await writeFile(join(root, name), text)
  }
}

const KEYS = ['all', 'default', 'eth0', 'eth1'].flatMap(device =>
  ['rp_filter', 'accept_local'].map(key => `net/ipv4/conf/${device}/${key}`),
)

t.test(
  'an upgrade to Debian 13: a hardening file becomes loose, and /etc/sysctl.conf is not applied any more',
  async test => {
    await withDir(
      async ({ path }) => {
        await write(path, {
          'machine/etc/sysctl.d/99-hardening.conf': 'net.ipv4.conf.default.rp_filter = 1\n',
          'machine/etc/sysctl.d/99-sysctl.conf': '→../sysctl.conf',
          'machine/etc/sysctl.d/dangling.conf': '→../nowhere',
          'machine/etc/sysctl.conf': 'net.ipv4.conf.all.accept_local = 1\n',
          'machine/usr/lib/sysctl.d/50-docker.conf': 'net.ipv4.conf.eth1.accept_local = 1\n',
          // What linux-sysctl-defaults of Debian 13 has, as far as devices go.
          'release/usr/lib/sysctl.d/50-default.conf':
            'net.ipv4.conf.default.rp_filter = 2\nnet.ipv4.conf.*.rp_filter = 2\n-net.ipv4.conf.all.rp_filter\n',
        })
        const told = tellSysctls(sysctlChanges(join(path, 'machine'), join(path, 'release'), KEYS))
        test.match(told, [
          {
            change: /^net\.ipv4\.conf\.all\.accept_local: 1 by \/etc\/sysctl\.conf becomes the kernel’s own$/,
            worse: true,
            remedy: /no longer applied at boot: move it/,
          },
          {
            change:
              /^net\.ipv4\.conf\.eth0\.rp_filter, and 1 more like it: 1 \(strict\) by \/etc\/sysctl\.d\/99-hardening\.conf becomes 2 \(loose\)/,
            worse: true,
            remedy: /say net\.ipv4\.conf\.\*\.rp_filter = 1 in \/etc\/sysctl\.d\/99-hardening\.conf, too/,
          },
        ])
        test.equal(told.length, 2, 'a package’s own file stays')
      },
      { unsafeCleanup: true },
    )
  },
)

t.test('to a release that applies /etc/sysctl.conf nothing changes', async test => {
  await withDir(
    async ({ path }) => {
      await write(path, {
        'machine/etc/sysctl.d/99-sysctl.conf': '→../sysctl.conf',
        'machine/etc/sysctl.conf': 'net.ipv4.conf.all.accept_local = 1\n',
        'release/etc/sysctl.d/99-sysctl.conf': '→../sysctl.conf',
        'release/etc/sysctl.conf': '',
      })
      test.same(sysctlChanges(join(path, 'machine'), join(path, 'release'), KEYS), [])
    },
    { unsafeCleanup: true },
  )
})
