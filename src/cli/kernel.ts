/** `lab kernel`. */
import { EXIT } from '../base/errors.js'
import { mebibytes } from '../base/text.js'
import { runningKernel } from '../kernel/running.js'
import { kernelsKey } from '../kernels/key.js'
import { type KernelListing, listKernels } from '../kernels/listing.js'
import { fetchShown } from './fetch-shown.js'
import { interruptible, ProgressLine, timeLeft } from './interruption.js'

/** What the actions of `lab kernel` take. */
export interface KernelOptions {
  readonly json?: boolean
  readonly update?: boolean
  readonly source: string
  readonly patch?: readonly string[]
  readonly name?: string
  readonly bisect?: boolean
}

/** Prints the kernels that can be had. `update` reads every index anew. */
export async function kernelList(options: KernelOptions): Promise<void> {
  const kernels = await listKernels({ refresh: options.update ? 'all' : 'missing' })
  const running = runningKernel()
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ running, kernels }, null, 2)}\n`)
    return
  }
  process.stdout.write(`${'running'.padEnd(30)}${running.release} (${running.version})\n`)
  for (const kernel of kernels) process.stdout.write(describeListing(kernel))
}

/** Brings kernels into the cache one after the other, with progress on standard error. Throws LabError. */
export async function kernelFetch(names: readonly string[], { update }: KernelOptions): Promise<void> {
  for (const name of names) {
    const kernel = await fetchShown(name, update)
    process.stdout.write(`${kernel.name}  ${kernel.release}  ${kernel.packageVersion}\n  ${kernel.vmlinuz}\n`)
  }
}

/** Prints the key that a cache of these kernels is kept under. Throws LabError. */
export async function kernelKey(names: readonly string[]): Promise<void> {
  process.stdout.write(`${await kernelsKey(names)}\n`)
}

/**
 * Builds a kernel into the cache, with progress on standard error; `lab matrix --kernel` takes the name or the path that
 * it prints. Resolves with the exit status. Throws LabError, but not in a bisection, where it is a status, too.
 */
export async function kernelBuild(options: KernelOptions): Promise<number> {
  if (!options.bisect) {
    await build(options)
    return EXIT.ok
  }
  const { bisectStep } = await import('../matrix/bisect.js')
  return bisectStep(async () => {
    await build(options)
    return undefined
  })
}

async function build({ source, patch = [], name: given }: KernelOptions): Promise<void> {
  const { buildKernel } = await import('../kernels/build/build-kernel.js')
  const { defaultName } = await import('../kernels/build/name.js')
  const name = given ?? (await defaultName(source, patch))
  const line = new ProgressLine()
  const started = performance.now()
  const kernel = await interruptible(
    signal =>
      buildKernel({
        source,
        name,
        patches: patch,
        signal,
        onProgress: progress => {
          const count = progress.stage === 'compile' ? progress.count : 0
          const far =
            line.live && count > 0 ? ` ${describeCount(count)}${timeLeft(started, count, FILES)}` : ''
          line.show(`${name}: ${progress.stage}${far}`)
        },
      }),
    'the source is as it was; what was compiled stays for the next time',
  ).finally(() => line.close())
  const took = kernel.seconds === 0 ? 'built before' : `built in ${Math.round(kernel.seconds)} s`
  process.stdout.write(`${kernel.name}  ${kernel.release}  ${took}\n  ${kernel.bzImage}\n`)
}

/** Files that a first build compiles; one after a small patch has but a few, and is over before it would be told. */
const FILES = 1500

function describeCount(count: number): string {
  return count < FILES ? `${count} of some ${FILES} files` : `${count} files`
}

function describeListing({ name, aliases, description, available, fetched, problem }: KernelListing): string {
  const newest = available ? `${available.packageVersion} (${mebibytes(available.downloadBytes)})` : 'unknown'
  const here = fetched.map(({ packageVersion }) => packageVersion).join(', ')
  const lines = [
    `${name.padEnd(30)}${newest.padEnd(32)}${here === '' ? '' : `fetched: ${here}`}`.trimEnd(),
    `    ${description}${aliases.length > 0 ? `; also ${aliases.join(', ')}` : ''}`,
    ...(problem === undefined ? [] : [problem.replace(/^/gm, '    ')]),
  ]
  return `${lines.join('\n')}\n`
}
