import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requireTool } from '../base/tools.js'
import { needsInterpreter } from '../kernels/elf.js'
import { KernelError } from '../kernels/error.js'
import type { Kernel } from '../kernels/kernel.js'
import { loadOrder, type ModuleIndex, moduleName, readModule, readModuleIndex } from '../kernels/modules.js'
import { type CpioEntry, packCpio } from './cpio.js'
import { FIRST_STAGE, LAB_FOLDER, SECOND_STAGE } from './init.js'
import { collectPreload } from './preload.js'

/** What the guest needs before it has the machine's root: the bus, the ports, 9p, the overlay. */
const DRIVERS = ['virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay']

/** The folders of the initial root, each after the one that it is in. */
const FOLDERS = [
  ...['bin', 'dev', 'proc', 'sys', 'modules', 'lower', 'rw', 'root', 'preload'],
  ...[LAB_FOLDER, `${LAB_FOLDER}/argv`],
]

/** What one guest is to do. */
interface GuestCommand {
  readonly argv: readonly string[]
  readonly cwd: string
  /** Modules to load before the command, by name. */
  readonly modules: readonly string[]
  /** Files, folders and programs to put into the guest's memory. */
  readonly preload: readonly string[]
  /** Folder of another root whose programs are put there, too. */
  readonly root?: string | undefined
}

/** An initial root, and what the kernel lacks for the command. */
interface Initramfs {
  readonly archive: Buffer
  /** The command's modules that this kernel has neither as a file nor compiled in. */
  readonly missingModules: readonly string[]
}

/**
 * Makes the initial root of a guest from the kernel's own modules and a static busybox. Throws KernelError
 * `missing-modules` where the kernel cannot mount the machine's root, `missing-tool` where busybox is not static; LabError
 * (exit 69) without busybox.
 */
export async function buildInitramfs(kernel: Kernel, command: GuestCommand): Promise<Initramfs> {
  const index = kernel.modulesDir === undefined ? undefined : await readModuleIndex(kernel.modulesDir)
  const busybox = await readFile(await staticBusybox())
  const wanted = splitModules(index, command.modules)
  return {
    archive: packCpio([
      ...FOLDERS.map(path => ({ kind: 'folder', path }) as const),
      // Without it, messages of init itself would be lost until devtmpfs is mounted.
      { kind: 'device', path: 'dev/console', major: 5, minor: 1 },
      { kind: 'file', path: 'init', data: Buffer.from(FIRST_STAGE), executable: true },
      { kind: 'file', path: 'bin/busybox', data: busybox, executable: true },
      ...(await driverEntries(kernel, index)),
      { kind: 'file', path: `${LAB_FOLDER}/busybox`, data: busybox, executable: true },
      text('second-stage', SECOND_STAGE),
      text('modules-folder', kernel.modulesDir ?? ''),
      text('modules', wanted.loadable.join(' ')),
      text('cwd', command.cwd),
      ...(await collectPreload(command.preload, command.root)).map(entry => ({
        ...entry,
        path: `preload${entry.path}`,
      })),
      ...command.argv.map((argument, position) => text(`argv/${position}`, argument)),
    ]),
    missingModules: wanted.missing,
  }
}

function text(name: string, content: string): CpioEntry {
  return { kind: 'file', path: `${LAB_FOLDER}/${name}`, data: Buffer.from(content) }
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
  const { paths, missing } = loadOrder(index, DRIVERS)
  if (missing.length > 0) {
    throw new KernelError(
      'missing-modules',
      `${kernel.name} (${kernel.release}) has no ${missing.join(', ')}, neither compiled in nor in ${kernel.modulesDir}`,
      'use another flavour of the kernel, or build it with CONFIG_VIRTIO_PCI, CONFIG_VIRTIO_CONSOLE, CONFIG_NET_9P_VIRTIO, CONFIG_9P_FS and CONFIG_OVERLAY_FS',
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
  const path = requireTool('busybox', 'start a guest')
  const elf = await readFile(path)
  if (!needsInterpreter(elf)) return path
  throw new KernelError(
    'missing-tool',
    `${path} is dynamically linked, and the first program in a guest has no libraries`,
    'install the static one: apt-get install --no-install-recommends busybox-static',
  )
}
