/**
 * What moved a trial between two releases. Of the three things that an upgrade changes, one at a time is swapped, and the trial is
 * looked at again: tools and defaults on the running kernel, where it takes seconds, kernels in guests.
 */

/** What an upgrade changes. */
const FACTORS = ['kernel', 'tools', 'defaults'] as const
type Factor = (typeof FACTORS)[number]

/** How a trial came out, as a text to compare; undefined where that says nothing: skipped, not run, both ways, or the lab broke. */
export type State = string | undefined

/** A trial in every cell that was run. */
export interface Cells {
  /** Each release's own kernel, tools and defaults. */
  readonly ends: { readonly before: State; readonly after: State }
  /** The newer kernel under the older release's tools and defaults. */
  readonly kernel: State
  /** On the running kernel: the older release's tools and defaults; the newer one's tools with the older one's defaults; the newer one's. */
  readonly running: { readonly before: State; readonly tools: State; readonly after: State }
  /** On the older kernel, with the newer release's tools alone, and with its defaults alone; run where the others do not decide. */
  readonly older?: { readonly tools: State; readonly defaults: State } | undefined
}

/** What moved a trial. */
export interface Attribution {
  /** `both`: each of several things alone moves it. `interaction`: it takes several together. `unknown`: the cells do not say. */
  readonly cause: Factor | 'both' | 'interaction' | 'unknown'
  /** The things behind it; none where they are not known. */
  readonly factors: readonly Factor[]
  /** Why it is not known. */
  readonly why?: string
}

/** Whether cells on the older kernel are needed to tell what moved a trial. */
export function needsOlder({ ends, kernel, running }: Cells): boolean {
  if (kernel === undefined) return false
  const userland = userlandOnRunning(running, ends)
  return userland === undefined || (userland.length === 0 && kernel === ends.before)
}

/** Says what moved a trial whose ends differ. */
export function attribute(cells: Cells): Attribution {
  const { ends, kernel, older } = cells
  if (ends.before === undefined || ends.after === undefined)
    return unknown('one end says nothing: it was skipped there, came out both ways, or the lab broke')
  if (kernel === undefined) return unknown('the newer kernel with the older tools says nothing')
  const userland = older ? userlandOnOlder(older, ends) : userlandOnRunning(cells.running, ends)
  if (userland === undefined)
    return unknown('the tools and defaults say nothing on the running kernel, nor on the older one')
  if (kernel !== ends.before && kernel !== ends.after)
    return { cause: 'interaction', factors: ['kernel', ...userland] }
  const factors: Factor[] = [...(kernel === ends.after ? (['kernel'] as const) : []), ...userland]
  const [only, ...others] = factors
  if (only === undefined) return { cause: 'interaction', factors: FACTORS }
  return { cause: others.length > 0 ? 'both' : only, factors }
}

/** What moved a trial that was run on the running kernel alone. */
export function attributeRunning(running: Cells['running']): Attribution {
  const { before, after } = running
  const factors = userlandOnRunning(running, { before, after })
  if (factors === undefined) return unknown('one of the cells on the running kernel says nothing')
  const [only, ...others] = factors
  if (only === undefined) return { cause: 'interaction', factors: ['tools', 'defaults'] }
  return { cause: others.length > 0 ? 'interaction' : only, factors }
}

function unknown(why: string): Attribution {
  return { cause: 'unknown', factors: [], why }
}

/** Which of tools and defaults move it on the running kernel, as between the ends; undefined where the cells do not say. */
function userlandOnRunning(
  { before, tools, after }: Cells['running'],
  ends: Cells['ends'],
): Factor[] | undefined {
  if (before === undefined || tools === undefined || after === undefined) return undefined
  if (before === after) return []
  // Another kernel's trial may begin or end elsewhere: then it says nothing of these ends.
  if (before !== ends.before || after !== ends.after) return undefined
  return [
    ...(before === tools ? [] : (['tools'] as const)),
    ...(tools === after ? [] : (['defaults'] as const)),
  ]
}

function userlandOnOlder(
  { tools, defaults }: NonNullable<Cells['older']>,
  ends: Cells['ends'],
): Factor[] | undefined {
  if (tools === undefined || defaults === undefined) return undefined
  return [
    ...(tools === ends.after ? (['tools'] as const) : []),
    ...(defaults === ends.after ? (['defaults'] as const) : []),
  ]
}
