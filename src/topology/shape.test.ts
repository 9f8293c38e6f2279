import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import { about, fieldOf, pathsOf, replaced, WRONG } from '../model/mutation.fixture.js'
import { PLAIN_IPTABLES } from '../model/steps.js'
import type { Topology } from '../model/topology.js'
import { compileTopology } from './compile.js'
import { built, INSTANCE } from './topology.fixture.js'
import { validateTopology } from './validate.js'

t.test('a value of the wrong type is refused by the name of its field', async test => {
  fc.assert(
    fc.property(built, fc.nat(), fc.constantFrom(...WRONG), ({ topology }, pick, wrong) => {
      const paths = pathsOf(topology)
      const path = paths[pick % paths.length] ?? ['nodes']
      const problems = validateTopology(replaced(topology, path, () => wrong) as Topology)
      const field = fieldOf('topology', path)
      if (!problems.some(problem => about(problem.field, field) && problem.problem && problem.remedy))
        throw new Error(`${field}: ${JSON.stringify(problems)}`)
    }),
    runs(600),
  )
  test.pass('refused')
})

t.test('a misspelled field is refused by its name', async test => {
  fc.assert(
    fc.property(built, ({ topology }) => {
      const [name = '', node] = Object.entries(topology.nodes)[0] ?? []
      const nodes = { ...topology.nodes, [name]: { ...node, adresses: {} } }
      if (
        !validateTopology({ ...topology, nodes } as Topology).some(
          ({ field }) => field === `topology.nodes.${name}.adresses`,
        )
      )
        throw new Error('accepted')
    }),
    runs(20),
  )
  test.pass('refused')
})

t.test('anything at all is refused or accepted, and never an exception', async test => {
  const any = fc.anything({
    withBigInt: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
  })
  const odd = fc.oneof(
    any,
    fc.record({ nodes: any, links: any }),
    fc.record({ nodes: fc.dictionary(fc.string(), any), links: fc.array(any) }),
    fc.constant(JSON.parse('{"nodes":{"__proto__":null},"links":[]}')),
    fc.constant(JSON.parse('{"nodes":{"a":{"is":"","bridges":{"__proto__":null}}},"links":[]}')),
  )
  fc.assert(
    fc.property(odd, value => {
      const problems = validateTopology(value as Topology)
      if (!problems.every(({ field }) => field.startsWith('topology')))
        throw new Error(JSON.stringify(problems))
      if (problems.length === 0) compileTopology(value as Topology, INSTANCE, PLAIN_IPTABLES)
    }),
    runs(1500),
  )
  test.pass('none throws')
})
