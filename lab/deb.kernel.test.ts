/** The Debian package, as it is in a root: unpacked, and run by the path that it has there. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { projectRoot } from '../src/base/root.js'
import { missingTool } from '../src/base/tools.js'

t.setTimeout(180_000)

const noDpkg = missingTool('dpkg-deb')
t.test(
  'lab/deb makes a package that runs where it is unpacked, without this clone',
  { skip: noDpkg ?? false },
  async test => {
    await withDir(
      async ({ path }) => {
        const options = { reject: false, stdin: 'ignore' } as const
        const made = await execa(join(projectRoot(), 'lab/deb'), [path], { ...options, cwd: path })
        test.equal(made.exitCode, 0, made.stderr)
        const { engines, version } = JSON.parse(
          readFileSync(join(projectRoot(), 'package.json'), 'utf8'),
        ) as { engines: { node: string }; version: string }
        const field = async (name: string) =>
          (await execa('dpkg-deb', ['--field', made.stdout, name], options)).stdout
        test.equal(await field('Version'), version)
        test.match(await field('Depends'), `nodejs (>= ${engines.node.slice(2)})`)
        const root = join(path, 'root')
        await execa('dpkg-deb', ['--extract', made.stdout, root])
        // In a mount namespace in which this clone is not: nothing is loaded from it.
        const lab = (...args: string[]) =>
          execa(
            'unshare',
            [
              ...['--user', '--map-root-user', '--mount', 'sh', '-c'],
              // Nor is what tap gives every Node.js that it starts.
              'mount -t tmpfs tmpfs "$1" && shift && cd / && unset NODE_OPTIONS && exec "$@"',
              ...['sh', projectRoot(), join(root, 'usr/bin/netns-lab'), ...args],
            ],
            options,
          )
        const doctor = await lab('doctor')
        test.equal(doctor.exitCode, 0, doctor.stderr)
        const ran = await lab('run', 'lan-dnat-without-snat', '--rootless', '-q')
        test.match(ran.stdout, /^1 scenario in [\d.]+ s: 1 confirmed$/, ran.stderr)
        const manual = await execa(
          'man',
          ['--warnings', '-l', join(root, 'usr/share/man/man1/netns-lab.1.gz')],
          {
            ...options,
            env: { MANPAGER: 'cat' },
          },
        )
        if (!manual.failed) test.match(manual.stdout, /netns-lab run/)
      },
      { unsafeCleanup: true },
    )
  },
)

t.test('debian/control depends on what package.json does', async test => {
  const { engines } = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as {
    engines: { node: string }
  }
  test.match(
    readFileSync(join(projectRoot(), 'debian/control'), 'utf8'),
    `nodejs (>= ${engines.node.slice(2)})`,
  )
})
