/**
 * `npm run docs [-- FILES]`: writes what is generated in README.md, CONTRIBUTING.md and docs/: tables and the schema from the
 * sources, quoted outputs and the picture of a run from runs on this kernel. What differs in measurements only stays as it is.
 */
import { argv, echo, fs } from 'zx'
import { describeError, EXIT } from '../src/base/errors.js'
import { repositoryFile } from '../src/base/root.js'
import {
  documents,
  fromSources,
  type Generated,
  textOf,
  tried,
  triedExample,
  triedPicture,
} from './docs/documents.js'

const only = argv._.map(String)

try {
  for (const one of await fromSources()) await write(one)
  if (process.getuid?.() !== 0)
    echo('docs: quoted outputs and the picture stay as they are: they are of runs as root')
  else {
    for (const path of await documents()) if (isWanted(path)) await write(await tried(path))
    if (isWanted('docs/reports.md')) await write(await triedExample())
    if (isWanted('docs/run.svg')) await write(await triedPicture())
  }
} catch (error) {
  echo(`docs: ${describeError(error)}`)
  process.exitCode = EXIT.error
}

function isWanted(path: string): boolean {
  return only.length === 0 || only.includes(path)
}

async function write({ path, text }: Generated): Promise<void> {
  if ((await textOf(path).catch(() => undefined)) === text) return
  await fs.outputFile(repositoryFile(path), text)
  echo(`${path}: written`)
}
