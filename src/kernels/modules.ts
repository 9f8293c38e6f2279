import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { execa } from 'execa'
import { requireTool } from '../base/tools.js'
import { diskFull, saysNoSpace } from './cache.js'
import { KernelError, type KernelErrorCode } from './error.js'

/** Bytes that a module is unpacked to at most. */
const LARGEST_MODULE = 512 * 1024 ** 2

/** The modules of one kernel, as depmod and the kernel's own build describe them. */
export interface ModuleIndex {
  /** By normalized name: its file, relative to the modules folder, and the names that it needs. */
  readonly loadable: ReadonlyMap<string, { readonly path: string; readonly needs: readonly string[] }>
  /** Normalized names of what is compiled in. */
  readonly builtin: ReadonlySet<string>
}

/** A module's name as the kernel knows it: no folder, no suffix, `_` where a file name may have `-`. */
export function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\.(xz|zst|gz))?$/, '')
    .replaceAll('-', '_')
}

/** Reads the text of `modules.dep` and `modules.builtin`. */
export function parseModuleIndex(dep: string, builtin: string): ModuleIndex {
  const loadable = new Map<string, { path: string; needs: string[] }>()
  for (const line of dep.split('\n')) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const path = line.slice(0, colon)
    const needs = line
      .slice(colon + 1)
      .split(' ')
      .filter(Boolean)
      .map(moduleName)
    loadable.set(moduleName(path), { path, needs })
  }
  return { loadable, builtin: new Set(builtin.split('\n').filter(Boolean).map(moduleName)) }
}

/**
 * Reads the index of a modules folder, which is what would be `/lib/modules/RELEASE` where the kernel is installed. Throws
 * KernelError `missing-modules` where there is no such folder or depmod never ran in it.
 */
export async function readModuleIndex(folder: string): Promise<ModuleIndex> {
  if (!existsSync(folder)) {
    throw new KernelError(
      'missing-modules',
      `the modules folder ${folder} does not exist`,
      'name the folder that would be /lib/modules/RELEASE, or one that has lib/modules/RELEASE in it',
    )
  }
  const dep = await readFile(join(folder, 'modules.dep'), 'utf8').catch(() => undefined)
  if (dep === undefined) {
    throw new KernelError(
      'missing-modules',
      `the modules folder ${folder} has no modules.dep`,
      `make it: depmod -b ROOT ${basename(folder)}, where ROOT/lib/modules/${basename(folder)} is that folder`,
    )
  }
  const builtin = await readFile(join(folder, 'modules.builtin'), 'utf8').catch(() => '')
  return parseModuleIndex(dep, builtin)
}

/**
 * Has depmod index the modules in `root`/lib/modules of a release, which is of `what`. Where it cannot, throws KernelError
 * `disk-full`, or the one that says what else is to blame; LabError (exit 69) without depmod.
 */
export async function indexModules(
  root: string,
  release: string,
  what: string,
  blame: { readonly code: KernelErrorCode; readonly remedy: string },
): Promise<void> {
  const depmod = requireTool('depmod', `index the modules of ${what}`)
  const result = await execa(depmod, ['-b', root, release], {
    reject: false,
    all: true,
    env: { LC_ALL: 'C' },
  })
  if (!result.failed) return
  if (saysNoSpace(result.all)) throw diskFull(root, `cannot index the modules of ${what}`, result)
  throw new KernelError(
    blame.code,
    `depmod failed for ${what}: ${result.all || result.shortMessage}`,
    blame.remedy,
    {
      cause: result,
    },
  )
}

/**
 * The files to insert, in order and relative to the modules folder, so that all of the named modules end up in the kernel;
 * `missing` are the names that this kernel does not have. What is compiled in needs no file.
 */
export function loadOrder(
  index: ModuleIndex,
  names: readonly string[],
): { readonly paths: string[]; readonly missing: string[] } {
  const paths: string[] = []
  const missing: string[] = []
  const seen = new Set<string>()
  const visit = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    const found = index.loadable.get(name)
    if (found) {
      // What is needed first, depmod lists last.
      for (const need of [...found.needs].reverse()) visit(need)
      paths.push(found.path)
    } else if (!index.builtin.has(name)) {
      missing.push(name)
    }
  }
  for (const name of names) visit(moduleName(name))
  return { paths, missing }
}

/**
 * A module's plain ELF bytes. Compressed modules are unpacked here, since a kernel built without
 * CONFIG_MODULE_DECOMPRESS takes none of them from a bare init. Throws LabError (exit 69) where xz or zstd is needed and
 * not installed.
 */
export async function readModule(path: string): Promise<Buffer> {
  if (path.endsWith('.gz')) return gunzipSync(await readFile(path))
  if (path.endsWith('.xz') || path.endsWith('.zst')) {
    const tool = requireTool(path.endsWith('.xz') ? 'xz' : 'zstd', `unpack ${path}`)
    const { stdout } = await execa(tool, ['-q', '-d', '-c', path], {
      encoding: 'buffer',
      maxBuffer: LARGEST_MODULE,
    })
    return Buffer.from(stdout)
  }
  return readFile(path)
}

/** The release that a module was built for, from the `vermagic` that it carries; undefined where it has none. */
export function releaseOfModule(elf: Buffer): string | undefined {
  const at = elf.indexOf('vermagic=')
  if (at < 0) return undefined
  const end = elf.indexOf(0, at)
  return /^vermagic=(\S+)/.exec(elf.toString('latin1', at, end < 0 ? undefined : end))?.[1]
}
