/** What of an ELF file the lab looks at (elf(5)): whose machine it is for, and its program headers. */

const MAGIC = 0x7f454c46
const X86_64 = 62
/** The machines by `e_machine` that somebody may have a kernel for. */
const MACHINES: Readonly<Record<number, string>> = {
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

/** The size of the file's header, and of one program header, in bytes. */
const HEADER = 64
const PROGRAM_HEADER = 56
/** A kernel or a program has a handful of segments. */
const MOST_SEGMENTS = 64

const PT_INTERP = 3
const PT_NOTE = 4
/** Xen's note with the physical address to start a kernel at (XEN_ELFNOTE_PHYS32_ENTRY). */
const PVH_NOTE = 18

/** Where a segment is in the file, in bytes. */
interface Segment {
  readonly type: number
  readonly offset: number
  readonly size: number
}

/** Whether a file is an ELF file, as far as its first bytes say. */
export function isElf(file: Buffer): boolean {
  return file.length >= HEADER && file.readUInt32BE(0) === MAGIC
}

/** What machine an ELF file is for; undefined for x86-64. */
export function foreignMachine(elf: Buffer): string | undefined {
  const machine = machineOf(elf)
  return machine === X86_64 ? undefined : (MACHINES[machine] ?? `ELF machine ${machine}`)
}

/** Whether an x86-64 ELF file carries the note that QEMU starts a kernel by without a boot loader. */
export function hasPvhEntry(elf: Buffer): boolean {
  return segmentsOf(elf).some(({ type, offset, size }) => {
    if (type !== PT_NOTE) return false
    const end = Math.min(offset + size, elf.length)
    for (let at = offset; at + 12 <= end; ) {
      const nameLength = elf.readUInt32LE(at)
      const bodyLength = elf.readUInt32LE(at + 4)
      const isXens = nameLength === 4 && elf.toString('latin1', at + 12, at + 16) === 'Xen\0'
      if (isXens && elf.readUInt32LE(at + 8) === PVH_NOTE) return true
      at += 12 + roundUp4(nameLength) + roundUp4(bodyLength)
    }
    return false
  })
}

/** Whether an x86-64 program names a dynamic loader: without libraries it does not run. */
export function needsInterpreter(elf: Buffer): boolean {
  return segmentsOf(elf).some(({ type }) => type === PT_INTERP)
}

/** The segments of an x86-64 ELF file; none of any other file, nor where their table lies outside of it. */
function segmentsOf(elf: Buffer): Segment[] {
  if (!isElf(elf) || machineOf(elf) !== X86_64) return []
  const table = Number(elf.readBigUInt64LE(32))
  const entrySize = elf.readUInt16LE(54)
  const entries = elf.readUInt16LE(56)
  if (entrySize < PROGRAM_HEADER || entries > MOST_SEGMENTS || table + entries * entrySize > elf.length)
    return []
  return Array.from({ length: entries }, (_, index) => {
    const header = table + index * entrySize
    return {
      type: elf.readUInt32LE(header),
      offset: Number(elf.readBigUInt64LE(header + 8)),
      size: Number(elf.readBigUInt64LE(header + 32)),
    }
  })
}

function machineOf(elf: Buffer): number {
  const bigEndian = elf.readUInt8(5) === 2
  return bigEndian ? elf.readUInt16BE(18) : elf.readUInt16LE(18)
}

function roundUp4(value: number): number {
  return Math.ceil(value / 4) * 4
}
