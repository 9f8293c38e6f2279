/** Programs that keep running in a node while a topology stands. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { LabError } from '../base/errors.js'
import { type DaemonStep, daemonCommand } from '../model/steps.js'
import { killGroup } from '../world/command.js'
import type { Netns } from '../world/netns.js'

const POLL_MS = 5
/** A program that was started, with all that it starts. */
export class Daemon {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  #said = ''
  #failure: Error | undefined

  /** Writes its files and starts it in its node. Throws the file system's error. */
  constructor(
    private readonly step: DaemonStep,
    netns: Netns,
  ) {
    for (const [name, content] of Object.entries(step.files)) {
      mkdirSync(dirname(join(step.folder, name)), { recursive: true, mode: 0o700 })
      writeFileSync(join(step.folder, name), content, { mode: 0o600 })
    }
    const { folders, argv } = daemonCommand(step)
    for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o755 })
    const [file = '', ...args] = argv
    // In a group of its own, which it is ended with. Not execa: to load it takes longer than anything else of it that is loaded.
    const child = netns.inside(() => spawn(file, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] }))
    child.on('error', error => (this.#failure = error))
    child.stdout.on('data', data => (this.#said += data))
    child.stderr.on('data', data => (this.#said += data))
    this.#child = child
  }

  /**
   * Resolves when it is ready; `succeeds` says whether a command in its node does, `late` whether it has taken too long.
   * Throws LabError when it ends, or is too late.
   */
  async ready(succeeds: (argv: readonly string[]) => Promise<boolean>, late: () => boolean): Promise<void> {
    const { ready, argv, node, why } = this.step
    const name = argv[0] ?? ''
    while (!('file' in ready ? existsSync(ready.file) : await succeeds(ready.argv))) {
      const sayings = `it said: ${this.#said.trim() || 'nothing'}`
      const { exitCode, signalCode } = this.#child
      if (this.#failure || exitCode !== null || signalCode !== null)
        throw new LabError(
          `${why}: ${name} in node ${node} ${this.#failure ? `could not be started (${this.#failure.message})` : `ended with ${signalCode ?? `status ${exitCode}`}`}`,
          sayings,
        )
      if (late()) throw new LabError(`${why}: ${name} in node ${node} was not ready in time`, sayings)
      await delay(POLL_MS)
    }
  }

  /** Ends it, and everything that it started. */
  kill(): void {
    if (this.#child.pid !== undefined) killGroup(this.#child.pid, 'SIGKILL')
  }
}
