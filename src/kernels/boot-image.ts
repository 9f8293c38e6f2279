import { gunzipSync } from 'node:zlib'
import { execa } from 'execa'
import { findTool } from '../base/tools.js'
import { type BannerVersion, parseBanner } from '../model/version.js'
import { foreignMachine, hasPvhEntry, isElf } from './elf.js'
import { KernelError } from './error.js'

/** What the header of an x86 boot image (bzImage, vmlinuz) says; Documentation/arch/x86/boot.rst has the fields. */
interface BootImage extends BannerVersion {
  /** Where the compressed kernel is in the file, in bytes; undefined before boot protocol 2.08. */
  readonly payload: { readonly offset: number; readonly length: number } | undefined
}

// Offsets in the header, in bytes.
const SETUP_SECTORS = 0x1f1
const SYSTEM_SIZE = 0x1f4
const HEADER_MAGIC = 0x202
const PROTOCOL_VERSION = 0x206
const VERSION_POINTER = 0x20e
const LOAD_FLAGS_64 = 0x236
const PAYLOAD_OFFSET = 0x248
const PAYLOAD_LENGTH = 0x24c
const HEADER_END = 0x250

/** Bytes that a kernel is unpacked to at most. */
const LARGEST_KERNEL = 2 ** 30

/**
 * Reads the header of an x86 boot image, of which `image` is the whole file and `path` the name for messages. Throws
 * KernelError `wrong-architecture` for another machine's kernel, `bad-image` for anything else that an x86-64 machine could
 * not boot: no header, a file that was cut off, an uncompressed vmlinux.
 */
export function parseBootImage(image: Buffer, path: string): BootImage {
  const other = foreignArchitecture(image)
  if (other !== undefined) {
    throw new KernelError(
      'wrong-architecture',
      `${path} is a kernel for ${other}, and the guests are x86-64 machines`,
      'give a kernel that was built for x86-64 (arch/x86/boot/bzImage)',
    )
  }
  if (image.length < HEADER_END || image.toString('latin1', HEADER_MAGIC, HEADER_MAGIC + 4) !== 'HdrS') {
    throw new KernelError(
      'bad-image',
      `${path} is no x86 boot image: the magic 'HdrS' is not at offset 0x202${describe(image)}`,
      'give a bzImage or vmlinuz; in a built kernel tree it is arch/x86/boot/bzImage',
    )
  }
  const protocol = image.readUInt16LE(PROTOCOL_VERSION)
  // A zero means four sectors, as it did for the boot loaders of 1995.
  const setupBytes = ((image.readUInt8(SETUP_SECTORS) || 4) + 1) * 512
  const expected = setupBytes + image.readUInt32LE(SYSTEM_SIZE) * 16
  // The size is rounded up to 16 bytes, so that an intact file may be a little shorter.
  if (image.length + 15 < expected) {
    throw new KernelError(
      'bad-image',
      `${path} is cut off: its header promises ${expected} bytes, and it has ${image.length}`,
      'copy, build or fetch it again',
    )
  }
  if (protocol >= 0x20c && (image.readUInt16LE(LOAD_FLAGS_64) & 1) === 0) {
    throw new KernelError(
      'wrong-architecture',
      `${path} is a kernel for 32-bit x86, and the guests are x86-64 machines`,
      'give a kernel that was built with CONFIG_64BIT=y',
    )
  }
  const bannerStart = image.readUInt16LE(VERSION_POINTER) + 0x200
  const bannerEnd = image.indexOf(0, bannerStart)
  const banner = image.toString('latin1', bannerStart, bannerEnd < 0 ? bannerStart : bannerEnd)
  const version = parseBanner(banner)
  if (!/^\d+\.\d+/.test(version.release)) {
    throw new KernelError(
      'bad-image',
      `${path} has an x86 boot header without a kernel version in it`,
      'it is damaged or no Linux kernel: copy, build or fetch it again',
    )
  }
  const payload =
    protocol >= 0x208
      ? {
          offset: setupBytes + image.readUInt32LE(PAYLOAD_OFFSET),
          length: image.readUInt32LE(PAYLOAD_LENGTH),
        }
      : undefined
  return { ...version, payload }
}

/**
 * The uncompressed kernel inside a boot image, for QEMU to start directly: an emulator takes seconds to
 * decompress what takes the machine itself half a second. Undefined where the payload's format has no tool
 * here or the kernel has no PVH entry (CONFIG_PVH), the one that QEMU starts an ELF file at; such a kernel boots
 * from its boot image. Throws KernelError `bad-image` when the payload is damaged.
 */
export async function extractPvhKernel(image: Buffer, path: string): Promise<Buffer | undefined> {
  const kernel = await unpackKernel(image, path)
  return kernel !== undefined && hasPvhEntry(kernel) ? kernel : undefined
}

/**
 * The uncompressed kernel inside a boot image; undefined where the payload's format has no tool here. Throws KernelError
 * `bad-image` when the payload is damaged.
 */
export async function unpackKernel(image: Buffer, path: string): Promise<Buffer | undefined> {
  const { payload } = parseBootImage(image, path)
  if (payload === undefined) return undefined
  return decompress(image.subarray(payload.offset, payload.offset + payload.length), path)
}

async function decompress(packed: Buffer, path: string): Promise<Buffer | undefined> {
  const magic = packed.toString('hex', 0, 6)
  const damaged = (cause: unknown) =>
    new KernelError(
      'bad-image',
      `the compressed kernel inside ${path} is damaged`,
      'copy, build or fetch it again',
      { cause },
    )
  if (magic.startsWith('1f8b')) {
    try {
      return gunzipSync(packed, { maxOutputLength: LARGEST_KERNEL })
    } catch (error) {
      throw damaged(error)
    }
  }
  const tool = magic === 'fd377a585a00' ? 'xz' : magic.startsWith('28b52ffd') ? 'zstd' : undefined
  const program = tool === undefined ? undefined : findTool(tool)
  if (program === undefined) return undefined
  // Except with gzip, the build appends the size that it has when unpacked.
  const result = await execa(program, ['-q', '-d', '-c'], {
    input: packed.subarray(0, -4),
    encoding: 'buffer',
    reject: false,
    maxBuffer: LARGEST_KERNEL,
  })
  const kernel = Buffer.from(result.stdout)
  if (result.failed || kernel.length !== packed.readUInt32LE(packed.length - 4)) {
    throw damaged(result)
  }
  return kernel
}

function foreignArchitecture(image: Buffer): string | undefined {
  if (image.length < 64) return undefined
  if (isElf(image)) return foreignMachine(image)
  const magic = image.toString('latin1', 0x38, 0x3c)
  if (magic === 'ARMd') return 'arm64'
  if (magic === 'RSC\x05') return 'RISC-V'
  if (image.readUInt32LE(0x24) === 0x016f2818) return '32-bit ARM'
  return undefined
}

function describe(image: Buffer): string {
  if (image.length === 0) return ' (the file is empty)'
  if (image.length < HEADER_END) return ` (the file has only ${image.length} bytes)`
  if (isElf(image)) return ' (it is an uncompressed ELF vmlinux)'
  if (image.readUInt16BE(0) === 0x1f8b) return ' (it is a gzip file)'
  return ''
}
