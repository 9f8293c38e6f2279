/** `lab graph`: a scenario's topology as a picture, or as the source of one. */

import { storyOf } from '../engine/story.js'
import type { Scenario } from '../model/scenario.js'
import type { LinkEnd, Node } from '../model/topology.js'
import { oneScenario } from '../plan/catalogue.js'
import { linkNotes } from '../report/node-notes.js'

/** Runs `lab graph`. Throws LabError (exit 2) for an unknown id. */
export async function graph(id: string, format: string): Promise<void> {
  const scenario = await oneScenario(id)
  process.stdout.write(`${(await draw(scenario, format)).trimEnd()}\n`)
}

async function draw(scenario: Scenario, format: string): Promise<string> {
  if (format === 'mermaid') return mermaid(scenario)
  if (format === 'dot') return dot(scenario)
  if (format === 'svg') {
    const { drawTopology } = await import('../report/drawing.js')
    return drawTopology(storyOf(scenario).topology, { title: scenario.title, standalone: true })
  }
  return scenario.drawing.replace(/^\n/, '')
}

/** A device as a vertex: the bridge that it is a port of, else the node itself. */
function endpoint(node: string, device: string, { nodes }: Scenario['topology']): string {
  const bridge = Object.entries(nodes[node]?.bridges ?? {}).find(([, { ports }]) => ports.includes(device))
  return bridge ? `${node} ${bridge[0]}` : node
}

function label(name: string, node: Node): string[] {
  const addresses = Object.entries(node.addresses ?? {}).map(
    ([device, list]) => `${device} ${list.map(address => address.split(' ')[0]).join(', ')}`,
  )
  return [name, node.is, ...addresses]
}

/** Every bridge as a vertex of its own, hung to its node. */
function bridgesOf({ nodes }: Scenario['topology']): { node: string; bridge: string }[] {
  return Object.entries(nodes).flatMap(([node, { bridges = {} }]) =>
    Object.keys(bridges).map(bridge => ({ node, bridge })),
  )
}

function mermaid({ topology }: Scenario): string {
  const id = (name: string) => name.replace(/[^A-Za-z0-9]/g, '_')
  const text = (lines: readonly string[]) => `"${lines.join('<br/>').replaceAll('"', '#quot;')}"`
  return [
    'graph LR',
    ...Object.entries(topology.nodes).map(([name, node]) => `  ${id(name)}[${text(label(name, node))}]`),
    ...bridgesOf(topology).flatMap(({ node, bridge }) => [
      `  ${id(`${node} ${bridge}`)}(["${bridge}"])`,
      `  ${id(node)} --- ${id(`${node} ${bridge}`)}`,
    ]),
    ...topology.links.map(
      ([a, b]) =>
        `  ${id(endpoint(a.node, a.device, topology))} ${a.down || b.down ? '-.-' : '---'}|"${endOf(a)} – ${endOf(b)}"| ${id(endpoint(b.node, b.device, topology))}`,
    ),
  ].join('\n')
}

/** A link's end in a label: its device, with what is particular about it. */
function endOf(end: LinkEnd): string {
  return [end.device, ...linkNotes(end)].join(' ')
}

function dot({ id, topology }: Scenario): string {
  const text = (words: string) => `"${words.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  const lines = (words: readonly string[]) => text(words.join('\n')).replaceAll('\n', '\\n')
  return [
    `graph ${text(id)} {`,
    '  rankdir=LR',
    '  node [shape=box, fontname="sans-serif"]',
    '  edge [fontname="sans-serif", fontsize=10]',
    ...Object.entries(topology.nodes).map(
      ([name, node]) => `  ${text(name)} [label=${lines(label(name, node))}]`,
    ),
    ...bridgesOf(topology).flatMap(({ node, bridge }) => [
      `  ${text(`${node} ${bridge}`)} [label=${text(bridge)}, shape=ellipse]`,
      `  ${text(node)} -- ${text(`${node} ${bridge}`)}`,
    ]),
    ...topology.links.map(
      ([a, b]) =>
        `  ${text(endpoint(a.node, a.device, topology))} -- ${text(endpoint(b.node, b.device, topology))} [taillabel=${text(endOf(a))}, headlabel=${text(endOf(b))}${a.down || b.down ? ', style=dashed' : ''}]`,
    ),
    '}',
  ].join('\n')
}
