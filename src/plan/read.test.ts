import fc from 'fast-check'
import t from 'tap'
import { runs } from '../base/property.fixture.js'
import { about, fieldOf, hostile, pathsOf, replaced, WRONG } from '../model/mutation.fixture.js'
import type { DefinedScenario } from '../model/scenario.js'
import { type Definition, definition, definitions, FILE, refusal } from './plan.fixture.js'
import { readScenario } from './read.js'

const read = (defined: unknown) => readScenario(defined as DefinedScenario, FILE)

t.test('what a file may say in a word is in its long form when it was read', async test => {
  const lan = definition('lan-dnat-without-snat')
  const nodes = Object.entries(lan.topology.nodes)
  const { topology, expect } = read(lan)
  for (const [name, { gateway, addresses = {} }] of nodes) {
    if (gateway !== undefined) test.equal(topology.nodes[name]?.routes?.[0], `default via ${gateway}`)
    test.notOk(Object.hasOwn(topology.nodes[name] ?? {}, 'gateway'))
    for (const [device, given] of Object.entries(addresses))
      test.same(topology.nodes[name]?.addresses?.[device], [given].flat())
  }
  test.ok(topology.links.flat().every(({ node, device }) => node && device && !device.includes(':')))
  for (const [probe, list] of Object.entries(lan.expect))
    for (const [index, own] of list.entries()) {
      const { outcome, why, mechanism } = expect[probe]?.[index] ?? {}
      if ('fails' in own) test.same([outcome, why, mechanism], ['fails', own.why, own.fails])
      else if ('works' in own) test.same([outcome, why, mechanism], ['works', own.works, own.stops])
    }
})

t.test('a malformed scenario is refused with its file, the field and the nearest word', async test => {
  const bounce = definition('bridge-dnat-bounce')
  const attempt = (change: Partial<Definition>) => () => read({ ...bounce, ...change })
  const fixes = (fix: Record<string, string>) => attempt({ experiments: [{ title: '', fixes: [fix] }] })
  test.throws(fixes({ hairpin: 'on' }), {
    message: /experiments\[0\].fixes\[0\]: unknown toggle 'hairpin'/,
    remedy: /hairpin_mode/,
  })
  test.throws(fixes({ hairpin_mode: 'onn' }), {
    message: /unknown setting of hairpin_mode 'onn'/,
    remedy: /'on'/,
  })
  test.throws(attempt({ controls: ['other'] }), { message: /controls: unknown probe 'other'/ })
  test.throws(attempt({ expect: {} }), { message: /expect: nothing is said of/ })
  test.throws(attempt({ topology: { nodes: {}, links: [] } }), {
    message: /^scenarios\/some\/scenario.ts: topology.nodes/,
  })
})

t.test('a scenario with a value of the wrong type is refused by the name of its field', async test => {
  fc.assert(
    fc.property(
      fc.constantFrom(...definitions),
      fc.nat(),
      fc.constantFrom(...WRONG.filter(wrong => typeof wrong !== 'function')),
      (scenario, pick, wrong) => {
        const paths = pathsOf(scenario)
        const path = paths[pick % paths.length] ?? ['id']
        const error = refusal(replaced(scenario, path, () => wrong))
        const field = error?.message.split(': ')[1] ?? ''
        if (!about(field, fieldOf('', path))) throw new Error(`${fieldOf('', path)}: ${error?.message}`)
      },
    ),
    runs(500),
  )
  test.pass('refused')
})

t.test('a scenario with any text anywhere is planned or refused, and never an exception', async test => {
  fc.assert(
    fc.property(fc.constantFrom(...definitions), fc.nat(), hostile, (scenario, pick, text) => {
      const paths = pathsOf(scenario)
      refusal(replaced(scenario, paths[pick % paths.length] ?? [], () => text))
    }),
    runs(500),
  )
  test.pass('none throws')
})

t.test('a scenario that lacks something is planned or refused, and never an exception', async test => {
  fc.assert(
    fc.property(
      fc.constantFrom(...definitions),
      fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      (scenario, picks) => {
        let value: unknown = scenario
        for (const pick of picks) {
          const paths = pathsOf(value)
          const path = paths[pick % paths.length] ?? []
          const last = path.at(-1)
          value = replaced(value, path.slice(0, -1), old =>
            Array.isArray(old)
              ? old.filter((_, index) => index !== last)
              : Object.fromEntries(Object.entries(old as object).filter(([key]) => key !== last)),
          )
        }
        refusal(value)
      },
    ),
    runs(500),
  )
  for (const value of [undefined, null, 1, 'x', [], () => 1, Symbol('x')])
    test.ok(refusal(value), `refused: ${String(value)}`)
})

t.test(
  'unknown words, and expectations that overlap or are missing, are refused by the name of the field',
  async test => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/).map(text => `${text}-no`)
    fc.assert(
      fc.property(fc.constantFrom(...definitions), word, fc.nat(), (scenario, unknown, pick) => {
        for (const [change, field] of [
          ...expectationCases(scenario, unknown, pick),
          ...experimentCases(scenario, unknown),
          ...nodeCases(scenario, unknown, pick),
        ]) {
          const message = refusal({ ...scenario, ...change })?.message ?? 'it is planned'
          if (!message.startsWith(`${FILE}: ${field}`)) throw new Error(`${field}: ${message}`)
        }
      }),
      runs(25),
    )
    test.pass('refused')
  },
)

/** What is changed about a scenario, and how the complaint about it begins. */
type Case = readonly [change: object, field: string]

function expectationCases({ expect, toggles, probes }: Definition, unknown: string, pick: number): Case[] {
  const lists = Object.entries(expect)
  const [probe = '', list = []] = lists[pick % lists.length] ?? []
  const index = pick % list.length
  const toggle = Object.keys(toggles)[0] ?? ''
  const newer = { commit: '', title: '', url: '', since: unknown }
  const own = (change: object): object => ({
    expect: { ...expect, [probe]: list.map((old, at) => (at === index ? { ...old, ...change } : old)) },
  })
  const only = (expectation: object): object => ({ expect: { ...expect, [probe]: [expectation] } })
  const field = `expect.${probe}[${index}]`
  return [
    [own({ when: { [unknown]: '1' } }), `${field}.when: unknown toggle`],
    [own({ when: { [toggle]: unknown } }), `${field}.when: unknown setting`],
    [own({ when: { [toggle]: [unknown] } }), `${field}.when: unknown setting`],
    [own({ since: newer }), `${field}.since`],
    [own({ before: newer }), `${field}.before`],
    ...(probes[probe]?.attack
      ? ([
          [only({ reached: unknown, why: '' }), `expect.${probe}[0].reached: unknown mechanism`],
          [only({ refused: unknown, why: '' }), `expect.${probe}[0].refused: unknown mechanism`],
          [only({ works: '' }), `expect.${probe}[0]: the probe is an attack`],
        ] as const)
      : ([
          [only({ fails: unknown, why: '' }), `expect.${probe}[0].fails: unknown mechanism`],
          [only({ works: '', stops: unknown }), `expect.${probe}[0].stops: unknown mechanism`],
          [only({ reached: unknown, why: '' }), `expect.${probe}[0]: the probe is no attack`],
        ] as const)),
    [only({ works: '', fails: unknown, why: '' }), `expect.${probe}[0]: `],
    [only({ why: '' }), `expect.${probe}[0]: `],
    [only({ works: '', why: '' }), `expect.${probe}[0].why: there is no such field`],
    [{ expect: { ...expect, [unknown]: list } }, 'expect: unknown probe'],
    [{ expect: {} }, 'expect: nothing is said of'],
    [
      { expect: Object.fromEntries(lists.filter(([name]) => name !== probe)) },
      `expect: nothing is said of '${probe}'`,
    ],
    [
      { expect: { ...expect, [probe]: [...list, list[0]] } },
      `expect.${probe}[${list.length}]: it never counts`,
    ],
  ]
}

function experimentCases({ toggles }: Definition, unknown: string): Case[] {
  const [toggle = '', { settings: [setting = ''] = [] } = {}] = Object.entries(toggles)[0] ?? []
  const experiments = (...list: object[]) => ({
    experiments: list.map((own, index) => ({ title: String(index), fixes: [], ...own })),
  })
  return [
    [{ controls: [unknown] }, 'controls: unknown probe'],
    [experiments({ fixes: [{ [unknown]: '1' }] }), 'experiments[0].fixes[0]: unknown toggle'],
    [experiments({ given: { [toggle]: unknown } }), 'experiments[0].given: unknown setting'],
    [experiments({ probes: [unknown] }), 'experiments[0].probes: unknown probe'],
    [experiments({ title: 'x' }, { title: 'x' }), 'experiments[1].title: experiments[0] has the same'],
    [
      experiments({ fixes: [{ [toggle]: setting }, { [toggle]: setting }] }),
      'experiments[0].fixes[1]: it is there twice',
    ],
    [
      experiments({ fixes: [{ [toggle]: setting }] }),
      `experiments[0].fixes[0]: it changes nothing: ${toggle}=${setting}`,
    ],
  ]
}

function nodeCases(scenario: Definition, unknown: string, pick: number): Case[] {
  const { topology, probes, toggles, mechanisms } = scenario
  const [name = '', toggle] = Object.entries(toggles)[0] ?? []
  const all = Object.entries(mechanisms)
  const [id = '', mechanism] = all[pick % all.length] ?? []
  const [first, ...others] = mechanism?.proofs ?? []
  const probe = (spec: object, key = 'p'): object => ({ probes: { ...probes, [key]: spec } })
  const proof = (change: object): object => ({
    mechanisms: { ...mechanisms, [id]: { ...mechanism, proofs: [{ ...first, ...change }, ...others] } },
  })
  return [
    [probe({ kind: 'ping', from: unknown, to: '10.0.0.1' }), `probes.p: '${unknown}' is no node`],
    [probe({ kind: unknown, from: 'x' }), 'probes.p.kind: unknown kind of probe'],
    [probe({ kind: 'ping', from: 'x', to: '10.0.0.1' }, '../p'), 'probes.../p: '],
    [proof({ node: unknown }), `mechanisms.${id}.proofs[0].node: '${unknown}' is no node`],
    [proof({ source: unknown }), `mechanisms.${id}.proofs[0].source: unknown source of evidence`],
    [proof({ [unknown]: 1 }), `mechanisms.${id}.proofs[0].${unknown}: there is no such field`],
    [
      { mechanisms: { ...mechanisms, [id]: { ...mechanism, at: `${unknown}:eth0` } } },
      `mechanisms.${id}.at.node: '${unknown}' is no node`,
    ],
    [
      { toggles: { ...toggles, [name]: { ...toggle, nodes: [unknown] } } },
      `toggles.${name}: '${unknown}' is no node`,
    ],
    [
      { topology: { ...topology, links: [...topology.links, [`${unknown}:eth7`, `${unknown}:eth8`]] } },
      `topology.links[${topology.links.length}][0]`,
    ],
  ]
}
