import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { repositoryFile } from '../../src/base/root.js'
import { isKernelName } from '../../src/kernels/build/name.js'
import { readPatch } from '../../src/kernels/build/patch.js'
import type { Scenario } from '../../src/model/scenario.js'
import { loadCatalogue } from '../../src/plan/catalogue.js'
import type { Differing } from './mutant.js'
import { MUTANTS, UNPATCHED } from './mutants.js'

t.test('the mutants', async t => {
  t.test('each have an id that can name a kernel, and all but the unpatched one a change', async t => {
    t.equal(new Set(MUTANTS.map(({ id }) => id)).size, MUTANTS.length)
    for (const mutant of MUTANTS) {
      t.ok(isKernelName(mutant.id), mutant.id)
      t.equal(mutant.changes.length === 0, mutant === UNPATCHED, mutant.id)
    }
  })

  t.test('have one patch file each, with a subject, an upstream line and a reason', async t => {
    const folder = repositoryFile('lab/kernels/patches')
    const named = MUTANTS.flatMap(mutant => (mutant.patch === undefined ? [] : [mutant.patch]))
    t.strictSame((await readdir(folder)).map(name => join(folder, name)).sort(), [...named].sort())
    for (const mutant of MUTANTS) {
      if (mutant.patch === undefined) continue
      const { header } = await readPatch(mutant.patch)
      t.ok(header.subject && header.reason, mutant.id)
      t.ok(header.upstream.startsWith(mutant.upstream ?? ''), mutant.id)
    }
  })

  t.test('name scenarios, probes and settings that there are', async t => {
    const { scenarios } = await loadCatalogue()
    for (const { id, changes } of MUTANTS)
      for (const change of changes) {
        const scenario = scenarios.find(known => known.id === change.scenario)
        if (!scenario) t.fail(`${id}: there is no scenario ${change.scenario}`)
        else for (const expected of change.trials) t.strictSame(unknownIn(expected, scenario), [], id)
      }
  })
})

/** What a scenario does not have. */
function unknownIn({ probes, when = {} }: Differing, { probes: known, toggles }: Scenario): string[] {
  return [
    ...probes.filter(probe => !Object.hasOwn(known, probe)),
    ...Object.entries(when).flatMap(([name, setting]) =>
      toggles[name]?.settings.includes(setting) ? [] : [`${name}=${setting}`],
    ),
  ]
}
