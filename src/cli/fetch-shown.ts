/** Bringing a kernel into the cache, for a person who looks on. */
import { mebibytes } from '../base/text.js'
import { fetchKernel } from '../kernels/fetch.js'
import type { FetchedKernel } from '../kernels/store.js'

/**
 * Brings a kernel into the cache by a name of the catalogue, with progress on standard error: in place on a terminal, a line
 * for each phase elsewhere. `update` takes the newest, although there is one already. Throws what `fetchKernel` does.
 */
export async function fetchShown(name: string, update = false): Promise<FetchedKernel> {
  const live = process.stderr.isTTY
  let shown = ''
  const kernel = await fetchKernel(name, {
    update,
    onProgress: ({ name: entry, phase, done, total }) => {
      const size = total > 0 ? ` of ${mebibytes(total)}` : ''
      const share = total > 0 ? ` ${Math.floor((100 * done) / total)} %${size}` : ''
      const text = live ? `${entry}: ${phase}${share}` : `${entry}: ${phase}${size}`
      if (text === shown) return
      shown = text
      process.stderr.write(live ? `\r\x1b[K${text}` : `${text}\n`)
    },
  })
  if (live) process.stderr.write('\r\x1b[K')
  return kernel
}
