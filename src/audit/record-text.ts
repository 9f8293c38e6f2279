/** A recorded topology as the text of a scenario's file. */
import type { Recorded } from './record.js'

/** A scenario with the recorded topology, and a probe that stands for those to come; `machine` says where it was recorded, or nothing. */
export function scenarioText({ topology, left }: Recorded, machine: string): string {
  const [node = Object.keys(topology.nodes)[0] ?? '', to] = Object.entries(topology.nodes).flatMap(
    ([name, { addresses = {} }]) =>
      Object.values(addresses)
        .flat()
        .flatMap(text => (text.includes(':') ? [] : [name, text.split('/')[0] ?? ''])),
  )
  return `import { defineScenario, ping } from 'netns-lab'

// Recorded${machine === '' ? '' : ` on ${machine}`}. To be completed: what fails, by which probe, and by which mechanism.
${left.map(what => `// Not recorded as it is: ${what.replace(/[\r\n\u2028\u2029]/g, ' ')}\n`).join('')}
export default defineScenario({
  id: 'recorded',
  title: 'Who cannot do what',
  source: { title: 'The document that tells of it', url: 'https://example.org', says: 'its own words for what people saw' },
  drawing: '',
  needs: [${needsOf(topology)
    .map(need => `'${need}'`)
    .join(', ')}],
  topology: ${written(topology, '  ')},
  toggles: {},
  probes: { here: ping({ from: ${written(node, '')}, to: ${written(to ?? '127.0.0.1', '')} }) },
  controls: ['here'],
  mechanisms: {},
  expect: { here: [{ works: 'It is the node’s own address.' }] },
  experiments: [{ title: 'what fails', fixes: [] }],
})
`
}

/** The capabilities that what was recorded takes. */
function needsOf({ nodes }: Recorded['topology']): string[] {
  const some = (has: (node: (typeof nodes)[string]) => unknown) => Object.values(nodes).some(has)
  return [
    'veth',
    ...(some(({ bridges }) => bridges) ? ['bridge'] : []),
    ...(some(({ nft }) => nft) ? ['nft-ruleset'] : []),
    ...(some(({ tc }) => tc?.some(line => line.includes(' mirred '))) ? ['tc-redirect'] : []),
  ]
}

/** A value as TypeScript has it. */
function written(value: unknown, indent: string): string {
  const deeper = `${indent}  `
  if (Array.isArray(value))
    return value.length === 0
      ? '[]'
      : `[\n${value.map(one => `${deeper}${written(one, deeper)},\n`).join('')}${indent}]`
  if (typeof value === 'object' && value !== null)
    return `{\n${Object.entries(value)
      .map(
        ([key, own]) =>
          `${deeper}${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: ${written(own, deeper)},\n`,
      )
      .join('')}${indent}}`
  return JSON.stringify(value)
}
