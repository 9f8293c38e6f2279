/** A whole machine in QEMU, which one talks to by ssh as Vagrant would: started from an image that is never written to. */

import { chmod, copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { $ } from 'zx'
import { EXIT, LabError } from '../../src/base/errors.js'
import { lastLines } from '../../src/base/text.js'
import { requireTool } from '../../src/base/tools.js'
import { type Accel, chooseAccel } from '../../src/guest/accel.js'
import { type Image, vagrantKeys } from './build.js'

const PORT = 2222
const BOOT_MINUTES = 60
const COMMAND_MINUTES = 150
const POLL_MS = 2000
/** Lines of the console that are shown of a machine that did not come up. */
const CONSOLE_LINES = 15

/** How a command in the machine ended. */
export interface GuestCommand {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  readonly elapsedMs: number
}

export class Machine {
  private constructor(
    private readonly qemu: ReturnType<typeof startQemu>,
    private readonly folder: string,
    readonly accel: Accel,
    /** From the start of QEMU to the first login, in milliseconds. */
    readonly bootMs: number,
  ) {}

  /**
   * Starts a machine, whose disk's changes, console and key go to `folder`, and resolves when one can log in to it. Its network is
   * QEMU's own, and leads to whatever this process reaches. Throws LabError when it does not come up.
   */
  static async start({ disk, release }: Image, folder: string): Promise<Machine> {
    const program = requireTool('qemu-system-x86_64', 'start a machine')
    const overlay = join(folder, 'overlay.qcow2')
    await $`qemu-img create -q -f qcow2 -b ${disk} -F qcow2 ${overlay}`
    await copyFile(join(vagrantKeys(), 'vagrant'), join(folder, 'key'))
    await chmod(join(folder, 'key'), 0o600)
    const { accel, note } = await chooseAccel(program)
    const started = performance.now()
    const qemu = startQemu(program, machineArguments(accel, overlay, join(folder, 'console')))
    const machine = (bootMs: number) => new Machine(qemu, folder, accel, bootMs)
    const ended = qemu.then(({ all }) => lastLines(all ?? '', CONSOLE_LINES))
    while (performance.now() - started < BOOT_MINUTES * 60_000) {
      const reached = machine(performance.now() - started).run('true', { minutes: 2 })
      const died = await Promise.race([ended, reached.then(({ status }) => status)])
      if (died === 0) return machine(performance.now() - started)
      if (typeof died === 'string')
        throw new LabError(`QEMU ended at once: ${died}`, note ?? '', EXIT.unavailable)
      await delay(POLL_MS)
    }
    qemu.kill('SIGKILL')
    throw new LabError(
      `${release.name} could not be logged in to within ${BOOT_MINUTES} min; its console's last lines:\n${await consoleTail(folder)}`,
      'run it with less beside it',
    )
  }

  /** Runs a shell command as the user vagrant, whatever its exit status; 124 when it does not end in time. */
  async run(command: string, { minutes = COMMAND_MINUTES } = {}): Promise<GuestCommand> {
    const started = performance.now()
    const { exitCode, stdout, stderr, timedOut } = await execa(
      'ssh',
      [...this.options(), '-p', String(PORT), 'vagrant@127.0.0.1', command],
      { reject: false, stdin: 'ignore', timeout: minutes * 60_000 },
    )
    const status = timedOut ? 124 : (exitCode ?? EXIT.error)
    return { status, stdout, stderr, elapsedMs: performance.now() - started }
  }

  /** Copies a folder into the machine, as the Vagrantfile's synced folder does. */
  async copyIn(folder: string, to: string, excluded: readonly string[]): Promise<void> {
    const options = ['--archive', '--delete', '--copy-links', ...excluded.map(name => `--exclude=${name}`)]
    const shell = ['ssh', ...this.options(), '-p', String(PORT)].join(' ')
    await $`rsync ${options} -e ${shell} --rsync-path=${'sudo rsync'} --chown=vagrant:vagrant ${folder}/ vagrant@127.0.0.1:${to}`
  }

  /** The text of a file in the machine. Throws LabError where it cannot be read. */
  async read(path: string): Promise<string> {
    const { status, stdout, stderr } = await this.run(`sudo cat ${path}`)
    if (status !== 0) throw new LabError(`${path} cannot be read in the machine: ${stderr.trim()}`)
    return stdout
  }

  /** Ends it, without ceremony: nothing of it is kept. */
  async stop(): Promise<void> {
    this.qemu.kill('SIGKILL')
    await this.qemu
  }

  private options(): string[] {
    return [
      ...[
        '-i',
        join(this.folder, 'key'),
        '-o',
        'StrictHostKeyChecking=no',
        '-o',
        'UserKnownHostsFile=/dev/null',
      ],
      ...[
        '-o',
        'LogLevel=ERROR',
        '-o',
        'ConnectTimeout=60',
        '-o',
        'IdentitiesOnly=yes',
        '-o',
        'ServerAliveInterval=60',
      ],
      ...['-o', 'ServerAliveCountMax=30'],
    ]
  }
}

function startQemu(program: string, args: readonly string[]) {
  return execa(program, args, { stdin: 'ignore', all: true, reject: false })
}

/** QEMU's arguments for a machine as a hypervisor has it: a disk that it boots from, a network card, a serial line. */
export function machineArguments(accel: Accel, disk: string, console: string): string[] {
  // QEMU 7.2 emulates cmpxchg16b wrongly, and kernels from 6.12 on crash when a processor offers it.
  const processor =
    accel === 'kvm'
      ? ['-accel', 'kvm', '-cpu', 'host']
      : ['-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'Nehalem,-cx16,+rdrand']
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'q35', ...processor],
    ...['-smp', '2', '-m', '2048'],
    ...['-drive', `file=${disk},if=virtio,cache=unsafe`],
    ...['-netdev', `user,id=net,hostfwd=tcp:127.0.0.1:${PORT}-:22`, '-device', 'virtio-net-pci,netdev=net'],
    ...['-serial', `file:${console}`],
  ]
}

async function consoleTail(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'console'), 'utf8').catch(() => '')
  return lastLines(text, CONSOLE_LINES)
}
