/** A topology as an SVG picture, with the way of a packet through it and the place where that is lost. */
import type { DrawnTopology } from '../model/report.js'
import { type Box, type Layout, layOut, type NodeLayout, type Point } from './layout.js'
import type { Way } from './way.js'

/** What the classes in a drawing look like; colours are those of the page when it sets them. */
export const DRAWING_CSS = `
.nl-node { fill: var(--surface, #fff); stroke: var(--line, #8c959f); stroke-width: 1.2 }
.nl-inner { fill: var(--raised, #eef1f4); stroke: var(--line, #8c959f) }
.nl-wire { fill: none; stroke: var(--line, #8c959f); stroke-width: 2 }
.nl-down { stroke-dasharray: 3 6 }
.nl-port { fill: var(--line, #8c959f) }
.nl-name, .nl-is, .nl-device, .nl-address, .nl-note { paint-order: stroke; stroke: var(--surface, #fff); stroke-width: 3px; stroke-linejoin: round }
.nl-name { font: 600 14px system-ui, sans-serif; fill: var(--ink, #1f2328) }
.nl-is { font: 12px system-ui, sans-serif; fill: var(--dim, #59636e) }
.nl-device { font: 600 11px ui-monospace, 'DejaVu Sans Mono', monospace; fill: var(--ink, #1f2328) }
.nl-address, .nl-note { font: 11px ui-monospace, 'DejaVu Sans Mono', monospace; fill: var(--dim, #59636e) }
.nl-note { fill: var(--accent, #0550ae) }
.nl-way { fill: none; stroke: var(--way, #0969da); stroke-width: 3; stroke-linejoin: round; stroke-linecap: round }
.nl-assumed { stroke-dasharray: 7 6 }
.nl-start { fill: var(--way, #0969da) }
.nl-head { fill: var(--way, #0969da) }
.nl-lost { fill: var(--lost, #cf222e); stroke: var(--surface, #fff); stroke-width: 2 }
.nl-cross { stroke: #fff; stroke-width: 2.4; stroke-linecap: round }
`

/** How far apart two passes of a way through the same place are drawn, in pixels; the later one above, as labels are below. */
const PASS = -12
/** How wide the bend of a wire inside a node is. */
const BEND = 26

export interface DrawingOptions {
  /** What it shows, for those who cannot see it. */
  readonly title: string
  readonly way?: Way
  /** Whether it is a file of its own, with its own styles. */
  readonly standalone: boolean
}

/** Draws a topology. */
export function drawTopology(topology: DrawnTopology, { title, way, standalone }: DrawingOptions): string {
  const layout = layOut(topology)
  const { width, height, nodes } = layout
  const around = `viewBox="0 0 ${round(width)} ${round(height)}" width="${round(width)}" height="${round(height)}"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" ${around}>`,
    `<title>${escapeXml(title)}</title>`,
    ...(standalone ? [`<style>${DRAWING_CSS}</style>`] : []),
    ...topology.links.map(([a, b]) => {
      const from = nodes.get(a.node)?.ports.get(a.device)
      const to = nodes.get(b.node)?.ports.get(b.device)
      const style = a.down || b.down ? 'nl-wire nl-down' : 'nl-wire'
      return from && to ? `<path class="${style}" d="M${at(from)} ${wire(from, to)}"/>` : ''
    }),
    ...[...nodes].flatMap(([name, node]) => drawNode(node, topology.nodes[name]?.bridges ?? {})),
    ...(way ? drawWay(way, layout) : []),
    ...[...nodes.values()].flatMap(({ labels }) =>
      labels.map(
        ({ x, y, text, style, anchor }) =>
          `<text class="nl-${style}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escapeXml(text)}</text>`,
      ),
    ),
    '</svg>',
  ].join('\n')
}

function drawNode(
  node: NodeLayout,
  bridges: Readonly<Record<string, { readonly ports: readonly string[] }>>,
): string[] {
  const wires = Object.entries(bridges).flatMap(([bridge, { ports }]) => {
    const box = node.inner.get(bridge)
    return ports.flatMap(port => {
      const from = node.ports.get(port)
      return box && from
        ? [`<path class="nl-wire" d="M${at(from)} ${innerWire(from, nearEdge(box, node))}"/>`]
        : []
    })
  })
  return [
    rectangle('nl-node', node, 8),
    ...wires,
    ...[...node.inner.values()].map(box => rectangle('nl-inner', box, 5)),
    ...[...node.ports.values()].map(
      ({ x, y }) =>
        `<rect class="nl-port" x="${round(x - 4)}" y="${round(y - 4)}" width="8" height="8" rx="2"/>`,
    ),
  ]
}

function drawWay({ stops, lost, measured }: Way, { nodes }: Layout): string[] {
  const passes = new Map<string, number>()
  const points = stops.flatMap(({ node, device }): (Point & { readonly node: string })[] => {
    const place = nodes.get(node)
    if (!place) return []
    const box = device === undefined ? undefined : place.inner.get(device)
    const point =
      (device === undefined ? undefined : place.ports.get(device)) ??
      (box ? nearEdge(box, place) : place.centre)
    const key = `${node} ${device}`
    const pass = passes.get(key) ?? 0
    passes.set(key, pass + 1)
    return [{ node, x: point.x, y: point.y + pass * PASS }]
  })
  const [first] = points
  const last = points.at(-1)
  if (!first || !last) return []
  const path = points.slice(1).map((point, index) => {
    const from = points[index] ?? first
    return from.node === point.node ? innerWire(from, point) : wire(from, point)
  })
  const mark = lost
    ? [
        `<circle class="nl-lost" cx="${round(last.x)}" cy="${round(last.y)}" r="10"/>`,
        `<path class="nl-cross" d="M${round(last.x - 4)} ${round(last.y - 4)} l8 8 m0 -8 l-8 8"/>`,
      ]
    : [`<circle class="nl-head" cx="${round(last.x)}" cy="${round(last.y)}" r="6"/>`]
  return [
    `<path class="nl-way${measured ? '' : ' nl-assumed'}" d="M${at(first)} ${path.join(' ')}"/>`,
    ...points.slice(1).flatMap((point, index) => {
      const from = points[index] ?? first
      return from.node === point.node ? [] : [arrow(from, point)]
    }),
    `<circle class="nl-start" cx="${round(first.x)}" cy="${round(first.y)}" r="5"/>`,
    ...mark,
  ]
}

/** A curve that leaves and arrives level, so that a way lies on the wires that it uses. */
function wire(from: Point, to: Point): string {
  const half = (to.x - from.x) / 2
  return `C${round(from.x + half)} ${round(from.y)} ${round(to.x - half)} ${round(to.y)} ${at(to)}`
}

/** Inside a node: level past the names of its devices, whichever end they are at, and steep next to the other end. */
function innerWire(from: Point, to: Point): string {
  const bend = Math.min(Math.abs(to.x - from.x), BEND) * Math.sign(to.x - from.x)
  const outward = Math.abs(from.y - to.y) > 0.1 && bend < 0
  return outward
    ? `C${round(from.x + bend / 2)} ${round(from.y)} ${round(from.x + bend / 2)} ${round(to.y)} ${round(from.x + bend)} ${round(to.y)} H${round(to.x)}`
    : `H${round(to.x - bend)} C${round(to.x - bend / 2)} ${round(from.y)} ${round(to.x - bend / 2)} ${round(to.y)} ${at(to)}`
}

/** An arrowhead in the middle of a stretch. */
function arrow(from: Point, to: Point): string {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  // Half-way, the curve of `wire` is steeper than the line between its ends.
  const angle = (Math.atan2(dy * 1.5, dx * 0.75) * 180) / Math.PI
  return `<path class="nl-head" d="M7 0 L-5 -6 L-5 6 Z" transform="translate(${round(from.x + dx / 2)} ${round(from.y + dy / 2)}) rotate(${round(angle)})"/>`
}

/** Where wires meet a box inside a node: the side on which the node has more links. */
function nearEdge({ x, y, width, height }: Box, node: NodeLayout): Point {
  const ports = [...node.ports.values()]
  const left = ports.filter(port => port.x <= node.x).length
  return { x: left * 2 >= ports.length ? x : x + width, y: y + height / 2 }
}

function rectangle(className: string, { x, y, width, height }: Box, radius: number): string {
  return `<rect class="${className}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${radius}"/>`
}

function at({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
