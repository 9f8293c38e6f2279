import { gunzipSync } from 'node:zlib'
import { execa } from 'execa'
import { KernelError } from './error.js'
import { findTool } from './tools.js'
import { type KernelVersion, parseBanner } from './version.js'

/** What the header of an x86 boot image (bzImage, vmlinuz) says; Documentation/arch/x86/boot.rst has the fields. */
interface BootImage extends KernelVersion {
  /** the whole version string: release, builder, build number and date */
  readonly banner: string
  /** where the compressed kernel is in the file, in bytes; undefined before boot protocol 2.08 */
  readonly payload: { readonly offset: number; readonly length: number } | undefined
}

const setupSectors = 0x1f1
const systemSize = 0x1f4
const headerMagic = 0x202
const protocolVersion = 0x206
const versionPointer = 0x20e
const loadFlags64 = 0x236
const payloadOffset = 0x248
const payloadLength = 0x24c
const headerEnd = 0x250

const elfMachines: Readonly<Record<number, string>> = {
  3: '32-bit x86',
  8: 'MIPS',
  20: '32-bit PowerPC',
  21: 'PowerPC',
  22: 's390',
  40: '32-bit ARM',
  183: 'arm64',
  243: 'RISC-V',
  258: 'LoongArch',
}
const elfX86 = 62
/** sizeof(Elf64_Phdr) */
const programHeader = 56
const mostSegments = 64
/** Bytes that a kernel is unpacked to at most. */
const largestKernel = 2 ** 30

/**
 * Reads an x86 boot image's header.
 * @param image the whole file
 * @param path its name, for the error
 * @throws KernelError `wrong-architecture` for another machine's kernel, `bad-image` for anything else that an
 *   x86-64 machine could not boot: no header, a file that was cut off, an uncompressed vmlinux
 */
export function parseBootImage(image: Buffer, path: string): BootImage {
  const other = foreignArchitecture(image)
  if (other !== undefined) {
    throw new KernelError(
      'wrong-architecture',
      `${path} is a kernel for ${other}, and the guests are x86-64 machines`,
      'Give a kernel that was built for x86-64 (arch/x86/boot/bzImage)',
    )
  }
  if (image.length < headerEnd || image.toString('latin1', headerMagic, headerMagic + 4) !== 'HdrS') {
    throw new KernelError(
      'bad-image',
      `${path} is no x86 boot image: the magic "HdrS" is not at offset 0x202${describe(image)}`,
      'Give a bzImage or vmlinuz; in a built kernel tree it is arch/x86/boot/bzImage',
    )
  }
  const protocol = image.readUInt16LE(protocolVersion)
  // A zero means four sectors, as it did for the boot loaders of 1995.
  const setupBytes = ((image.readUInt8(setupSectors) || 4) + 1) * 512
  const expected = setupBytes + image.readUInt32LE(systemSize) * 16
  // The size is rounded up to 16 bytes, so that an intact file may be a little shorter.
  if (image.length + 15 < expected) {
    throw new KernelError(
      'bad-image',
      `${path} is cut off: its header promises ${expected} bytes, and it has ${image.length}`,
      'Copy, build or fetch it again',
    )
  }
  if (protocol >= 0x20c && (image.readUInt16LE(loadFlags64) & 1) === 0) {
    throw new KernelError(
      'wrong-architecture',
      `${path} is a kernel for 32-bit x86, and the guests are x86-64 machines`,
      'Give a kernel that was built with CONFIG_64BIT=y',
    )
  }
  const bannerStart = image.readUInt16LE(versionPointer) + 0x200
  const bannerEnd = image.indexOf(0, bannerStart)
  const banner = image.toString('latin1', bannerStart, bannerEnd < 0 ? bannerStart : bannerEnd)
  const version = parseBanner(banner)
  if (!/^\d+\.\d+/.test(version.release)) {
    throw new KernelError(
      'bad-image',
      `${path} has an x86 boot header without a kernel version in it`,
      'It is damaged or no Linux kernel: copy, build or fetch it again',
    )
  }
  const payload =
    protocol >= 0x208
      ? { offset: setupBytes + image.readUInt32LE(payloadOffset), length: image.readUInt32LE(payloadLength) }
      : undefined
  return { ...version, banner, payload }
}

/**
 * The uncompressed kernel inside a boot image, for QEMU to start directly: an emulator takes seconds to
 * decompress what takes the machine itself half a second. Undefined where the payload's format has no tool
 * here or the kernel has no PVH entry (CONFIG_PVH), the one that QEMU starts an ELF file at; such a kernel boots
 * from its boot image.
 * @throws KernelError `bad-image` when the payload is damaged
 */
export async function extractPvhKernel(image: Buffer, path: string): Promise<Buffer | undefined> {
  const kernel = await unpackKernel(image, path)
  return kernel !== undefined && hasPvhEntry(kernel) ? kernel : undefined
}

/**
 * The uncompressed kernel inside a boot image; undefined where the payload's format has no tool here.
 * @throws KernelError `bad-image` when the payload is damaged
 */
export async function unpackKernel(image: Buffer, path: string): Promise<Buffer | undefined> {
  const { payload } = parseBootImage(image, path)
  if (payload === undefined) return undefined
  return decompress(image.subarray(payload.offset, payload.offset + payload.length), path)
}

/** Whether an x86-64 ELF file carries Xen's note of type 18, the physical address to start it at. */
export function hasPvhEntry(elf: Buffer): boolean {
  if (elf.length < 64 || elf.readUInt32BE(0) !== 0x7f454c46 || elf.readUInt16LE(18) !== elfX86) return false
  const table = Number(elf.readBigUInt64LE(32))
  const entrySize = elf.readUInt16LE(54)
  // A kernel has a handful of segments; a table that says otherwise, or lies outside of the file, is no kernel's.
  const entries = elf.readUInt16LE(56)
  if (entrySize < programHeader || entries > mostSegments || table + entries * entrySize > elf.length)
    return false
  for (let index = 0; index < entries; index++) {
    const header = table + index * entrySize
    const isNote = elf.readUInt32LE(header) === 4
    if (!isNote) continue
    let at = Number(elf.readBigUInt64LE(header + 8))
    const end = Math.min(at + Number(elf.readBigUInt64LE(header + 32)), elf.length)
    while (at + 12 <= end) {
      const nameLength = elf.readUInt32LE(at)
      const bodyLength = elf.readUInt32LE(at + 4)
      const type = elf.readUInt32LE(at + 8)
      if (type === 18 && nameLength === 4 && elf.toString('latin1', at + 12, at + 16) === 'Xen\0') return true
      at += 12 + roundUp4(nameLength) + roundUp4(bodyLength)
    }
  }
  return false
}

const roundUp4 = (value: number): number => Math.ceil(value / 4) * 4

async function decompress(packed: Buffer, path: string): Promise<Buffer | undefined> {
  const magic = packed.toString('hex', 0, 6)
  const damaged = (cause: unknown) =>
    new KernelError(
      'bad-image',
      `The compressed kernel inside ${path} is damaged`,
      'Copy, build or fetch it again',
      { cause },
    )
  if (magic.startsWith('1f8b')) {
    try {
      return gunzipSync(packed, { maxOutputLength: largestKernel })
    } catch (error) {
      throw damaged(error)
    }
  }
  const tool = magic === 'fd377a585a00' ? 'xz' : magic.startsWith('28b52ffd') ? 'zstd' : undefined
  const program = tool === undefined ? undefined : await findTool(tool)
  if (program === undefined) return undefined
  // Except with gzip, the build appends the size that it has when unpacked.
  const result = await execa(program, ['-q', '-d', '-c'], {
    input: packed.subarray(0, -4),
    encoding: 'buffer',
    reject: false,
    maxBuffer: largestKernel,
  })
  const kernel = Buffer.from(result.stdout)
  if (result.failed || kernel.length !== packed.readUInt32LE(packed.length - 4)) {
    throw damaged(result)
  }
  return kernel
}

function foreignArchitecture(image: Buffer): string | undefined {
  if (image.length < 64) return undefined
  if (image.readUInt32BE(0) === 0x7f454c46) {
    const bigEndian = image.readUInt8(5) === 2
    const machine = bigEndian ? image.readUInt16BE(18) : image.readUInt16LE(18)
    return machine === elfX86 ? undefined : (elfMachines[machine] ?? `ELF machine ${machine}`)
  }
  const magic = image.toString('latin1', 0x38, 0x3c)
  if (magic === 'ARMd') return 'arm64'
  if (magic === 'RSC\x05') return 'RISC-V'
  if (image.readUInt32LE(0x24) === 0x016f2818) return '32-bit ARM'
  return undefined
}

function describe(image: Buffer): string {
  if (image.length === 0) return ' (the file is empty)'
  if (image.length < headerEnd) return ` (the file has only ${image.length} bytes)`
  if (image.readUInt32BE(0) === 0x7f454c46) return ' (it is an uncompressed ELF vmlinux)'
  if (image.readUInt16BE(0) === 0x1f8b) return ' (it is a gzip file)'
  return ''
}
