import { execa } from 'execa'
import { findTool, packageOf, pathFolders, type Tool } from '../../base/tools.js'
import { KernelBuildError } from './error.js'

/** The programs that the build runs by their names, by itself or through make. */
const PROGRAMS: readonly Tool[] = [
  'bc',
  'bison',
  'flex',
  'flock',
  'gcc',
  'gzip',
  'ld',
  'make',
  'patch',
  'setpriv',
  'tar',
  'xz',
]

/** Headers that the kernel's own build tools include: the C library's, and objtool's view of ELF files. */
const HEADERS = ['stdio.h', 'gelf.h']

/** What this machine lacks for a build. */
export interface Missing {
  /** The program or the header. */
  readonly what: string
  /** The Debian package that brings it. */
  readonly package: string
}

/** Everything that is missing on this machine, or in these folders instead of PATH's; empty when a kernel can be built. */
export async function missingPrerequisites(folders = pathFolders()): Promise<Missing[]> {
  const missing: Missing[] = PROGRAMS.filter(program => findTool(program, folders) === undefined).map(
    program => ({ what: program, package: packageOf(program) }),
  )
  // Without a compiler there is no telling, and what is installed already does no harm in an apt line.
  const gcc = findTool('gcc', folders)
  for (const header of HEADERS) {
    if (gcc === undefined || !(await compiles(gcc, header)))
      missing.push({ what: header, package: packageOfHeader(header) })
  }
  return missing
}

/** The Debian package that brings a header of the C library's, of libelf's or of OpenSSL's. */
export function packageOfHeader(header: string): string {
  if (header.startsWith('openssl/')) return 'libssl-dev'
  return header.startsWith('std') ? 'libc6-dev' : 'libelf-dev'
}

/** Throws KernelBuildError `missing-package`, with the apt line that brings everything at once, where something is missing. */
export async function requirePrerequisites(): Promise<void> {
  const missing = await missingPrerequisites()
  if (missing.length) throw missingError(missing)
}

/** The error for what is missing. */
export function missingError(missing: readonly Missing[]): KernelBuildError {
  const packages = [...new Set(missing.map(entry => entry.package))]
  return new KernelBuildError(
    'missing-package',
    `building a kernel needs ${missing.map(({ what }) => what).join(', ')}, not found on this machine`,
    `apt-get install --no-install-recommends ${packages.join(' ')}   (or lab/provision --kernel-build)`,
  )
}

async function compiles(gcc: string, header: string): Promise<boolean> {
  const result = await execa(gcc, ['-fsyntax-only', '-include', header, '-x', 'c', '/dev/null'], {
    reject: false,
  })
  return !result.failed
}
