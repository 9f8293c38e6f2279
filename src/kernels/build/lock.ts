import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { execa } from 'execa'
import { KernelBuildError } from './error.js'

/** `flock --nonblock` ends with this where another process holds the lock. */
const HELD_ELSEWHERE = 75

/**
 * Runs `work` while no other process of this machine holds the lock `file`, which is made if it is not there and
 * stays behind, empty. The kernel holds the lock for a child of ours that ends when we do, however we end: there is
 * no stale lock to be taken over. `onWait` is called once when another process holds the lock, before waiting for it. Throws
 * KernelBuildError `aborted` when the signal comes while it waits, `missing-package` where no lock can be had; whatever
 * `work` throws.
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  { onWait, signal }: { onWait?: () => void; signal?: AbortSignal } = {},
): Promise<T> {
  await mkdir(dirname(file), { recursive: true })
  const release = (await acquire(file, ['--nonblock'], signal)) ?? (await wait(file, onWait, signal))
  try {
    return await work()
  } finally {
    await release()
  }
}

async function wait(file: string, onWait?: () => void, signal?: AbortSignal): Promise<() => Promise<void>> {
  onWait?.()
  const release = await acquire(file, [], signal)
  if (!release) throw new Error(`flock gave up waiting for ${file}`)
  return release
}

/** Takes the lock and returns what gives it back, or undefined where `--nonblock` found it taken. */
async function acquire(
  file: string,
  options: readonly string[],
  signal?: AbortSignal,
): Promise<(() => Promise<void>) | undefined> {
  // cat starts once the lock is held, says so by giving our line back, and ends with our end of the pipe.
  const holder = execa('flock', [...options, '--conflict-exit-code', String(HELD_ELSEWHERE), file, 'cat'], {
    reject: false,
    stderr: 'pipe',
    ...(signal ? { cancelSignal: signal } : {}),
  })
  const held = new Promise<boolean>(resolve => {
    holder.stdout.once('data', () => resolve(true))
    holder.once('exit', () => resolve(false))
  })
  holder.stdin.on('error', () => {})
  holder.stdin.write('held\n')
  if (await held) {
    return async () => {
      holder.stdin.end()
      await holder
    }
  }
  const result = await holder
  if (signal?.aborted) throw new KernelBuildError('aborted', `stopped while waiting for ${file}`)
  if (result.exitCode === HELD_ELSEWHERE) return undefined
  throw new KernelBuildError(
    'missing-package',
    `cannot lock ${file}: ${result.stderr.trim() || result.shortMessage}`,
    'flock is in the package util-linux; the folder has to be writable',
  )
}
