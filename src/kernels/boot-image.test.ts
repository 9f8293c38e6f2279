import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import { extractPvhKernel, parseBootImage } from './boot-image.js'
import { hasPvhEntry } from './elf.js'
import { KernelError } from './error.js'
import { bootImage, kernelError } from './kernels.fixture.js'

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

t.test('any bytes are a boot image, or refused as a KernelError that names the file', async test => {
  const at = (offset: number, text: string) => (image: Buffer) => void image.write(text, offset, 'latin1')
  const marks = [
    at(0x202, 'HdrS'),
    at(0, '\x7fELF'),
    at(0x38, 'ARMd'),
    at(18, '\x3e\0'),
    at(0x206, '\x0f\x02'),
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 1200, size: 'max' }),
      fc.subarray(marks),
      async (bytes, chosen) => {
        const image = Buffer.from(bytes)
        if (image.length > 0x210) for (const mark of chosen) mark(image)
        hasPvhEntry(image)
        try {
          parseBootImage(image, '/boot/vmlinuz')
          await extractPvhKernel(image, '/boot/vmlinuz')
        } catch (error) {
          if (!(error instanceof KernelError && error.message.includes('/boot/vmlinuz'))) throw error
        }
      },
    ),
    runs(500),
  )
  const elf = Buffer.alloc(4096, 0xff)
  elf.writeUInt32BE(0x7f454c46, 0)
  elf.writeUInt16LE(62, 18)
  test.notOk(hasPvhEntry(elf), 'a table of segments that lies outside of the file')
})
