/** Where everything of a topology stands in its drawing: a middle node, the others in columns to its left and right. */
import { entryOf } from '../base/records.js'
import type { DrawnNode, DrawnTopology } from '../model/report.js'
import { describeNode, linkNotes } from './node-notes.js'

type LinkEnd = DrawnTopology['links'][number][0]

export interface Point {
  readonly x: number
  readonly y: number
}

interface Label extends Point {
  readonly text: string
  readonly style: 'name' | 'is' | 'device' | 'address' | 'note'
  readonly anchor: 'start' | 'middle' | 'end'
}

export interface Box extends Point {
  readonly width: number
  readonly height: number
}

export interface NodeLayout extends Box {
  readonly name: string
  readonly labels: readonly Label[]
  /** Boxes of bridges and other devices without a link, by device. */
  readonly inner: ReadonlyMap<string, Box>
  /** Where the links of each device end, on the edge of the node. */
  readonly ports: ReadonlyMap<string, Point>
  /** Where a packet is that is being routed. */
  readonly centre: Point
}

export interface Layout {
  readonly width: number
  readonly height: number
  readonly nodes: ReadonlyMap<string, NodeLayout>
}

const MARGIN = 10
const COLUMN_GAP = 64
const ROW_GAP = 26
const PADDING = 12
const LINE = 15
/** Widths of a character of the fonts in drawing.ts, in pixels, on the safe side. */
const MONO = 6.9
const SANS = 6.7
/** What a device needs besides its lines of text: the wire above them. */
const ROW_PADDING = 18
const IS_COLUMNS = 30
/** Room between the columns of text in a node: wires and ways run there. */
const GAP = 16

/** Lays out a topology. */
export function layOut(topology: DrawnTopology): Layout {
  const columns = columnsOf(topology)
  const order = [...new Set(columns.values())].sort((a, b) => a - b)
  const sized = new Map(
    Object.entries(topology.nodes).map(
      ([name, node]) => [name, size(topology, name, node, columns)] as const,
    ),
  )
  const stacks = order.map(column => {
    const names = [...columns].flatMap(([name, at]) => (at === column ? [name] : []))
    const nodes = names.flatMap(name => sized.get(name) ?? [])
    return {
      nodes,
      width: Math.max(...nodes.map(({ width }) => width)),
      height: nodes.reduce((sum, { height }) => sum + height + ROW_GAP, -ROW_GAP),
    }
  })
  const height = Math.max(...stacks.map(stack => stack.height))
  const placed = new Map<string, NodeLayout>()
  let x = MARGIN
  for (const stack of stacks) {
    let y = MARGIN + (height - stack.height) / 2
    for (const node of stack.nodes) {
      placed.set(node.name, moved(node, { x: x + (stack.width - node.width) / 2, y }))
      y += node.height + ROW_GAP
    }
    x += stack.width + COLUMN_GAP
  }
  return { width: x - COLUMN_GAP + MARGIN, height: height + 2 * MARGIN, nodes: placed }
}

/** The column of each node, 0 for the one in the middle; what hangs on its bridge is to the left of it. */
function columnsOf({ nodes, links }: DrawnTopology): Map<string, number> {
  const names = Object.keys(nodes)
  const degree = (name: string) => links.filter(([a, b]) => a.node === name || b.node === name).length
  const rank = (name: string) => degree(name) + (nodes[name]?.bridges ? 100 : 0)
  const root = [...names].sort((a, b) => rank(b) - rank(a))[0] ?? ''
  const columns = new Map([[root, 0]])
  const bridged = (end: LinkEnd) =>
    Object.values(nodes[end.node]?.bridges ?? {}).some(({ ports }) => ports.includes(end.device))
  const queue = [root]
  for (const name of queue) {
    const at = columns.get(name) ?? 0
    for (const [a, b] of links) {
      const [own, other] = a.node === name ? [a, b] : [b, a]
      if (own.node !== name || columns.has(other.node)) continue
      const left = nodes[root]?.bridges ? bridged(own) : columns.size === 1
      const side = at === 0 ? (left ? -1 : 1) : Math.sign(at)
      columns.set(other.node, at + side)
      queue.push(other.node)
    }
  }
  for (const name of names) if (!columns.has(name)) columns.set(name, 0)
  return columns
}

/** A node at the origin. */
function size(
  topology: DrawnTopology,
  name: string,
  node: DrawnNode,
  columns: ReadonlyMap<string, number>,
): NodeLayout {
  const addresses = (device: string) => [
    ...(entryOf(node.addresses ?? {}, device) ?? []).map(text => text.split(' ')[0] ?? text),
    ...topology.links
      .flat()
      .flatMap(end => (end.node === name && end.device === device ? linkNotes(end) : [])),
  ]
  const ends = topology.links.flatMap(([a, b]) => [
    ...(a.node === name ? [{ own: a, peer: b }] : []),
    ...(b.node === name ? [{ own: b, peer: a }] : []),
  ])
  const isLeft = (peer: LinkEnd) => (columns.get(peer.node) ?? 0) < (columns.get(name) ?? 0)
  const left = ends.filter(({ peer }) => isLeft(peer)).map(({ own }) => own.device)
  const right = ends.filter(({ peer }) => !isLeft(peer)).map(({ own }) => own.device)
  const linked = new Set([...left, ...right])
  const unlinked = [
    ...new Set([...Object.keys(node.bridges ?? {}), ...Object.keys(node.addresses ?? {})]),
  ].filter(device => !linked.has(device))
  const rows = (device: string) => 1 + addresses(device).length
  const textWidth = (devices: readonly string[]) =>
    Math.max(0, ...devices.flatMap(device => [device, ...addresses(device)]).map(text => text.length * MONO))
  const stackHeight = (devices: readonly string[]) =>
    devices.reduce((sum, device) => sum + rows(device) * LINE + ROW_PADDING, 0)

  const is = broken(node.is, IS_COLUMNS)
  const notes = describeNode(node)
  const leftWidth = textWidth(left)
  const rightWidth = textWidth(right)
  const innerWidth = unlinked.length > 0 ? textWidth(unlinked) + 34 : 0
  const width = Math.max(
    leftWidth + innerWidth + rightWidth + 5 * GAP,
    name.length * 8.6 + 2 * PADDING,
    ...is.map(text => text.length * SANS + 2 * PADDING),
    ...notes.map(text => text.length * MONO + 2 * PADDING),
  )
  const top = PADDING + 18 + is.length * LINE + 8
  const body = Math.max(stackHeight(left), stackHeight(right), stackHeight(unlinked), 20)
  const height = top + body + (notes.length > 0 ? notes.length * LINE + 8 : 0) + 6

  const labels: Label[] = [
    { x: PADDING, y: PADDING + 12, text: name, style: 'name', anchor: 'start' },
    ...is.map(
      (text, row): Label => ({
        x: PADDING,
        y: PADDING + 12 + LINE * (row + 1),
        text,
        style: 'is',
        anchor: 'start',
      }),
    ),
    ...notes.map(
      (text, row): Label => ({
        x: PADDING,
        y: top + body + 12 + LINE * row,
        text,
        style: 'note',
        anchor: 'start',
      }),
    ),
  ]
  const ports = new Map<string, Point>()
  const inner = new Map<string, Box>()
  for (const [devices, side] of [
    [left, 'left'],
    [right, 'right'],
    [unlinked, 'middle'],
  ] as const) {
    let y = top + (body - stackHeight(devices)) / 2
    for (const device of devices) {
      const middle = (width + leftWidth - rightWidth) / 2
      const x = { left: 12, right: width - 12, middle }[side]
      const anchor = { left: 'start', right: 'end', middle: 'middle' } as const
      for (const [row, text] of [device, ...addresses(device)].entries())
        labels.push({
          x,
          y: y + (side === 'middle' ? 17 : 21) + row * LINE,
          text,
          style: row === 0 ? 'device' : 'address',
          anchor: anchor[side],
        })
      if (side === 'middle')
        inner.set(device, {
          x: middle - innerWidth / 2,
          y: y + 2,
          width: innerWidth,
          height: rows(device) * LINE + 8,
        })
      else ports.set(device, { x: side === 'left' ? 0 : width, y: y + 5 })
      y += rows(device) * LINE + ROW_PADDING
    }
  }
  const free = left.length === 0 ? GAP + 6 : right.length === 0 ? width - GAP - 6 : undefined
  const centre = {
    x: free ?? (width + leftWidth - rightWidth) / 2,
    y: Math.min(top + body / 2, ...[...ports.values()].map(({ y }) => y)),
  }
  return { x: 0, y: 0, name, width, height, labels, inner, ports, centre }
}

function moved(node: NodeLayout, by: Point): NodeLayout {
  const shift = <P extends Point>(point: P): P => ({ ...point, x: point.x + by.x, y: point.y + by.y })
  const all = <P extends Point>(points: ReadonlyMap<string, P>) =>
    new Map([...points].map(([key, point]) => [key, shift(point)] as const))
  return {
    ...shift(node),
    labels: node.labels.map(shift),
    inner: all(node.inner),
    ports: all(node.ports),
    centre: shift(node.centre),
  }
}

function broken(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
