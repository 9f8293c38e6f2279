import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'
import { KernelBuildError } from './error.js'

/** Which Debian package brings each program that the build runs, by itself or through make. */
const PROGRAMS = {
  bc: 'bc',
  bison: 'bison',
  flex: 'flex',
  flock: 'util-linux',
  gcc: 'gcc',
  gzip: 'gzip',
  ld: 'binutils',
  make: 'make',
  patch: 'patch',
  setpriv: 'util-linux',
  tar: 'tar',
  xz: 'xz-utils',
} as const

/** Headers that the kernel's own build tools include: the C library's, and objtool's view of ELF files. */
const HEADERS = { 'stdio.h': 'libc6-dev', 'gelf.h': 'libelf-dev' } as const

/** What this machine lacks for a build: the thing, and the Debian package that brings it. */
export interface Missing {
  readonly what: string
  readonly package: string
}

/** Everything that is missing on this machine, empty when a kernel can be built. */
export async function missingPrerequisites(path = process.env.PATH ?? ''): Promise<Missing[]> {
  const missing: Missing[] = []
  for (const [program, name] of Object.entries(PROGRAMS)) {
    if (!(await onPath(program, path))) missing.push({ what: program, package: name })
  }
  // Without a compiler there is no telling, and what is installed already does no harm in an apt line.
  const canCompile = !missing.some(({ what }) => what === 'gcc')
  for (const [header, name] of Object.entries(HEADERS)) {
    if (!canCompile || !(await compiles(header))) missing.push({ what: header, package: name })
  }
  return missing
}

/** @throws KernelBuildError `missing-package`, with the apt line that brings everything at once */
export async function requirePrerequisites(path?: string): Promise<void> {
  const missing = await missingPrerequisites(path)
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

async function compiles(header: string): Promise<boolean> {
  const result = await execa('gcc', ['-fsyntax-only', '-include', header, '-x', 'c', '/dev/null'], {
    reject: false,
  })
  return !result.failed
}

async function onPath(program: string, path: string): Promise<boolean> {
  for (const folder of path.split(delimiter)) {
    const found = await access(join(folder || '.', program), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}
