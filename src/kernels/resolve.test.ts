import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { defaultName, isKernelName } from './build/name.js'
import { KernelError, type KernelErrorCode } from './error.js'
import { resolveKernel } from './resolve.js'

const RELEASE = '6.12.117-lab-test'
const header = (version: string) =>
  `#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86_64 ${version} Kernel Configuration\n#\n`
const MONOLITHIC = `${header('6.12.117')}CONFIG_MODULES_USE_ELF_RELA=y\n# CONFIG_MODULES is not set\n`
const MODULAR = `${header('6.12.117')}CONFIG_MODULES=y\nCONFIG_VETH=m\n`

/** A boot image with a header, and a gzipped "kernel" that may have its configuration in it (CONFIG_IKCONFIG). */
function bootImage(config?: string): Buffer {
  const text = config === undefined ? '' : `IKCFG_ST${gzipSync(config).toString('latin1')}IKCFG_ED`
  const payload = gzipSync(Buffer.from(`code ${text} code`, 'latin1'))
  const image = Buffer.alloc(0x400 + Math.ceil(payload.length / 16) * 16)
  image.writeUInt8(1, 0x1f1)
  image.writeUInt32LE((image.length - 0x400) / 16, 0x1f4)
  image.write('HdrS', 0x202, 'latin1')
  image.writeUInt16LE(0x20f, 0x206)
  image.writeUInt16LE(0x100, 0x20e)
  image.writeUInt16LE(1, 0x236)
  image.writeUInt32LE(0, 0x248)
  image.writeUInt32LE(payload.length, 0x24c)
  image.write(`${RELEASE} (netns-lab@netns-lab) #1\0`, 0x300, 'latin1')
  payload.copy(image, 0x400)
  return image
}

async function put(folder: string, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  for (const [name, data] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), data)
  }
  return folder
}

async function refusal(code: KernelErrorCode, work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof KernelError && error.code === code) return error.message
  throw new Error(`expected ${code}, got ${String(error)}`)
}

t.test('a bare image without a folder of modules', async t => {
  for (const name of [`config-${RELEASE}`, '.config', 'config']) {
    t.test(`is usable where ${name} beside it says that everything is compiled in`, async t => {
      const folder = await put(t.testdir({}), { bzImage: bootImage(), [name]: MONOLITHIC })
      const kernel = await resolveKernel(join(folder, 'bzImage'))
      t.match(kernel, { modulesDir: undefined, config: join(folder, name), release: RELEASE })
    })
  }

  t.test('is usable where the tree that it lies in says so', async t => {
    const files = { 'arch/x86/boot/bzImage': bootImage(), '.config': MONOLITHIC }
    const tree = await put(t.testdir({}), files)
    t.equal((await resolveKernel(join(tree, 'arch/x86/boot/bzImage'))).config, join(tree, '.config'))
  })

  t.test('is usable where it says so itself (CONFIG_IKCONFIG)', async t => {
    const folder = await put(t.testdir({}), { bzImage: bootImage(MONOLITHIC) })
    t.match(await resolveKernel(join(folder, 'bzImage')), { modulesDir: undefined, config: undefined })
  })

  t.test('is usable where modules could be loaded and none was built', async t => {
    const config = MODULAR.replace('=m', '=y')
    const folder = await put(t.testdir({}), { bzImage: bootImage(config) })
    t.equal((await resolveKernel(join(folder, 'bzImage'))).modulesDir, undefined)
  })

  t.test('is refused where it has modules, or does not say, with what to give', async t => {
    for (const image of [bootImage(MODULAR), bootImage()]) {
      const folder = await put(t.testdir({}), { bzImage: image })
      const message = await refusal('missing-modules', resolveKernel(join(folder, 'bzImage')))
      t.match(message, /--modules DIR/)
      t.match(message, `put its .config beside it as config-${RELEASE}`)
    }
  })

  t.test('does not go by the configuration of another version', async t => {
    const config = MONOLITHIC.replace('6.12.117', '6.12.11')
    const folder = await put(t.testdir({}), { bzImage: bootImage(), config })
    await refusal('missing-modules', resolveKernel(join(folder, 'bzImage')))
  })

  t.test('is not excused from having the modules that it was given', async t => {
    const folder = await put(t.testdir({}), { bzImage: bootImage(), config: MONOLITHIC })
    const options = { modulesDir: join(folder, 'none') }
    await refusal('missing-modules', resolveKernel(join(folder, 'bzImage'), options))
  })
})

t.test('a build folder outside its source, without modules.order, is usable', async t => {
  const folder = await put(t.testdir({}), { 'arch/x86/boot/bzImage': bootImage(), '.config': MONOLITHIC })
  t.match(await resolveKernel(folder), { modulesDir: undefined, config: join(folder, '.config') })
})

t.test('a source tree that is not built says how to build it', async t => {
  const tree = await put(t.testdir({}), { Makefile: '', Kconfig: '' })
  t.match(await refusal('unknown-kernel', resolveKernel(tree)), `lab kernel build --source ${tree}`)
})

t.test('a kernel that the lab built', async t => {
  const cache = t.testdir({})
  const before = process.env.XDG_CACHE_HOME
  process.env.XDG_CACHE_HOME = cache
  t.teardown(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME
    else process.env.XDG_CACHE_HOME = before
  })
  const kernel = { bzImage: bootImage(), config: MONOLITHIC }
  const folder = (source: string, name: string) => join(cache, 'netns-lab/source', source, 'kernels', name)

  t.test('is known by its name, and needs none of the modules that others are given', async t => {
    await put(folder('debian-6.12', 'no-fix'), kernel)
    const found = await resolveKernel('no-fix', { modulesDir: '/nowhere' })
    t.match(found, { name: 'no-fix', modulesDir: undefined, release: RELEASE })
    t.equal(found.vmlinuz, join(folder('debian-6.12', 'no-fix'), 'bzImage'))
  })

  t.test('has to be given by its path where two sources have one of that name', async t => {
    await put(folder('debian-6.12', 'twice'), kernel)
    await put(folder('linux-0123abcd', 'twice'), kernel)
    const message = await refusal('unknown-kernel', resolveKernel('twice'))
    t.match(message, join(folder('linux-0123abcd', 'twice'), 'bzImage'))
    t.equal((await resolveKernel(join(folder('linux-0123abcd', 'twice'), 'bzImage'))).modulesDir, undefined)
  })
})

t.test('a built kernel without a name is called after its source and its patches', async t => {
  t.equal(await defaultName('debian:6.12', []), 'debian-6.12')
  t.equal(
    await defaultName('debian:6.12', ['a/no-fix.patch', '0001-Foo_bar.diff']),
    'debian-6.12-no-fix-0001-foo-bar',
  )
  t.equal(await defaultName('/src/Linux_Stable', []), 'linux-stable')
  const patches = Array.from({ length: 9 }, (_, index) => `a-patch-${index}.patch`)
  const long = await defaultName('debian:6.12', patches)
  t.ok(isKernelName(long), long)
  t.not(long, await defaultName('debian:6.12', patches.slice(1)))
  t.equal(await defaultName('/src/...', []), 'lab')
})
