/** Programs that the lab calls, and where they come from. */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { EXIT, LabError } from './errors.js'

/** Which Debian package brings a program. */
const PACKAGES = {
  'apt-cache': 'apt',
  'apt-config': 'apt',
  'apt-get': 'apt',
  bc: 'bc',
  bison: 'bison',
  bridge: 'iproute2',
  busybox: 'busybox-static',
  conntrack: 'conntrack',
  cpio: 'cpio',
  depmod: 'kmod',
  'dpkg-deb': 'dpkg',
  ebtables: 'ebtables',
  flex: 'flex',
  flock: 'util-linux',
  gcc: 'gcc',
  git: 'git',
  'grub-mkimage': 'grub-common',
  gzip: 'gzip',
  ip: 'iproute2',
  'ip6tables-legacy': 'iptables',
  'ip6tables-legacy-restore': 'iptables',
  'ip6tables-legacy-save': 'iptables',
  'ip6tables-nft': 'iptables',
  'ip6tables-nft-restore': 'iptables',
  'ip6tables-nft-save': 'iptables',
  'ip6tables-restore': 'iptables',
  'ip6tables-save': 'iptables',
  ip6tables: 'iptables',
  iptables: 'iptables',
  'iptables-legacy': 'iptables',
  'iptables-legacy-restore': 'iptables',
  'iptables-legacy-save': 'iptables',
  'iptables-nft': 'iptables',
  'iptables-nft-restore': 'iptables',
  'iptables-nft-save': 'iptables',
  'iptables-restore': 'iptables',
  'iptables-save': 'iptables',
  ld: 'binutils',
  libvirtd: 'libvirt-daemon',
  make: 'make',
  mke2fs: 'e2fsprogs',
  mmdebstrap: 'mmdebstrap',
  nft: 'nftables',
  patch: 'patch',
  'qemu-img': 'qemu-utils',
  'qemu-system-x86_64': 'qemu-system-x86',
  radvd: 'radvd',
  setpriv: 'util-linux',
  sfdisk: 'fdisk',
  shellcheck: 'shellcheck',
  'stress-ng': 'stress-ng',
  sysctl: 'procps',
  tar: 'tar',
  tc: 'iproute2',
  tcpdump: 'tcpdump',
  tshark: 'tshark',
  unshare: 'util-linux',
  unsquashfs: 'squashfs-tools',
  vagrant: 'vagrant',
  virsh: 'libvirt-clients',
  xz: 'xz-utils',
  zstd: 'zstd',
} as const

/** A program whose package is known. */
export type Tool = keyof typeof PACKAGES

/** Where the system's own programs are, also those that the PATH of an ordinary Debian user leaves out. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']

/** The Debian package that brings a program; undefined where none is known. */
export function packageOf(program: Tool): string
export function packageOf(program: string): string | undefined
export function packageOf(program: string): string | undefined {
  return Object.hasOwn(PACKAGES, program) ? PACKAGES[program as Tool] : undefined
}

/** The path of a program in the first of `folders` (PATH, and then the system's own) that has it; undefined where none has. */
export function findTool(
  program: string,
  folders = [...pathFolders(), ...SYSTEM_FOLDERS],
): string | undefined {
  return folders.map(folder => join(folder, program)).find(isProgram)
}

/**
 * What is missing when a program cannot be called by its name, because it is not on the PATH, with the package that brings
 * it; undefined when nothing is.
 */
export function missingTool(program: string): string | undefined {
  if (findTool(program, pathFolders()) !== undefined) return undefined
  const known = packageOf(program)
  return `'${program}' is not installed${known ? `: apt-get install ${known}` : ''}`
}

/**
 * The path of a program that there is no doing without; `purpose` follows "to" in the message. Throws LabError (exit 69),
 * with the package that brings it.
 */
export function requireTool(tool: Tool, purpose: string): string {
  const path = findTool(tool)
  if (path !== undefined) return path
  throw new LabError(
    `'${tool}' is not installed, and is needed to ${purpose}`,
    `apt-get install --no-install-recommends ${PACKAGES[tool]}`,
    EXIT.unavailable,
  )
}

/**
 * Puts the system's own folders that PATH lacks at its end, for this process and all that it starts: an ordinary Debian user
 * has none of `sbin`, where ip6tables, nft, sysctl and tcpdump are.
 */
export function completePath(): void {
  const folders = pathFolders()
  process.env.PATH = [...folders, ...SYSTEM_FOLDERS.filter(folder => !folders.includes(folder))].join(
    delimiter,
  )
}

/** The folders of PATH, in which a program is found that is called by its name. */
export function pathFolders(): string[] {
  return (process.env.PATH ?? '').split(delimiter).filter(folder => folder !== '')
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
