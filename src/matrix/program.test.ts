import t from 'tap'
import { projectRoot } from '../base/root.js'
import { runtimeFiles } from './program.js'

t.test('a guest gets what Node.js loads, and nothing that was only needed to build it', async test => {
  const files = await runtimeFiles(projectRoot())
  for (const part of ['src/cli/main.js', 'execa/index.js', '.node'])
    test.ok(
      files.some(file => file.endsWith(part)),
      `has ${part}`,
    )
  test.notOk(files.some(file => file.endsWith('.d.ts') || file.includes('/typescript/')))
})
