/** Roots that come as one file: archives of tar, and squashfs. */
import { open } from 'node:fs/promises'
import { getuid } from 'node:process'
import { execa } from 'execa'
import { lastLines } from '../base/text.js'
import { requireTool, type Tool } from '../base/tools.js'
import { diskFull, saysNoSpace } from '../kernels/cache.js'
import { DistroError } from './error.js'

/** What kind of file a root is in. */
type ImageKind = 'tar' | 'gzip' | 'zstd' | 'squashfs'

/** What unpacks each kind besides tar itself. */
const TOOLS: Readonly<Record<ImageKind, Tool>> = {
  tar: 'tar',
  gzip: 'gzip',
  zstd: 'zstd',
  squashfs: 'unsquashfs',
}

/** The kind of a file by its first bytes, as its name may say anything; undefined where it is none of them. */
export async function imageKind(path: string): Promise<ImageKind | undefined> {
  const file = await open(path)
  try {
    const head = Buffer.alloc(263)
    await file.read(head, 0, head.length, 0)
    if (head.toString('latin1', 0, 4) === 'hsqs') return 'squashfs'
    if (head.readUInt16BE(0) === 0x1f8b) return 'gzip'
    if (head.readUInt32LE(0) === 0xfd2fb528) return 'zstd'
    return head.toString('latin1', 257, 262) === 'ustar' ? 'tar' : undefined
  } finally {
    await file.close()
  }
}

/**
 * Unpacks a root into a folder. Devices are left out, as they are the machine's own in any case; as another user than root,
 * everything is that user's. Throws DistroError `bad-root`, KernelError `disk-full`, LabError (exit 69) where a tool is missing.
 */
export async function unpackRoot(image: string, kind: ImageKind, folder: string): Promise<void> {
  const tool = requireTool(TOOLS[kind], `unpack ${image}`)
  const isRoot = getuid?.() === 0
  const command =
    kind === 'squashfs'
      ? [tool, '-quiet', '-no-progress', '-no-xattrs', '-force', '-dest', folder, image]
      : [
          requireTool('tar', `unpack ${image}`),
          ...['--extract', '--file', image, '--directory', folder, '--numeric-owner'],
          ...(kind === 'tar' ? [] : [kind === 'gzip' ? '--gzip' : '--zstd']),
          // Also the names that `docker export` and others give.
          ...['--anchored', '--exclude=./dev/*', '--exclude=dev/*'],
          ...(isRoot ? ['--same-owner', '--preserve-permissions'] : ['--no-same-owner']),
        ]
  const [file = '', ...args] = command
  const result = await execa(file, args, { reject: false, all: true, stdin: 'ignore', env: { LC_ALL: 'C' } })
  // unsquashfs as an ordinary user: 2 is for devices that it could not make.
  if (!result.failed || (kind === 'squashfs' && result.exitCode === 2 && !isRoot)) return
  const text = lastLines(result.all ?? result.shortMessage, 3)
  if (saysNoSpace(text)) throw diskFull(folder, `cannot unpack ${image}`, text)
  throw new DistroError(
    'bad-root',
    `${image} cannot be unpacked: ${text}`,
    'make it anew: it is cut off or damaged',
  )
}
