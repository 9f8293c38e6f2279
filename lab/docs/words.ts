/** The words that scenarios are written with, from the registries: each with what its file says of it. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { repositoryFile } from '../../src/base/root.js'
import { commentOf } from './comments.js'

/** A table of the words of a registry. Throws where one of them has no comment. */
export async function wordsTable(registry: string): Promise<string> {
  const text = await readFile(repositoryFile(registry), 'utf8')
  const lines = [...text.matchAll(/^export \{ (\w+) \} from '(.+)\.js'$/gm)]
  const rows = await Promise.all(
    lines.map(async ([, word = '', file = '']) => {
      const path = join(dirname(registry), `${file}.ts`)
      return `| [\`${word}\`](../${path}) | ${(await saidOf(path, word)).replaceAll('|', '\\|')} |`
    }),
  )
  return ['| word | what it is |', '| --- | --- |', ...rows].join('\n')
}

/** The comment of what a file exports by a name. */
async function saidOf(path: string, name: string): Promise<string> {
  const text = await readFile(repositoryFile(path), 'utf8')
  const statement = ts
    .createSourceFile(path, text, ts.ScriptTarget.Latest, true)
    .statements.find(one =>
      ts.isVariableStatement(one)
        ? one.declarationList.declarations.some(declared => declared.name.getText() === name)
        : ts.isFunctionDeclaration(one) && one.name?.text === name,
    )
  const says = statement && commentOf(text, statement)
  if (says === undefined) throw new Error(`${path} does not say what ${name} is`)
  return says
}
