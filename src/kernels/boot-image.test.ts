import t from 'tap'
import { parseBootImage } from './boot-image.js'
import { bootImage, kernelError } from './fixtures.js'

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
