/** Bringing a kernel into the cache, for a person who looks on. */
import { setGracefulCleanup } from 'tmp-promise'
import { EXIT, LabError } from '../base/errors.js'
import { mebibytes } from '../base/text.js'
import { fetchKernel } from '../kernels/fetch.js'
import type { FetchedKernel } from '../kernels/store.js'
import { interruptible, ProgressLine, timeLeft } from './interruption.js'
import { complain } from './usage.js'

/**
 * Brings a kernel into the cache by a name of the catalogue, with progress on standard error: in place on a terminal, a line
 * for each phase elsewhere. `update` takes the newest, although there is one already. Throws what `fetchKernel` does. Ends the process where a signal ends it.
 */
export async function fetchShown(name: string, update = false): Promise<FetchedKernel> {
  const line = new ProgressLine()
  const started = performance.now()
  // What is being unpacked goes with the process.
  setGracefulCleanup()
  const fetching = fetchKernel(name, {
    update,
    onProgress: ({ name: entry, phase, done, total }) => {
      const size = total > 0 ? ` of ${mebibytes(total)}` : ''
      const share =
        total > 0 ? ` ${Math.floor((100 * done) / total)} %${size}${timeLeft(started, done, total)}` : ''
      line.show(line.live ? `${entry}: ${phase}${share}` : `${entry}: ${phase}${size}`)
    },
  })
  try {
    return await interruptible(
      signal =>
        Promise.race([
          fetching,
          new Promise<never>((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason), { once: true })
          }),
        ]),
      `${name} is not in the cache; what was downloaded is not downloaded again: lab kernel fetch ${name}`,
    )
  } catch (error) {
    line.close()
    if (!(error instanceof LabError) || error.exitCode !== EXIT.interrupted) throw error
    // apt would be waited for otherwise.
    process.exit(complain(error))
  } finally {
    line.close()
  }
}
