/**
 * The small machine that the tests run lab/provision on: a clone of nothing but the script, a PATH whose apt-get,
 * dpkg-query, id, npm and systemctl are fakes that write down how they were called, and system folders of its own.
 */
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { isFile } from '../src/base/files.js'
import { repositoryFile } from '../src/base/root.js'

const BASE_PACKAGES = [
  'iproute2',
  'iptables',
  'nftables',
  'ebtables',
  'ethtool',
  'conntrack',
  'iputils-ping',
  'procps',
  'kmod',
  'util-linux',
  'radvd',
  'libvirt-daemon',
  'libvirt-clients',
  'tcpdump',
  'tshark',
  'ethtool',
]

/** Real tools that the script uses; everything else it must find among the fakes. */
const REAL_TOOLS =
  'awk bash cat chmod chown cmp cp cut dirname find flock grep head mkdir mktemp mv rm sed sh sleep sort tail touch tr'.split(
    ' ',
  )

/** What lab/provision came to. */
export interface ProvisionRun {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** What the fakes were called with, in order. */
  readonly calls: readonly string[]
}

/** A machine below a folder. */
export class SmallMachine {
  readonly clone: string
  readonly system: string
  /** Where a policy-rc.d is that forbids services to start. */
  readonly policy: string
  readonly #root: string
  readonly #log: string
  readonly #installed: string

  private constructor(root: string) {
    this.#root = root
    this.#log = join(root, 'calls')
    this.#installed = join(root, 'installed')
    this.clone = join(root, 'clone')
    this.system = join(root, 'system')
    this.policy = join(this.system, 'usr/sbin/policy-rc.d')
  }

  /** Makes one in a folder that is empty: every base package is installed, but no npm package. */
  static async make(root: string): Promise<SmallMachine> {
    const machine = new SmallMachine(root)
    await machine.#makeFiles()
    await machine.#linkTools()
    await machine.#makeFakes()
    await machine.installed(BASE_PACKAGES)
    return machine
  }

  /** The path of a fake. */
  program(name: string): string {
    return join(this.#root, 'bin', name)
  }

  /** Puts a shell script in a program's place; its `log` writes down its arguments. */
  async fake(name: string, script: string): Promise<void> {
    await writeFile(this.program(name), `#!/bin/bash\nlog() { echo "$*" >>'${this.#log}'; }\n${script}\n`)
    await chmod(this.program(name), 0o755)
  }

  /** Makes these the packages that are installed. */
  async installed(names: readonly string[]): Promise<void> {
    await writeFile(this.#installed, names.map(name => `${name}\n`).join(''))
  }

  /** The shell's word for the file with the packages that are installed, a line each. */
  get installedList(): string {
    return `'${this.#installed}'`
  }

  /** Runs lab/provision with these options as root, or with `as-user` before them as somebody else. */
  async run(...args: readonly string[]): Promise<ProvisionRun> {
    await writeFile(this.#log, '')
    const options = args.filter(arg => arg !== 'as-user')
    const result = await execa('/bin/bash', [join(this.clone, 'lab/provision'), ...options], {
      extendEnv: false,
      env: {
        PATH: `${join(this.#root, 'bin')}:${join(this.#root, 'real')}`,
        HOME: this.#root,
        TMPDIR: this.#root,
        FAKE_UID: args[0] === 'as-user' ? '1000' : '0',
        NETNS_LAB_SYSROOT: this.system,
        NETNS_LAB_PROGRESS_SECONDS: '1',
      },
      stdin: 'ignore',
      timeout: 60_000,
      reject: false,
    })
    const calls = (await readFile(this.#log, 'utf8')).split('\n').filter(line => line !== '')
    return { status: result.exitCode ?? 1, stdout: result.stdout, stderr: result.stderr, calls }
  }

  async #makeFiles(): Promise<void> {
    const driver = join(this.system, 'usr/lib/x86_64-linux-gnu/libvirt/connection-driver')
    for (const folder of ['lab', 'src']) await mkdir(join(this.clone, folder), { recursive: true })
    for (const folder of ['usr/sbin', 'var/lib/dpkg', 'var/lib/apt/lists'])
      await mkdir(join(this.system, folder), { recursive: true })
    await mkdir(driver, { recursive: true })
    await writeFile(join(driver, 'libvirt_driver_nwfilter.so'), '')
    await writeFile(join(this.system, 'var/lib/apt/lists/example_Packages'), '')
    await writeFile(join(this.clone, 'package.json'), '{}')
    await writeFile(join(this.clone, 'package-lock.json'), '{}')
    await writeFile(join(this.clone, 'src/main.ts'), '')
    await copyFile(repositoryFile('lab/provision'), join(this.clone, 'lab/provision'))
    await writeFile(this.#log, '')
  }

  /** In a folder of their own: a fake of the same name must never be written through a link to the real tool. */
  async #linkTools(): Promise<void> {
    const real = join(this.#root, 'real')
    await mkdir(real)
    for (const tool of REAL_TOOLS) {
      const path = [`/usr/bin/${tool}`, `/bin/${tool}`].find(isFile)
      await symlink(path ?? `/bin/${tool}`, join(real, tool))
    }
  }

  async #makeFakes(): Promise<void> {
    await mkdir(join(this.#root, 'bin'))
    await this.fake('id', 'if [ "$1" = -u ]; then echo "$FAKE_UID"; else echo somebody; fi')
    await this.fake('node', 'echo v20.20.2')
    await this.fake('systemctl', 'log systemctl "$@"')
    await this.fake(
      'dpkg-query',
      `case $1 in
         --show) while read -r name; do echo "$name installed"; done <${this.installedList}; exit 1 ;;
         --listfiles) echo /usr/lib/systemd/system/radvd.service ;;
       esac`,
    )
    await this.fake(
      'apt-cache',
      'shift; for name; do printf "%s:\\n  Installed: (none)\\n  Candidate: 1.0\\n" "$name"; done',
    )
    await this.fake(
      'apt-get',
      `log apt-get "$@"; echo "policy: $(tail -n 1 '${this.policy}')" >>'${this.#log}'`,
    )
    // `npm ci` brings a compiler that "compiles" src/main.ts.
    await this.fake(
      'npm',
      `log npm "$@"
       mkdir -p node_modules/.bin
       printf '#!/bin/sh\\necho tsc >>${this.#log}\\nmkdir -p dist/src\\n: >dist/src/main.js\\n' >node_modules/.bin/tsc
       chmod 755 node_modules/.bin/tsc
       : >node_modules/.package-lock.json`,
    )
  }
}

/** A test on a machine of its own, on which every base package is installed, but no npm package. */
export function onMachine(title: string, body: (s: typeof t, machine: SmallMachine) => Promise<void>) {
  return t.test(title, s =>
    withDir(async ({ path }) => body(s as typeof t, await SmallMachine.make(path)), { unsafeCleanup: true }),
  )
}

/** The base packages but these. */
export function without(...names: readonly string[]): string[] {
  return BASE_PACKAGES.filter(name => !names.includes(name))
}

/** How apt-get was called. */
export function aptCalls(run: ProvisionRun): string[] {
  return run.calls.filter(call => call.startsWith('apt-get'))
}
