/** Frames as a pcapng file (draft-ietf-opsawg-pcapng), with nanosecond time stamps. */

const LINKTYPE_ETHERNET = 1
const BLOCK = { section: 0x0a0d0d0a, interface: 1, packet: 6 }
const OPTION = { end: 0, comment: 1, name: 2, description: 3, flags: 2, resolution: 9 }
const BYTE_ORDER_MAGIC = 0x1a2b3c4d
/** if_tsresol: units of 10^-9 seconds. */
const NANOSECONDS = 9

/** The block that a file begins with. */
export function sectionHeader(): Buffer {
  const body = Buffer.alloc(16)
  body.writeUInt32LE(BYTE_ORDER_MAGIC, 0)
  body.writeUInt16LE(1, 4)
  // Section length: unknown.
  body.writeBigInt64LE(-1n, 8)
  return block(BLOCK.section, [body])
}

/** Describes one interface; they are numbered from 0 in the order of their blocks. */
export function interfaceDescription(name: string, description: string, snapLength: number): Buffer {
  const body = Buffer.alloc(8)
  body.writeUInt16LE(LINKTYPE_ETHERNET, 0)
  body.writeUInt32LE(snapLength, 4)
  return block(BLOCK.interface, [
    body,
    option(OPTION.name, Buffer.from(name)),
    option(OPTION.description, Buffer.from(description)),
    option(OPTION.resolution, Buffer.from([NANOSECONDS])),
    option(OPTION.end, Buffer.alloc(0)),
  ])
}

/** One frame, perhaps cut short, of `length` bytes. */
export function enhancedPacket(frame: {
  readonly interfaceId: number
  readonly timeNs: bigint
  readonly data: Buffer
  readonly length: number
  readonly direction: 'in' | 'out'
  readonly comment: string
}): Buffer {
  const head = Buffer.alloc(20)
  head.writeUInt32LE(frame.interfaceId, 0)
  head.writeUInt32LE(Number(frame.timeNs >> 32n), 4)
  head.writeUInt32LE(Number(frame.timeNs & 0xffffffffn), 8)
  head.writeUInt32LE(frame.data.length, 12)
  head.writeUInt32LE(frame.length, 16)
  const flags = Buffer.alloc(4)
  flags.writeUInt32LE(frame.direction === 'in' ? 1 : 2)
  return block(BLOCK.packet, [
    head,
    padded(frame.data),
    option(OPTION.flags, flags),
    option(OPTION.comment, Buffer.from(frame.comment)),
    option(OPTION.end, Buffer.alloc(0)),
  ])
}

function block(type: number, parts: readonly Buffer[]): Buffer {
  const length = 12 + parts.reduce((sum, part) => sum + part.length, 0)
  const head = Buffer.alloc(8)
  head.writeUInt32LE(type, 0)
  head.writeUInt32LE(length, 4)
  return Buffer.concat([head, ...parts, head.subarray(4)])
}

function option(code: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(code, 0)
  head.writeUInt16LE(value.length, 2)
  return Buffer.concat([head, padded(value)])
}

function padded(data: Buffer): Buffer {
  const missing = (4 - (data.length % 4)) % 4
  return missing === 0 ? data : Buffer.concat([data, Buffer.alloc(missing)])
}
