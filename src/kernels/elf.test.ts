import t from 'tap'
import { hasPvhEntry } from './elf.js'

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
