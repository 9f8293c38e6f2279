import type { Accel } from './accel.js'
import { PORTS, ROOT_TAG } from './init.js'

/** The descriptors that a guest's QEMU is started with, beyond the usual three. */
export const DESCRIPTORS = { console: 3, control: 4, stdout: 5, stderr: 6, result: 7, initrd: 8 } as const

/** What a guest's machine is made of. */
interface Machine {
  readonly accel: Accel
  /** Path of a boot image, or of an uncompressed kernel with a PVH entry. */
  readonly kernel: string
  readonly memoryMiB: number
  readonly cpus: number
  /** More words for the kernel command line. */
  readonly append: readonly string[]
}

/** QEMU's arguments for a guest. */
export function qemuArguments(machine: Machine): string[] {
  const port = (name: 'control' | 'stdout' | 'stderr' | 'result') => [
    ...['-chardev', `socket,id=${name},fd=${DESCRIPTORS[name]}`],
    ...['-device', `virtserialport,chardev=${name},name=${PORTS[name]}`],
  ]
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-nic', 'none'],
    ...['-machine', 'q35,hpet=off'],
    ...accelArguments(machine.accel),
    ...['-smp', String(machine.cpus), '-m', String(machine.memoryMiB)],
    // Opened through the descriptor: its name is already gone, so that nothing can leave it behind.
    ...['-kernel', machine.kernel, '-initrd', `/proc/self/fd/${DESCRIPTORS.initrd}`],
    ...['-append', commandLine(machine)],
    ...['-chardev', `socket,id=console,fd=${DESCRIPTORS.console}`, '-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci'],
    ...port('control'),
    ...port('stdout'),
    ...port('stderr'),
    ...port('result'),
    ...['-fsdev', 'local,id=root,path=/,security_model=none,readonly=on,multidevs=remap'],
    ...['-device', `virtio-9p-pci,fsdev=root,mount_tag=${ROOT_TAG}`],
  ]
}

function accelArguments(accel: Accel): string[] {
  if (accel === 'kvm') return ['-accel', 'kvm', '-cpu', 'host']
  // QEMU 7.2 emulates cmpxchg16b wrongly, and kernels from 6.12 on crash when a processor offers it. rdrand seeds the
  // random numbers at once, which programs would otherwise wait for.
  return ['-accel', 'tcg,thread=multi', '-cpu', 'Nehalem,-cx16,+rdrand']
}

function commandLine(machine: Machine): string {
  return [
    'console=ttyS0',
    'loglevel=4',
    // A guest that oopsed is of no use: -no-reboot turns the panic's reboot into QEMU's end.
    'panic=-1',
    'oops=panic',
    'mitigations=off',
    'nokaslr',
    'no_timer_check',
    'tsc=reliable',
    // While the kernel measures the TSC's frequency, QEMU may not get a processor; the guest's clock would then run at
    // several times its speed. The PM timer has a known one.
    ...(machine.accel === 'tcg' ? ['clocksource=acpi_pm'] : []),
    'random.trust_cpu=on',
    'nowatchdog',
    'rcupdate.rcu_cpu_stall_suppress=1',
    'audit=0',
    'apparmor=0',
    // Emulated code is translated per virtual address: without this, every process would be translated anew.
    'norandmaps',
    ...machine.append,
  ].join(' ')
}
