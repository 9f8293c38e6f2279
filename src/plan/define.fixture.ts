/** A scenario as small as can be, and what is tested of those that differ from it in one word. */
import t from 'tap'
import { mib } from '../evidence/registry.js'
import type { Mechanism } from '../model/evidence.js'
import type { DefinedScenario } from '../model/scenario.js'
import { ping } from '../probes/registry.js'
import { sysctlToggle } from '../toggles/toggle.js'
import { FILE } from './plan.fixture.js'
import { readScenario } from './read.js'

export const forward = <const N extends string>(node: N) =>
  sysctlToggle({
    summary: 'forward packets',
    nodes: [node],
    values: { off: { 'net.ipv4.ip_forward': 0 }, on: { 'net.ipv4.ip_forward': 1 } },
  })

export const TOPOLOGY = {
  nodes: { a: { is: 'a host', addresses: { eth0: '192.0.2.2/24' } }, r: { is: 'a router' } },
  links: [['a:eth0', 'r:eth0']],
} as const
export const NEAR = ping({ from: 'a', to: '192.0.2.1' })
const FAR = ping({ from: 'a', to: '198.51.100.2' })
export const LOST: Mechanism<'r'> = {
  title: 'a loss',
  where: 'ip_error()',
  document: 'nothing',
  proofs: [mib('r', 'IpInAddrErrors')],
}
export const FAILS = { fails: 'lost', why: 'The router does not forward.' } as const
export const WORKS = { when: { forward: 'on' }, works: 'The router forwards.' } as const
export const EXPERIMENT = { title: 'forwarding', fixes: [{ forward: 'on' }] } as const

export const GOOD = {
  id: 'no-forwarding',
  title: 'A router does not forward',
  source: { title: 'a test', url: 'https://example.org', says: 'nothing' },
  drawing: '[a] --- [r]',
  needs: ['veth'],
  topology: TOPOLOGY,
  toggles: { forward: forward('r') },
  probes: { near: NEAR, far: FAR },
  controls: ['near'],
  mechanisms: { lost: LOST },
  expect: { near: [{ works: 'It is on the same link.' }], far: [WORKS, FAILS] },
  experiments: [EXPERIMENT],
} as const
/** What is expected of a probe that a test leaves alone. */
export const NEARBY = GOOD.expect.near

/** A scenario that the compiler has refused, and what who writes JavaScript is told when it is read. */
export interface Refused {
  readonly defined: DefinedScenario
  readonly field: string
  readonly problem: RegExp
  readonly remedy: RegExp
}

/** A test for each, by its title. */
export function testRefusals(refused: Readonly<Record<string, Refused>>): void {
  for (const [title, { defined, field, problem, remedy }] of Object.entries(refused))
    t.test(`${title} is refused by the compiler, and when it is read`, async test => {
      let error: unknown
      try {
        readScenario(defined, FILE)
      } catch (thrown) {
        error = thrown
      }
      test.match(error, { name: 'LabError', message: problem, remedy })
      const message = error instanceof Error ? error.message : ''
      test.ok(message.startsWith(`${FILE}: ${field}: `), message)
    })
}
