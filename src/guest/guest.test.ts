import { access, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { hasPvhEntry, parseBootImage } from '../kernels/boot-image.js'
import { cacheRoot, requireSpace } from '../kernels/cache.js'
import { findInCatalogue } from '../kernels/catalogue.js'
import { KernelError, type KernelErrorCode } from '../kernels/error.js'
import { type FetchedKernel, fetchKernel } from '../kernels/fetch.js'
import { loadOrder, moduleName, parseModuleIndex, releaseOfModule } from '../kernels/modules.js'
import { resolveKernel } from '../kernels/resolve.js'
import { findTool, type Tool } from '../kernels/tools.js'
import { compareVersions, mainlineOfPackage, mainlineOfRelease, parseBanner } from '../kernels/version.js'
import { bootGuest } from './boot.js'
import { packCpio } from './cpio.js'
import { GuestError } from './error.js'

const banner = '6.1.0-56-amd64 (debian-kernel@lists.debian.org) #1 SMP Debian 6.1.192-2 (2026-11-16)'

/** A boot image with nothing in it but a header. */
function bootImage(version = banner): Buffer {
  const image = Buffer.alloc(0x800)
  image.writeUInt8(1, 0x1f1)
  image.writeUInt32LE((image.length - 0x400) / 16, 0x1f4)
  image.write('HdrS', 0x202, 'latin1')
  image.writeUInt16LE(0x20f, 0x206)
  image.writeUInt16LE(0x100, 0x20e)
  image.writeUInt16LE(1, 0x236)
  image.write(`${version}\0`, 0x300, 'latin1')
  return image
}

/** A module file, as far as its release goes. */
function moduleFile(release: string): Buffer {
  return Buffer.from(`\x7fELF\0license=GPL\0vermagic=${release} SMP mod_unload \0`, 'latin1')
}

/** The error that something throws or rejects with; fails the test when it is of another kind. */
async function kernelError(
  test: Pick<typeof t, 'equal'>,
  code: KernelErrorCode,
  work: () => unknown,
): Promise<KernelError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof KernelError) {
      test.equal(error.code, code, error.message)
      return error
    }
    throw error
  }
  throw new Error(`no error, expected ${code}`)
}

t.test('a Debian package version gives the kernel.org version that it was made from', t => {
  t.equal(mainlineOfPackage('6.1.192-2'), '6.1.192')
  t.equal(mainlineOfPackage('5.10.262-1'), '5.10.262')
  t.equal(mainlineOfPackage('6.12.95-1~bpo12+1'), '6.12.95')
  t.equal(mainlineOfPackage('7.3~rc7-1~exp1'), '7.3-rc7')
  t.equal(mainlineOfPackage('6.1.180-1~deb11u1'), '6.1.180')
  t.end()
})

t.test('a release gives the kernel.org version of a kernel that no distribution packaged', t => {
  t.equal(mainlineOfRelease('6.9.0-rc3+'), '6.9-rc3')
  t.equal(mainlineOfRelease('6.18.44-fc-v657'), '6.18.44')
  t.equal(mainlineOfRelease('7.0'), '7.0')
  t.end()
})

t.test('a version banner says the package where the release hides the stable version', t => {
  t.same(parseBanner(banner), {
    release: '6.1.0-56-amd64',
    packageVersion: '6.1.192-2',
    mainlineVersion: '6.1.192',
  })
  t.equal(
    parseBanner('Linux version 6.9.0-rc3+ (me@here) (gcc 13) #5 SMP Mon May 6 10:00:00 UTC 2026\n')
      .mainlineVersion,
    '6.9-rc3',
  )
  t.end()
})

t.test('versions are ordered as Debian orders them', t => {
  const ordered = [
    '5.10.9-1',
    '5.10.262-1',
    '6.12.95-1~bpo12+1',
    '6.12.95-1',
    '7.3~rc7-1~exp1',
    '7.3-1',
    '1:1-1',
  ]
  t.same([...ordered].reverse().sort(compareVersions), ordered)
  t.equal(compareVersions('6.1.192-2', '6.1.192-2'), 0)
  t.end()
})

t.test('an unknown kernel name is answered with the nearest one', async t => {
  const error = await kernelError(t, 'unknown-kernel', () => findInCatalogue('debian:6.2'))
  t.match(error.message, /Did you mean debian:6\.1\?/)
  t.equal(findInCatalogue('debian:bookworm').name, 'debian:6.1')
  t.ok('among' in findInCatalogue('debian:7'))
})

t.test('a boot image is read by its header', t => {
  const image = parseBootImage(bootImage(), 'bzImage')
  t.equal(image.release, '6.1.0-56-amd64')
  t.equal(image.mainlineVersion, '6.1.192')
  t.end()
})

t.test('a file that is no boot image, or half of one, is refused by name', async t => {
  const bad = (image: Buffer) => kernelError(t, 'bad-image', () => parseBootImage(image, '/boot/x'))
  t.match((await bad(Buffer.alloc(0))).message, /\/boot\/x.*empty/)
  t.match((await bad(Buffer.alloc(4096))).message, /HdrS/)
  t.match((await bad(bootImage().subarray(0, 0x500))).message, /cut off.*2048 bytes.*1280/)
  t.match((await bad(bootImage('no version'))).message, /without a kernel version/)
})

t.test('a kernel for another machine is refused with that machine’s name', async t => {
  const arm64 = Buffer.alloc(4096)
  arm64.write('MZ', 0, 'latin1')
  arm64.write('ARMd', 0x38, 'latin1')
  const riscv = Buffer.alloc(4096)
  riscv.write('\x7fELF\x02\x01\x01', 0, 'latin1')
  riscv.writeUInt16LE(243, 18)
  const i386 = bootImage()
  i386.writeUInt16LE(0, 0x236)
  const cases = [
    [arm64, /arm64/],
    [riscv, /RISC-V/],
    [i386, /32-bit x86/],
  ] as const
  for (const [image, pattern] of cases) {
    const error = await kernelError(t, 'wrong-architecture', () => parseBootImage(image, 'Image'))
    t.match(error.message, pattern)
  }
})

t.test('a kernel that QEMU can start directly has Xen’s note of type 18', t => {
  const elf = Buffer.alloc(200)
  elf.write('\x7fELF\x02\x01', 0, 'latin1')
  elf.writeUInt16LE(62, 18)
  elf.writeBigUInt64LE(64n, 32)
  elf.writeUInt16LE(56, 54)
  elf.writeUInt16LE(1, 56)
  elf.writeUInt32LE(4, 64)
  elf.writeBigUInt64LE(128n, 72)
  elf.writeBigUInt64LE(20n, 96)
  elf.writeUInt32LE(4, 128)
  elf.writeUInt32LE(4, 132)
  elf.writeUInt32LE(18, 136)
  elf.write('Xen\0', 140, 'latin1')
  t.equal(hasPvhEntry(elf), true)
  elf.writeUInt32LE(17, 136)
  t.equal(hasPvhEntry(elf), false)
  t.equal(hasPvhEntry(Buffer.from('no ELF file')), false)
  t.end()
})

t.test('modules are inserted after what they need, each once', t => {
  const index = parseModuleIndex(
    [
      'kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/fs/netfs/netfs.ko.xz',
      'kernel/net/9p/9pnet.ko.xz: kernel/fs/netfs/netfs.ko.xz',
      'kernel/fs/netfs/netfs.ko.xz:',
      'kernel/drivers/char/hw_random/virtio-rng.ko.xz: kernel/drivers/virtio/virtio.ko.xz',
      'kernel/drivers/virtio/virtio.ko.xz:',
    ].join('\n'),
    'kernel/drivers/virtio/virtio_pci.ko\n',
  )
  t.same(loadOrder(index, ['9p', 'virtio_pci', '9pnet']).paths, [
    'kernel/fs/netfs/netfs.ko.xz',
    'kernel/net/9p/9pnet.ko.xz',
    'kernel/fs/9p/9p.ko.xz',
  ])
  t.same(loadOrder(index, ['virtio_rng', 'ip_vs']), {
    paths: ['kernel/drivers/virtio/virtio.ko.xz', 'kernel/drivers/char/hw_random/virtio-rng.ko.xz'],
    missing: ['ip_vs'],
  })
  t.equal(moduleName('kernel/net/sched/act-mirred.ko.zst'), 'act_mirred')
  t.end()
})

t.test('a module says which release it was built for', t => {
  t.equal(releaseOfModule(moduleFile('6.1.0-56-amd64')), '6.1.0-56-amd64')
  t.equal(releaseOfModule(Buffer.from('\x7fELF')), undefined)
  t.end()
})

t.test('the initial root is an archive that cpio reads back', async t => {
  if (!(await access('/usr/bin/cpio').then(yes, no))) {
    t.pass('cpio', { skip: 'cpio is not installed' })
    return
  }
  const archive = packCpio([
    { kind: 'folder', path: 'bin' },
    { kind: 'file', path: 'bin/odd name', data: Buffer.from('12345'), executable: true },
    { kind: 'link', path: 'bin/link', target: 'odd name' },
    { kind: 'file', path: 'empty', data: Buffer.alloc(0) },
  ])
  await withDir(
    async ({ path }) => {
      await execa('cpio', ['-i', '--quiet'], { cwd: path, input: archive })
      t.equal(await readFile(join(path, 'bin/link'), 'utf8'), '12345')
      t.equal(await readFile(join(path, 'empty'), 'utf8'), '')
    },
    { unsafeCleanup: true },
  )
})

t.test('a bare image is paired with its modules, however the folder is given', async t => {
  await withDir(
    async ({ path }) => {
      const image = join(path, 'bzImage')
      const modules = join(path, 'lib/modules/6.1.0-56-amd64')
      await mkdir(modules, { recursive: true })
      await writeFile(image, bootImage())
      await kernelError(t, 'missing-modules', () => resolveKernel(image, { modulesDir: modules }))
      await writeFile(join(modules, 'x.ko'), moduleFile('6.1.0-56-amd64'))
      await writeFile(join(modules, 'modules.dep'), 'x.ko:\n')
      for (const modulesDir of [path, join(path, 'lib/modules'), modules]) {
        t.equal((await resolveKernel(image, { modulesDir })).modulesDir, modules)
      }
      await symlink(modules, join(path, 'renamed'))
      t.equal((await resolveKernel(image, { modulesDir: join(path, 'renamed') })).modulesDir, modules)
      await kernelError(t, 'missing-modules', () => resolveKernel(image, { modulesDir: join(path, 'none') }))

      await writeFile(join(modules, 'x.ko'), moduleFile('6.1.0-55-amd64'))
      const error = await kernelError(t, 'release-mismatch', () =>
        resolveKernel(image, { modulesDir: modules }),
      )
      t.match(error.message, /are for 6\.1\.0-55-amd64, and .*bzImage is 6\.1\.0-56-amd64/)
    },
    { unsafeCleanup: true },
  )
})

t.test('a built kernel tree gives its own modules, or none when all is compiled in', async t => {
  if (!(await has('depmod'))) {
    t.pass('depmod', { skip: 'depmod is not installed (package kmod)' })
    return
  }
  await withCache(() =>
    withDir(
      async ({ path }) => {
        await kernelError(t, 'unknown-kernel', () => resolveKernel(path))
        await mkdir(join(path, 'arch/x86/boot'), { recursive: true })
        await writeFile(join(path, 'arch/x86/boot/bzImage'), bootImage('6.9.0-rc3+ (me@here) #1 SMP'))
        const whole = await resolveKernel(path)
        t.equal(whole.modulesDir, undefined)
        t.equal(whole.mainlineVersion, '6.9-rc3')

        await writeFile(join(path, 'modules.order'), 'net/x.o\n')
        const unbuilt = await kernelError(t, 'missing-modules', () => resolveKernel(path))
        t.match(unbuilt.message, /make modules/)
      },
      { unsafeCleanup: true },
    ),
  )
})

t.test('a kernel that is not there says how to get it', async t => {
  await withCache(async () => {
    const error = await kernelError(t, 'not-fetched', () => resolveKernel('debian:6.1'))
    t.match(error.message, /netns-lab kernel fetch debian:6\.1/)
    await kernelError(t, 'unknown-kernel', () => resolveKernel('/no/such/bzImage'))
  })
})

t.test('a disk without room is found before the download', async t => {
  await withDir(async ({ path }) => {
    const error = await kernelError(t, 'disk-full', () => requireSpace(path, 2 ** 60, 'debian:6.1'))
    t.match(error.message, /debian:6\.1 needs \d+ MiB in .* are free\. .*XDG_CACHE_HOME/)
  })
})

t.test('the cache is where the XDG specification says', t => {
  t.equal(cacheRoot({ XDG_CACHE_HOME: '/x' }), '/x/netns-lab')
  t.match(cacheRoot({ XDG_CACHE_HOME: 'relative' }), /\/\.cache\/netns-lab$/)
  t.end()
})

t.test('a guest runs a command on Debian’s 6.1 kernel', { timeout: 600_000 }, async t => {
  const missing = await missingTools([
    'qemu-system-x86_64',
    'busybox',
    'setpriv',
    'apt-get',
    'dpkg-deb',
    'depmod',
  ])
  if (missing.length > 0) {
    t.pass('boot', { skip: `not installed: ${missing.join(', ')}` })
    return
  }
  let kernel: FetchedKernel
  try {
    kernel = await fetchKernel('debian:6.1')
  } catch (error) {
    if (!(error instanceof KernelError && error.code === 'no-network')) throw error
    t.pass('boot', { skip: error.message })
    return
  }

  await t.test('its output, report and exit status come back, and arguments arrive as they were', async t => {
    const script = [
      'import { readFileSync, writeFileSync } from "node:fs"',
      'writeFileSync(process.env.NETNS_LAB_RESULT, JSON.stringify(process.argv.slice(1)))',
      'console.log(readFileSync("/proc/sys/kernel/osrelease", "utf8").trim(), process.env.ODD, process.cwd())',
      'console.error("to stderr")',
      'process.exit(7)',
    ].join('\n')
    const odd = ['', "it's", '$(reboot)', 'two\nlines\n', '*', '-e']
    const result = await bootGuest({
      kernel,
      argv: [process.execPath, '--input-type=module', '-e', script, '--', ...odd],
      env: { ODD: 'a "b" $c' },
      cwd: '/usr',
      modules: ['br_netfilter', 'no_such_module'],
    })
    t.equal(result.exitCode, 7)
    t.equal(result.stdout, `${kernel.release} a "b" $c /usr\n`)
    t.equal(result.stderr, 'to stderr\n')
    t.same(JSON.parse(result.result), odd)
    t.equal(result.kernelRelease, kernel.release)
    t.same(result.missingModules, ['no_such_module'])
    t.same(result.moduleProblems, [])
    t.comment(`${result.accel}: up after ${result.bootMs} ms, ${result.attempts} attempt(s)`)
  })

  await t.test('nothing that it writes reaches this machine', async t => {
    const path = '/etc/netns-lab-guest-was-here'
    const result = await bootGuest({ kernel, argv: ['sh', '-c', `echo x >${path} && cat ${path}`] })
    t.equal(result.output, 'x\n')
    t.equal(await access(path).then(yes, no), false)
  })

  await t.test('a command that never ends is ended', async t => {
    const boot = bootGuest({ kernel, argv: ['sleep', '1000'], timeoutMs: 500 })
    await t.rejects(boot, { name: 'GuestError', code: 'timeout' })
  })

  await t.test('a guest whose kernel panics at boot is tried again, and its console kept', async t => {
    const attempts: number[] = []
    const error: unknown = await bootGuest({
      kernel,
      argv: ['true'],
      append: ['rdinit=/nothing', 'init=/nothing'],
      retries: 2,
      onAttempt: attempt => attempts.push(attempt),
    }).catch((reason: unknown) => reason)
    if (!(error instanceof GuestError)) throw error
    t.equal(error.code, 'no-boot')
    t.same(attempts, [1, 2])
    t.match(error.consoleTail, /Kernel panic/)
  })

  await t.test('an aborted signal ends the guest', async t => {
    const abort = new AbortController()
    const boot = bootGuest({ kernel, argv: ['true'], signal: abort.signal, onAttempt: () => abort.abort() })
    await t.rejects(boot, { code: 'aborted' })
  })
})

const yes = () => true
const no = () => false

async function has(tool: Tool): Promise<boolean> {
  return (await findTool(tool)) !== undefined
}

async function missingTools(tools: readonly Tool[]): Promise<Tool[]> {
  const found = await Promise.all(tools.map(has))
  return tools.filter((_, index) => !found[index])
}

/** Runs something with an empty cache. */
async function withCache(work: () => Promise<void>): Promise<void> {
  const before = process.env.XDG_CACHE_HOME
  await withDir(
    async ({ path }) => {
      process.env.XDG_CACHE_HOME = path
      try {
        await work()
      } finally {
        if (before === undefined) delete process.env.XDG_CACHE_HOME
        else process.env.XDG_CACHE_HOME = before
        await rm(path, { recursive: true, force: true })
        await mkdir(path)
      }
    },
    { unsafeCleanup: true },
  )
}
