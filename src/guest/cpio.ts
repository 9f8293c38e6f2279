/** One entry of an archive. Paths are relative, without a leading slash. */
export type CpioEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly data: Buffer; readonly executable?: boolean }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'device'; readonly path: string; readonly major: number; readonly minor: number }

const TRAILER = 'TRAILER!!!'

/**
 * Packs entries in the "newc" format, the only one that the kernel unpacks as its initial root. Folders have to
 * come before what is in them. Everything belongs to root and is dated 1970, so that the same entries give the same
 * bytes.
 */
export function packCpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = []
  for (const [index, entry] of entries.entries()) {
    const data = content(entry)
    parts.push(header(entry.path, index + 1, mode(entry), data.length, entry), padded(data))
  }
  parts.push(header(TRAILER, 0, 0, 0))
  return Buffer.concat(parts)
}

function content(entry: CpioEntry): Buffer {
  if (entry.kind === 'file') return entry.data
  return entry.kind === 'link' ? Buffer.from(entry.target) : Buffer.alloc(0)
}

function mode(entry: CpioEntry): number {
  if (entry.kind === 'folder') return 0o040755
  if (entry.kind === 'device') return 0o020600
  if (entry.kind === 'link') return 0o120777
  return entry.executable ? 0o100755 : 0o100644
}

function header(path: string, inode: number, fileMode: number, size: number, entry?: CpioEntry): Buffer {
  const name = Buffer.from(`${path}\0`)
  const device = entry?.kind === 'device' ? entry : { major: 0, minor: 0 }
  const links = entry?.kind === 'folder' ? 2 : 1
  const numbers = [inode, fileMode, 0, 0, links, 0, size, 0, 0, device.major, device.minor, name.length, 0]
  const text = `070701${numbers.map(number => number.toString(16).padStart(8, '0')).join('')}`
  return padded(Buffer.concat([Buffer.from(text, 'latin1'), name]))
}

/** Names and contents begin at multiples of four bytes; every header of 110 bytes is padded with its name. */
function padded(bytes: Buffer): Buffer {
  const missing = (4 - (bytes.length % 4)) % 4
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)])
}
