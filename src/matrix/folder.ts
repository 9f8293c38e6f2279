/** The folder of a matrix: each kernel's report, its guest's console, and what the kernel's own tests printed. */
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { EXIT, LabError } from '../base/errors.js'
import { takeFolder, writeWhole } from '../base/files.js'
import type { Accel } from '../guest/accel.js'
import { fileName, type MatrixOptions, type NamedKernel, runMatrix } from './matrix.js'
import type { KernelRun } from './run-in-guest.js'
import { runSelftests, type SelftestRun } from './selftests.js'

/** How to run a matrix into a folder. */
interface FolderOptions extends Omit<MatrixOptions, 'onLine' | 'onDone'> {
  /** Called when a kernel's run is over and its files are written. */
  readonly onDone: (run: KernelRun) => void
  /** Called with each line of a guest's console, and with `guest N` for each guest that is started. */
  readonly onLine?: (kernel: string, line: string) => void
}

/**
 * Runs every kernel, and leaves in the folder `debian-6.1.log`, its console, and `debian-6.1.json`, its report where there
 * is one. The results are in the order of the kernels. Throws LabError when the folder cannot be made (exit 2) or written.
 */
export async function runIntoFolder(
  kernels: readonly NamedKernel[],
  folder: string,
  { onDone, onLine, ...options }: FolderOptions,
): Promise<KernelRun[]> {
  takeFolder(folder)
  const logs = new Map(kernels.map(({ name }) => [name, new Log(consoleFile(folder, name))]))
  return runMatrix(kernels, {
    ...options,
    onLine: (name, line) => {
      logs.get(name)?.write(line)
      onLine?.(name, line)
    },
    onDone: async run => {
      await logs.get(run.kernel)?.close()
      if (run.report)
        writeWhole(join(folder, `${fileName(run.kernel)}.json`), `${JSON.stringify(run.report, null, 2)}\n`)
      onDone(run)
    },
  })
}

/**
 * Runs the kernel's own tests on each kernel, one guest after the other, and leaves what they print in the folder, as
 * `debian-6.1.selftests.log`. Throws LabError when that cannot be written.
 */
export async function selftestsIntoFolder(
  kernels: readonly NamedKernel[],
  tests: string,
  folder: string,
  accel: Accel | undefined,
): Promise<SelftestRun[]> {
  const results: SelftestRun[] = []
  for (const { name, kernel } of kernels) {
    const log = new Log(join(folder, `${fileName(name)}.selftests.log`))
    const onLine = (line: string) => log.write(line)
    results.push(...(await runSelftests(name, kernel, tests, { ...(accel ? { accel } : {}), onLine })))
    await log.close()
  }
  return results
}

/** Where the console of a kernel's guest is kept. */
export function consoleFile(folder: string, kernel: string): string {
  return join(folder, `${fileName(kernel)}.log`)
}

/** A file that lines are added to; that it cannot be written is told when it is closed. */
class Log {
  readonly #stream
  #failure: NodeJS.ErrnoException | undefined

  constructor(readonly path: string) {
    this.#stream = createWriteStream(path)
    this.#stream.on('error', error => {
      this.#failure = error
    })
  }

  write(line: string): void {
    if (this.#failure === undefined) this.#stream.write(`${line}\n`)
  }

  /** Resolves when everything is written. Throws LabError when it is not. */
  async close(): Promise<void> {
    await new Promise<void>(resolve => this.#stream.end(() => resolve()))
    if (this.#failure)
      throw new LabError(
        `${this.path} could not be written: ${this.#failure.code}`,
        'name another folder with --out, on a disk with some space',
        EXIT.error,
        { cause: this.#failure },
      )
  }
}
