/** The files of this program that a run needs, for a guest to have in its memory. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'

const packageSchema = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
})

/** What Node.js may load; type declarations, sources and documentation stay where they are. */
const LOADABLE = /\.(js|cjs|mjs|json|node)$/

/** Programs and plugins that some scenarios start, besides those that every guest has in memory. */
const PROGRAMS = ['radvd', 'libvirtd', 'virsh', '/etc/libvirt', '/usr/share/libvirt/schemas/nwfilter.rng']

/** Every file that `lab run` may load, and the programs that it starts: what `preload` of a guest takes. */
export async function runtimeFiles(root: string): Promise<string[]> {
  const packages = await dependencyFolders(root)
  const files = await Promise.all([join(root, 'dist'), ...packages].map(loadableFiles))
  return [join(root, 'package.json'), ...files.flat(), ...PROGRAMS]
}

/** The folders of all packages that the program depends on at run time, directly or not. */
async function dependencyFolders(root: string): Promise<string[]> {
  const found = new Set<string>()
  const visit = async (folder: string): Promise<void> => {
    const text = await readFile(join(folder, 'package.json'), 'utf8')
    const { dependencies, optionalDependencies } = packageSchema.parse(JSON.parse(text))
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const there = packageFolder(folder, name)
      // An optional dependency of another platform is not there.
      if (there === undefined || found.has(there)) continue
      found.add(there)
      await visit(there)
    }
  }
  await visit(root)
  return [...found]
}

/** Where Node.js finds a package: beside those that need it, or as high above them as npm has put it. */
function packageFolder(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const there = join(folder, 'node_modules', name)
    if (existsSync(there)) return there
    if (folder === dirname(folder)) return undefined
  }
}

async function loadableFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter(entry => entry.isFile() && LOADABLE.test(entry.name) && !entry.name.endsWith('.test.js'))
    .map(entry => join(entry.parentPath, entry.name))
}
