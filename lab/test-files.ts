import { join, relative } from 'node:path'
import { glob } from 'zx'
import { isFile } from '../src/base/files.js'

/**
 * The compiled test files at a path, which may be that of a source, of what is compiled from it, or of a folder of either;
 * it and they are relative to the working directory, the project's root. None where there are none.
 */
export async function testFiles(path: string): Promise<string[]> {
  const inProject = relative('.', path)
  const inDist = inProject === 'dist' ? '' : inProject.replace(/^dist\//, '')
  const compiled = join('dist', inDist).replace(/\.ts$/, '.js')
  if (isFile(compiled)) return compiled.endsWith('.test.js') ? [compiled] : []
  const found = await glob('**/*.test.js', { cwd: compiled })
  return found.map(file => join(compiled, file)).sort()
}
