import { constants } from 'node:fs'
import { access, writeFile } from 'node:fs/promises'
import { execa } from 'execa'
import { withFile } from 'tmp-promise'

/** How the guests' processors run: on the machine's own, or in software. */
export type Accel = 'kvm' | 'tcg'

/** The accelerator in use, and why it is not KVM. */
interface AccelChoice {
  readonly accel: Accel
  /** A sentence for people; undefined where KVM works. */
  readonly note: string | undefined
}

/** The port and value that the trial ends with: QEMU exits with (value << 1) | 1. */
const EXIT_PORT = 0x501
const EXIT_VALUE = 0x10
const EXIT_STATUS = (EXIT_VALUE << 1) | 1

/** How long the trial may take, in milliseconds: hardware needs about 100, an interpreting hypervisor minutes. */
const TRIAL_TIMEOUT_MS = 4000

const DEVICE = '/dev/kvm'

let choice: Promise<AccelChoice> | undefined

/**
 * Which accelerator works here, tried once per process. A `/dev/kvm` proves nothing: there are hypervisors that
 * offer one which cannot run an ordinary guest, or runs it instruction by instruction.
 */
export function chooseAccel(qemu: string): Promise<AccelChoice> {
  choice ??= tryKvm(qemu)
  return choice
}

/** Makes every later guest run in software: for a machine whose KVM passes the trial and cannot boot a kernel. */
export function giveUpKvm(reason: string): void {
  choice = Promise.resolve({ accel: 'tcg', note: reason })
}

async function tryKvm(qemu: string): Promise<AccelChoice> {
  const fallback = (reason: string): AccelChoice => ({
    accel: 'tcg',
    note: `KVM is not used: ${reason}; guests run in software, which is slower`,
  })
  const usable = await access(DEVICE, constants.R_OK | constants.W_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? `there is no ${DEVICE}` : `${DEVICE} may not be opened (join the group kvm)`,
  )
  if (usable !== undefined) return fallback(usable)
  return withFile(async ({ path }) => {
    await writeFile(path, trialRom())
    const started = Date.now()
    const result = await execa(
      qemu,
      [
        ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-m', '16'],
        ...['-machine', 'pc', '-accel', 'kvm', '-cpu', 'host', '-bios', path],
        ...['-device', `isa-debug-exit,iobase=${EXIT_PORT},iosize=1`],
      ],
      { reject: false, timeout: TRIAL_TIMEOUT_MS, killSignal: 'SIGKILL', stdin: 'ignore', all: true },
    )
    if (result.exitCode === EXIT_STATUS) return { accel: 'kvm', note: undefined }
    if (result.timedOut) {
      return fallback(`${DEVICE} ran nothing within ${Date.now() - started} ms`)
    }
    const [said] = result.all.split('\n').filter(line => line.includes('rror'))
    return fallback(`a trial guest on ${DEVICE} failed${said === undefined ? '' : ` (${said.trim()})`}`)
  })
}

/**
 * A boot ROM that counts to 67 million and ends QEMU: enough to tell a processor from an interpreter. It runs
 * at the reset vector, in 16-bit mode, 16 bytes before the end of the address space.
 */
function trialRom(): Buffer {
  const rom = Buffer.alloc(0x10000)
  const program = 0xff00
  const code = [
    ...[0x66, 0xb9, 0x00, 0x00, 0x00, 0x04], // mov ecx, 0x4000000
    ...[0x66, 0x49], // again: dec ecx
    ...[0x75, 0xfc], // jnz again
    ...[0xba, EXIT_PORT & 0xff, EXIT_PORT >> 8], // mov dx, EXIT_PORT
    ...[0xb0, EXIT_VALUE], // mov al, EXIT_VALUE
    ...[0xee, 0xf4], // out dx, al; hlt
  ]
  Buffer.from(code).copy(rom, program)
  rom.writeUInt8(0xe9, 0xfff0) // jmp program
  rom.writeInt16LE(program - 0xfff3, 0xfff1)
  return rom
}
