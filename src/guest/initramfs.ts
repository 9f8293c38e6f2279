import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KernelError } from '../kernels/error.js'
import type { Kernel } from '../kernels/fetch.js'
import { loadOrder, type ModuleIndex, moduleName, readModule, readModuleIndex } from '../kernels/modules.js'
import { requireTool } from '../kernels/tools.js'
import { type CpioEntry, packCpio } from './cpio.js'
import { firstStage, labFolder, secondStage } from './init.js'
import { collectPreload } from './preload.js'

/** What the guest needs before it has the machine's root: the bus, the ports, 9p, the overlay. */
const drivers = ['virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay']

/** What one guest is to do. */
interface GuestCommand {
  readonly argv: readonly string[]
  readonly cwd: string
  /** modules to load before the command, by name */
  readonly modules: readonly string[]
  /** files, folders and programs to put into the guest's memory */
  readonly preload: readonly string[]
}

/** An initial root, and what the kernel lacks for the command. */
interface Initramfs {
  readonly archive: Buffer
  /** the command's modules that this kernel has neither as a file nor compiled in */
  readonly missingModules: readonly string[]
}

/**
 * Makes the initial root of a guest from the kernel's own modules and a static busybox.
 * @throws KernelError `missing-modules` where the kernel cannot mount the machine's root, `missing-tool`
 */
export async function buildInitramfs(kernel: Kernel, command: GuestCommand): Promise<Initramfs> {
  const index = kernel.modulesDir === undefined ? undefined : await readModuleIndex(kernel.modulesDir)
  const busybox = await readFile(await staticBusybox())
  const wanted = splitModules(index, command.modules)
  return {
    archive: packCpio([
      ...[
        'bin',
        'dev',
        'proc',
        'sys',
        'modules',
        'lower',
        'rw',
        'root',
        'preload',
        labFolder,
        `${labFolder}/argv`,
      ].map(path => ({ kind: 'folder', path }) as const),
      // Without it, messages of init itself would be lost until devtmpfs is mounted.
      { kind: 'device', path: 'dev/console', major: 5, minor: 1 },
      { kind: 'file', path: 'init', data: Buffer.from(firstStage), executable: true },
      { kind: 'file', path: 'bin/busybox', data: busybox, executable: true },
      ...(await driverEntries(kernel, index)),
      { kind: 'file', path: `${labFolder}/busybox`, data: busybox, executable: true },
      text('second-stage', secondStage),
      text('modules-folder', kernel.modulesDir ?? ''),
      text('modules', wanted.loadable.join(' ')),
      text('cwd', command.cwd),
      ...(await collectPreload(command.preload)).map(entry => ({ ...entry, path: `preload${entry.path}` })),
      ...command.argv.map((argument, position) => text(`argv/${position}`, argument)),
    ]),
    missingModules: wanted.missing,
  }
}

function text(name: string, content: string): CpioEntry {
  return { kind: 'file', path: `${labFolder}/${name}`, data: Buffer.from(content) }
}

function splitModules(
  index: ModuleIndex | undefined,
  names: readonly string[],
): { loadable: string[]; missing: string[] } {
  // A kernel without loadable modules also has no list of what is compiled in: nothing can be said to be missing.
  if (index === undefined) return { loadable: [], missing: [] }
  const normalized = names.map(moduleName)
  const { missing } = loadOrder(index, normalized)
  return { loadable: normalized.filter(name => index.loadable.has(name)), missing }
}

async function driverEntries(kernel: Kernel, index: ModuleIndex | undefined): Promise<CpioEntry[]> {
  if (kernel.modulesDir === undefined || index === undefined) {
    return [{ kind: 'file', path: 'modules/order', data: Buffer.alloc(0) }]
  }
  const { paths, missing } = loadOrder(index, drivers)
  if (missing.length > 0) {
    throw new KernelError(
      'missing-modules',
      `${kernel.name} (${kernel.release}) has no ${missing.join(', ')}, neither compiled in nor in ${kernel.modulesDir}`,
      'A guest needs CONFIG_VIRTIO_PCI, CONFIG_VIRTIO_CONSOLE, CONFIG_NET_9P_VIRTIO, CONFIG_9P_FS and CONFIG_OVERLAY_FS: use another flavour of the kernel, or build it with them',
    )
  }
  const folder = kernel.modulesDir
  const files = await Promise.all(
    paths.map(async (path): Promise<CpioEntry> => {
      const data = await readModule(join(folder, path))
      return { kind: 'file', path: `modules/${moduleName(path)}`, data }
    }),
  )
  const order = paths.map(path => `${moduleName(path)}\n`).join('')
  return [...files, { kind: 'file', path: 'modules/order', data: Buffer.from(order) }]
}

async function staticBusybox(): Promise<string> {
  const path = await requireTool('busybox', 'start a guest')
  const elf = await readFile(path)
  if (!needsInterpreter(elf)) return path
  throw new KernelError(
    'missing-tool',
    `${path} is dynamically linked, and the first program in a guest has no libraries`,
    'Install the static one: apt-get install --no-install-recommends busybox-static',
  )
}

/** Whether an ELF program names a dynamic loader (a program header of type PT_INTERP). */
function needsInterpreter(elf: Buffer): boolean {
  const table = Number(elf.readBigUInt64LE(32))
  const size = elf.readUInt16LE(54)
  const count = elf.readUInt16LE(56)
  return Array.from({ length: count }, (_, index) => elf.readUInt32LE(table + index * size)).includes(3)
}
