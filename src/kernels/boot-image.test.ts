import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import { extractPvhKernel, hasPvhEntry, parseBootImage } from './boot-image.js'
import { KernelError } from './error.js'

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
