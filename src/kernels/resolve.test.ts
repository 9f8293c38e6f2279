import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { bootImage, kernelError, put, withCache } from './kernels.fixture.js'
import { resolveKernel } from './resolve.js'

const RELEASE = '6.12.117-lab-test'
const header = (version: string) =>
  `#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86_64 ${version} Kernel Configuration\n#\n`
const MONOLITHIC = `${header('6.12.117')}CONFIG_MODULES_USE_ELF_RELA=y\n# CONFIG_MODULES is not set\n`
const MODULAR = `${header('6.12.117')}CONFIG_MODULES=y\nCONFIG_VETH=m\n`

/** A boot image with a gzipped "kernel", which may have its configuration in it (CONFIG_IKCONFIG). */
function imageOf(config?: string): Buffer {
  const text = config === undefined ? '' : `IKCFG_ST${gzipSync(config).toString('latin1')}IKCFG_ED`
  const payload = gzipSync(Buffer.from(`code ${text} code`, 'latin1'))
  return bootImage(`${RELEASE} (netns-lab@netns-lab) #1`, payload)
}

t.test('a bare image without a folder of modules', async t => {
  for (const name of [`config-${RELEASE}`, '.config', 'config']) {
    t.test(`is usable where ${name} beside it says that everything is compiled in`, async t => {
      const folder = await put(t.testdir({}), { bzImage: imageOf(), [name]: MONOLITHIC })
      const kernel = await resolveKernel(join(folder, 'bzImage'))
      t.match(kernel, { modulesDir: undefined, config: join(folder, name), release: RELEASE })
    })
  }

  t.test('is usable where the tree that it lies in says so', async t => {
    const files = { 'arch/x86/boot/bzImage': imageOf(), '.config': MONOLITHIC }
    const tree = await put(t.testdir({}), files)
    t.equal((await resolveKernel(join(tree, 'arch/x86/boot/bzImage'))).config, join(tree, '.config'))
  })

  t.test('is usable where it says so itself (CONFIG_IKCONFIG)', async t => {
    const folder = await put(t.testdir({}), { bzImage: imageOf(MONOLITHIC) })
    t.match(await resolveKernel(join(folder, 'bzImage')), { modulesDir: undefined, config: undefined })
  })

  t.test('is usable where modules could be loaded and none was built', async t => {
    const config = MODULAR.replace('=m', '=y')
    const folder = await put(t.testdir({}), { bzImage: imageOf(config) })
    t.equal((await resolveKernel(join(folder, 'bzImage'))).modulesDir, undefined)
  })

  t.test('is refused where it has modules, or does not say, with what to give', async t => {
    for (const image of [imageOf(MODULAR), imageOf()]) {
      const folder = await put(t.testdir({}), { bzImage: image })
      const { remedy } = await kernelError(t, 'missing-modules', () => resolveKernel(join(folder, 'bzImage')))
      t.match(remedy, /--modules DIR/)
      t.match(remedy, `put its .config beside it as config-${RELEASE}`)
    }
  })

  t.test('does not go by the configuration of another version', async t => {
    const config = MONOLITHIC.replace('6.12.117', '6.12.11')
    const folder = await put(t.testdir({}), { bzImage: imageOf(), config })
    await kernelError(t, 'missing-modules', () => resolveKernel(join(folder, 'bzImage')))
  })

  t.test('is not excused from having the modules that it was given', async t => {
    const folder = await put(t.testdir({}), { bzImage: imageOf(), config: MONOLITHIC })
    const options = { modulesDir: join(folder, 'none') }
    await kernelError(t, 'missing-modules', () => resolveKernel(join(folder, 'bzImage'), options))
  })
})

t.test('a build folder outside its source, without modules.order, is usable', async t => {
  const folder = await put(t.testdir({}), { 'arch/x86/boot/bzImage': imageOf(), '.config': MONOLITHIC })
  t.match(await resolveKernel(folder), { modulesDir: undefined, config: join(folder, '.config') })
})

t.test('a source tree that is not built says how to build it', async t => {
  const tree = await put(t.testdir({}), { Makefile: '', Kconfig: '' })
  const { remedy } = await kernelError(t, 'unknown-kernel', () => resolveKernel(tree))
  t.match(remedy, `lab kernel build --source ${tree}`)
})

t.test('a kernel that the lab built', async t => {
  await withCache(async cache => {
    const kernel = { bzImage: imageOf(), config: MONOLITHIC }
    const folder = (source: string, name: string) => join(cache, 'netns-lab/source', source, 'kernels', name)

    await t.test('is known by its name, and needs none of the modules that others are given', async t => {
      await put(folder('debian-6.12', 'no-fix'), kernel)
      const found = await resolveKernel('no-fix', { modulesDir: '/nowhere' })
      t.match(found, { name: 'no-fix', modulesDir: undefined, release: RELEASE })
      t.equal(found.vmlinuz, join(folder('debian-6.12', 'no-fix'), 'bzImage'))
    })

    await t.test('has to be given by its path where two sources have one of that name', async t => {
      await put(folder('debian-6.12', 'twice'), kernel)
      await put(folder('linux-0123abcd', 'twice'), kernel)
      const { remedy } = await kernelError(t, 'unknown-kernel', () => resolveKernel('twice'))
      t.match(remedy, join(folder('linux-0123abcd', 'twice'), 'bzImage'))
      t.equal((await resolveKernel(join(folder('linux-0123abcd', 'twice'), 'bzImage'))).modulesDir, undefined)
    })
  })
})

t.test('a kernel that is not there says how to get it', async t => {
  await withCache(async () => {
    const error = await kernelError(t, 'not-fetched', () => resolveKernel('debian:6.1'))
    t.match(error.remedy, /lab kernel fetch debian:6\.1/)
    await kernelError(t, 'unknown-kernel', () => resolveKernel('/no/such/bzImage'))
  })
})
