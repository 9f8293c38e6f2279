import { describeError, LabError } from '../base/errors.js'
import { type AvailableKernel, readAvailable, refreshAvailable } from './available.js'
import { CATALOGUE } from './catalogue.js'
import { type FetchedKernel, fetchedKernels } from './store.js'

/** What the catalogue offers under one name, and what of it is here. */
export interface KernelListing {
  readonly name: string
  readonly aliases: readonly string[]
  readonly description: string
  readonly suites: readonly string[]
  /** What the index has; undefined where it was never read. */
  readonly available: AvailableKernel | undefined
  /** What is unpacked in the cache, newest first. */
  readonly fetched: readonly FetchedKernel[]
  /** Why the index could not be read, and what to do about it. */
  readonly problem: string | undefined
}

/**
 * What can be had, oldest first, and what is already in the cache. `missing` reads the index of entries that were never
 * read, `all` reads each anew. That an index cannot be read is no error, but the entry's problem.
 */
export async function listKernels({
  refresh,
}: {
  readonly refresh: 'missing' | 'all'
}): Promise<KernelListing[]> {
  return Promise.all(
    CATALOGUE.map(async entry => {
      let problem: string | undefined
      let available = await readAvailable(entry)
      if (refresh === 'all' || available === undefined) {
        try {
          available = await refreshAvailable(entry)
        } catch (error) {
          if (!(error instanceof LabError)) throw error
          problem = describeError(error)
        }
      }
      return {
        name: entry.name,
        aliases: entry.aliases,
        description: entry.description,
        suites: entry.suites.map(({ suite }) => suite),
        available,
        fetched: await fetchedKernels(entry),
        problem,
      }
    }),
  )
}
