import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { dirSync } from 'tmp-promise'
import { EXIT } from '../base/errors.js'
import { absoluteWords, checkToggles, chooseScenarios, loadCatalogue, oneScenario } from './catalogue.js'

const folder = dirSync({ unsafeCleanup: true })
t.teardown(() => folder.removeCallback())
writeFileSync(join(folder.name, 'package.json'), '{ "type": "module" }')

/** A scenario that needs nothing but two nodes and a link. */
const plain = (id: string) => ({
  id,
  title: 'A host cannot reach another',
  source: { title: 'a test', url: 'https://example.org', says: 'nothing' },
  drawing: '[a] --- [b]',
  needs: ['veth'],
  topology: {
    nodes: {
      a: { is: 'a host', addresses: { eth0: '192.0.2.1/24' } },
      b: { is: 'another', addresses: { eth0: '192.0.2.2/24' } },
    },
    links: [['a:eth0', 'b:eth0']],
  },
  toggles: {},
  probes: { near: { kind: 'ping', from: 'a', to: '192.0.2.2' } },
  controls: ['near'],
  mechanisms: {},
  expect: { near: [{ works: 'It is on the same link.' }] },
  experiments: [{ title: 'alone', fixes: [] }],
})
const exporting = (value: unknown) => `export default ${JSON.stringify(value)}\n`

/** Writes a compiled scenario into a folder of its own; without `code`, the folder alone. */
function put(id: string, code?: string): string {
  const own = join(folder.name, id)
  mkdirSync(own)
  const file = join(own, 'scenario.js')
  if (code !== undefined) writeFileSync(file, code)
  return file
}

const GOOD = put('good', exporting(plain('good')))
const MALFORMED = put('malformed', exporting({ ...plain('malformed'), controls: ['naer'] }))
const THROWS = put('throws', "throw new Error('out of ideas')\n")

/** What is wrong with the others, and what to do about it. */
const BROKEN: Readonly<Record<string, readonly [message: string | RegExp, remedy: string | RegExp]>> = {
  malformed: ["scenarios/malformed/scenario.ts: controls: unknown probe 'naer'", "did you mean 'near'?"],
  misspelled: [/^scenarios\/misspelled\/scenario\.ts: probs: there is no such field/, /mend its spelling/],
  'no-default': ['scenarios/no-default/scenario.ts has no default export', /export default defineScenario/],
  'no-file': ['scenarios/no-file/scenario.ts is not built', 'npm run build'],
  'no-syntax': [/^scenarios\/no-syntax\/scenario\.ts cannot be loaded: \S/, /mend it/],
  nothing: [
    'scenarios/nothing/scenario.ts: the scenario itself: expected object, received null',
    /ScenarioDefinition/,
  ],
  'other-id': [
    "scenarios/other-id/scenario.ts: id: 'another' is not the name of its folder",
    "write id: 'other-id'",
  ],
  throws: ['scenarios/throws/scenario.ts cannot be loaded: out of ideas', /mend it/],
  'throws-nothing': ['scenarios/throws-nothing/scenario.ts cannot be loaded: undefined', /mend it/],
  'throws-text': ['scenarios/throws-text/scenario.ts cannot be loaded: out of words', /mend it/],
}
put('misspelled', exporting({ ...plain('misspelled'), probs: {} }))
put('no-default', 'export const scenario = 1\n')
put('no-file')
put('no-syntax', 'export default {\n')
put('nothing', 'export default null\n')
put('other-id', exporting(plain('another')))
put('throws-nothing', 'throw undefined\n')
put('throws-text', "throw 'out of words'\n")

t.test('one bad scenario costs one scenario', async test => {
  const { scenarios, broken } = await loadCatalogue(folder.name)
  test.same(
    scenarios.map(({ id, file }) => [id, file]),
    [['good', 'scenarios/good/scenario.ts']],
    'the good one is there',
  )
  test.same(
    broken.map(({ id }) => id),
    Object.keys(BROKEN),
    'all others are named, in the order of their ids; a file beside the folders is none',
  )
  for (const { id, problem } of broken) {
    const [message, remedy] = BROKEN[id] ?? []
    test.match(problem, { name: 'LabError', message, remedy }, id)
  }
})

t.test('a folder that there is not is the file system’s error', async test => {
  await test.rejects(loadCatalogue(join(folder.name, 'gone')), { code: 'ENOENT' })
})

t.test('the lab’s own scenarios can all be used, in the order of their ids', async test => {
  const { scenarios, broken } = await loadCatalogue()
  test.same(broken, [])
  const ids = scenarios.map(({ id }) => id)
  test.same(ids, [...ids].sort())
  test.ok(ids.length > 0)
})

t.test('scenarios are chosen by id, in the order of the catalogue, or by path', async test => {
  const chosen = await chooseScenarios([GOOD, 'snat-port-race', 'bridge-dnat-bounce'])
  test.same(
    chosen.scenarios.map(({ id }) => id),
    ['bridge-dnat-bounce', 'snat-port-race', 'good'],
  )
  const own = await chooseScenarios([pathToFileURL(GOOD).href])
  test.same(
    own.scenarios.map(({ id }) => id),
    ['good'],
    'a path alone does not mean all of the lab’s own besides',
  )
})

t.test('a scenario of one’s own that is malformed costs nobody but itself', async test => {
  const { scenarios, broken } = await chooseScenarios([GOOD, MALFORMED])
  test.same(
    scenarios.map(({ id }) => id),
    ['good'],
  )
  test.match(broken, [
    { id: MALFORMED, problem: { message: `${MALFORMED}: controls: unknown probe 'naer'` } },
  ])
})

t.test('what was meant is told of a word that there is not', async test => {
  await test.rejects(chooseScenarios(['bridge-dnat-bonce']), {
    message: "unknown scenario 'bridge-dnat-bonce'",
    remedy: "did you mean 'bridge-dnat-bounce'?",
    exitCode: EXIT.usage,
  })
  await test.rejects(chooseScenarios([join(folder.name, 'gone.js')]), {
    message: /there is no .*gone\.js/,
    exitCode: EXIT.usage,
  })
  await test.rejects(chooseScenarios([THROWS]), {
    message: /cannot be loaded: out of ideas/,
    exitCode: EXIT.usage,
  })
  const { scenarios } = await loadCatalogue()
  test.throws(() => checkToggles(scenarios, ['promisc', 'hairpin']), {
    message: "unknown toggle 'hairpin'",
    remedy: "did you mean 'hairpin_mode'?",
    exitCode: EXIT.usage,
  })
})

t.test('the one scenario that a command is about is there, or the error says why not', async test => {
  test.equal((await oneScenario('bridge-dnat-bounce')).id, 'bridge-dnat-bounce')
  await test.rejects(oneScenario('bridge'), { message: "unknown scenario 'bridge'", exitCode: EXIT.usage })
  await test.rejects(oneScenario(MALFORMED), { message: `${MALFORMED}: controls: unknown probe 'naer'` })
})

t.test(
  'a folder means its scenario, or those of the folders in it; a pattern what it matches',
  async test => {
    const at = (name: string) => join(folder.name, 'own', name)
    for (const name of ['one', 'two']) {
      mkdirSync(at(name), { recursive: true })
      writeFileSync(join(at(name), 'scenario.js'), readFileSync(GOOD, 'utf8').replaceAll('good', name))
    }
    mkdirSync(at('none'))
    for (const [word, ids] of [
      [at('one'), ['one']],
      [join(folder.name, 'own'), ['one', 'two']],
      [join(folder.name, 'own/t*'), ['two']],
      [join(folder.name, 'own/*/scenario.js'), ['one', 'two']],
    ] as const)
      test.strictSame(
        (await chooseScenarios([word])).scenarios.map(({ id }) => id),
        ids,
        word,
      )
    test.strictSame(await absoluteWords(['snat-port-race', at('one')]), [
      'snat-port-race',
      join(at('one'), 'scenario.js'),
    ])
    for (const [word, says] of [
      [at('none'), /has no scenario/],
      [join(folder.name, 'own/x*'), /no scenario matches/],
    ] as const)
      await test.rejects(chooseScenarios([word]), { message: says, exitCode: EXIT.usage })
    await test.rejects(oneScenario(join(folder.name, 'own')), { message: /has several scenarios/ })
  },
)

t.test('two files with one id are refused by their names', async test => {
  const copy = join(folder.name, 'copy.js')
  writeFileSync(copy, readFileSync(GOOD, 'utf8'))
  await test.rejects(chooseScenarios([GOOD, copy]), {
    message: /have the same id, 'good'/,
    exitCode: EXIT.usage,
  })
})

t.test('TypeScript is loaded without a compiler', async test => {
  const typed = join(folder.name, 'typed.ts')
  writeFileSync(
    typed,
    `const unused: number = 1\nvoid unused\n${readFileSync(GOOD, 'utf8').replaceAll('good', 'typed')}`,
  )
  test.equal((await oneScenario(typed)).id, 'typed')
})
