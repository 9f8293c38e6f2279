import { readFileSync } from 'node:fs'
import { glob } from 'zx'

/**
 * The compiled unit tests at these paths, all of them when there are none: those under src whose name does not say that they
 * take the real kernel, or start the program again and again. A path is a source, what is compiled from it, or a folder of either. Listed by their sources, as the
 * compiler leaves what it once made; the longest first. Throws Error for a path without one.
 */
export async function unitFiles(paths: readonly string[]): Promise<string[]> {
  const sources = await glob('src/**/*.test.ts', { ignore: ['**/*.{kernel,program}.test.ts'] })
  const compiled = sources.map(source => `dist/${source.replace(/\.ts$/, '.js')}`)
  const sizes = new Map(compiled.map(file => [file, readFileSync(file).length]))
  const chosen = paths.flatMap(path => {
    const place = `dist/${path.replace(/^(\.\/)?(dist\/)?/, '').replace(/\.ts$/, '.js')}`.replace(/\/$/, '')
    const found = compiled.filter(file => file === place || file.startsWith(`${place}/`))
    if (found.length === 0)
      throw new Error(
        `no unit test at ${path}; what takes the kernel or starts the program: npm test -- ${path}`,
      )
    return found
  })
  return [...new Set(paths.length > 0 ? chosen : compiled)].sort(
    (a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0),
  )
}
