import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { withDir } from 'tmp-promise'

// The small machine that lab/provision is run on here: a clone of nothing but the script, a PATH whose apt-get,
// dpkg-query, id, npm and systemctl are fakes that write down how they were called, and system folders of its own.

const BASE_PACKAGES = [
  'iproute2',
  'iptables',
  'nftables',
  'ebtables',
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
]

/** Real tools that the script uses; everything else it must find among the fakes. */
const REAL_TOOLS =
  'awk bash cat chmod chown cmp cp cut dirname find flock grep head mkdir mktemp mv rm sed sh sleep sort tail touch tr'.split(
    ' ',
  )

interface Run {
  status: number
  stdout: string
  stderr: string
  /** What the fakes were called with, in order. */
  calls: string[]
}

interface Machine {
  clone: string
  system: string
  policy: string
  fake(name: string, script: string): Promise<void>
  installed(names: string[]): Promise<void>
  run(...args: string[]): Promise<Run>
}

function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

const SOURCE = join(repositoryRoot(), 'lab', 'provision')

async function makeMachine(root: string): Promise<Machine> {
  const clone = join(root, 'clone')
  const system = join(root, 'system')
  const bin = join(root, 'bin')
  const real = join(root, 'real')
  const log = join(root, 'calls')
  const installedList = join(root, 'installed')
  const driver = join(system, 'usr/lib/x86_64-linux-gnu/libvirt/connection-driver')
  for (const folder of ['lab', 'src']) await mkdir(join(clone, folder), { recursive: true })
  for (const folder of ['usr/sbin', 'var/lib/dpkg', 'var/lib/apt/lists'])
    await mkdir(join(system, folder), { recursive: true })
  await mkdir(driver, { recursive: true })
  await mkdir(bin)
  await writeFile(join(driver, 'libvirt_driver_nwfilter.so'), '')
  await writeFile(join(system, 'var/lib/apt/lists/example_Packages'), '')
  await writeFile(join(clone, 'package.json'), '{}')
  await writeFile(join(clone, 'package-lock.json'), '{}')
  await writeFile(join(clone, 'src/main.ts'), '')
  await copyFile(SOURCE, join(clone, 'lab/provision'))
  await writeFile(log, '')

  async function fake(name: string, script: string): Promise<void> {
    const path = join(bin, name)
    await writeFile(path, `#!/bin/bash\nlog() { echo "$*" >>'${log}'; }\n${script}\n`)
    await chmod(path, 0o755)
  }

  // In a folder of their own: a fake of the same name must never be written through a link to the real tool.
  await mkdir(real)
  for (const tool of REAL_TOOLS)
    await symlink(existsSync(`/usr/bin/${tool}`) ? `/usr/bin/${tool}` : `/bin/${tool}`, join(real, tool))
  await fake('id', 'if [ "$1" = -u ]; then echo "$FAKE_UID"; else echo somebody; fi')
  await fake('node', 'echo v20.20.2')
  await fake('systemctl', 'log systemctl "$@"')
  await fake(
    'dpkg-query',
    `case $1 in
       --show) while read -r name; do echo "$name installed"; done <'${installedList}'; exit 1 ;;
       --listfiles) echo /usr/lib/systemd/system/radvd.service ;;
     esac`,
  )
  await fake(
    'apt-cache',
    'shift; for name; do printf "%s:\\n  Installed: (none)\\n  Candidate: 1.0\\n" "$name"; done',
  )
  await fake(
    'apt-get',
    `log apt-get "$@"; echo "policy: $(tail -n 1 '${system}/usr/sbin/policy-rc.d')" >>'${log}'`,
  )
  // `npm ci` brings a compiler that "compiles" src/main.ts.
  await fake(
    'npm',
    `log npm "$@"
     mkdir -p node_modules/.bin
     printf '#!/bin/sh\\necho tsc >>${log}\\nmkdir -p dist/src\\n: >dist/src/main.js\\n' >node_modules/.bin/tsc
     chmod 755 node_modules/.bin/tsc
     : >node_modules/.package-lock.json`,
  )

  return {
    clone,
    system,
    policy: join(system, 'usr/sbin/policy-rc.d'),
    fake,
    installed: names => writeFile(installedList, names.map(name => `${name}\n`).join('')),
    run: async (...args) => {
      await writeFile(log, '')
      const uid = args[0] === 'as-user' ? '1000' : '0'
      const options = args.filter(arg => arg !== 'as-user')
      const env = {
        PATH: `${bin}:${real}`,
        HOME: root,
        TMPDIR: root,
        FAKE_UID: uid,
        NETNS_LAB_SYSROOT: system,
      }
      return new Promise<Run>(resolve => {
        const script = join(clone, 'lab/provision')
        execFile(
          '/bin/bash',
          [script, ...options],
          { env, timeout: 60_000 },
          async (error, stdout, stderr) => {
            const status = error ? Number(error.code ?? 1) : 0
            const calls = (await readFile(log, 'utf8')).split('\n').filter(line => line !== '')
            resolve({ status, stdout, stderr, calls })
          },
        )
      })
    },
  }
}

/** A test on a machine of its own, on which every base package is installed, but no npm package. */
function onMachine(title: string, body: (s: typeof t, machine: Machine) => Promise<void>) {
  return t.test(title, s =>
    withDir(
      async ({ path }) => {
        const machine = await makeMachine(path)
        await machine.installed(BASE_PACKAGES)
        await body(s as typeof t, machine)
      },
      { unsafeCleanup: true },
    ),
  )
}

const without = (...names: string[]) => BASE_PACKAGES.filter(name => !names.includes(name))
const aptCalls = (run: Run) => run.calls.filter(call => call.startsWith('apt-get'))

await onMachine('a fresh clone gets its npm packages and its build', async (s, machine) => {
  const run = await machine.run()
  s.equal(run.status, 0, run.stderr)
  s.match(run.calls, [/^npm ci --include=dev/, /^tsc$/])
  s.equal(run.stdout, '', 'standard output stays clean')
  s.match(run.stderr, /npm ci/)
})

await onMachine('it is quiet, and calls nothing, when nothing is missing', async (s, machine) => {
  await machine.run()
  s.strictSame(await machine.run(), { status: 0, stdout: '', stderr: '', calls: [] })
  s.equal((await machine.run('--check')).status, 0)
})

await onMachine('a source newer than the build is built, and nothing else is done', async (s, machine) => {
  await machine.run()
  const later = Date.now() / 1000 + 5
  await utimes(join(machine.clone, 'src/main.ts'), later, later)
  s.strictSame((await machine.run()).calls, ['tsc'])
})

await onMachine('what was built from a source that is gone is removed', async (s, machine) => {
  await machine.run()
  const orphan = join(machine.clone, 'dist/src/gone.test.js')
  await writeFile(orphan, '')
  await writeFile(join(machine.clone, 'src/new.ts'), '')
  await machine.run()
  s.notOk(existsSync(orphan))
  s.ok(existsSync(join(machine.clone, 'dist/src/main.js')))
})

await onMachine('a changed package-lock.json brings the npm packages again', async (s, machine) => {
  await machine.run()
  const lock = join(machine.clone, 'package-lock.json')
  const later = Date.now() / 1000 + 5
  await utimes(lock, later, later)
  s.notOk(
    (await machine.run()).calls.some(call => call.startsWith('npm')),
    'touched only',
  )
  await writeFile(lock, '{"changed":true}')
  await utimes(lock, later, later)
  s.ok(
    (await machine.run()).calls.some(call => call.startsWith('npm ci')),
    'changed',
  )
})

await onMachine('a failed build is told, and tried again the next time', async (s, machine) => {
  await machine.run()
  const compiler = join(machine.clone, 'node_modules/.bin/tsc')
  await writeFile(compiler, '#!/bin/sh\necho "src/main.ts(1,1): error" \nexit 2\n')
  await writeFile(join(machine.clone, 'src/other.ts'), '')
  for (const attempt of ['first', 'second']) {
    const run = await machine.run()
    s.equal(run.status, 1, attempt)
    s.match(run.stderr, /error[\s\S]*the build failed/)
    s.equal(run.stdout, '')
  }
})

await onMachine('as root it installs just what is missing, and starts no service', async (s, machine) => {
  await machine.installed(without('radvd', 'tshark'))
  const run = await machine.run('--packages')
  s.equal(run.status, 0, run.stderr)
  s.match(aptCalls(run), [/ install -y --no-install-recommends radvd tshark$/])
  s.ok(run.calls.includes('policy: exit 101'), 'policy-rc.d forbids starts meanwhile')
  s.notOk(existsSync(machine.policy), 'and is gone afterwards')
})

await onMachine('a daemon that it brings is not enabled either', async (s, machine) => {
  await machine.installed(without('radvd'))
  await machine.fake('apt-get', 'echo "Selecting previously unselected package radvd."')
  const run = await machine.run('--packages')
  s.strictSame(run.calls, ['systemctl disable radvd.service'])
})

await onMachine("the machine's own policy-rc.d is left alone", async (s, machine) => {
  await machine.installed(without('radvd'))
  await writeFile(machine.policy, '#!/bin/sh\nexit 0\n')
  const run = await machine.run('--packages')
  s.ok(run.calls.includes('policy: exit 0'))
  s.equal(await readFile(machine.policy, 'utf8'), '#!/bin/sh\nexit 0\n')
})

await onMachine(
  'when apt fails it tries once more with new lists, then says what to do',
  async (s, machine) => {
    await machine.installed(without('radvd'))
    await machine.fake('apt-get', 'log apt-get "$@"; echo "E: no route to the archive"; exit 100')
    const run = await machine.run()
    s.equal(run.status, 69)
    s.match(aptCalls(run), [/ install /, / update$/, / install /])
    s.match(
      run.stderr,
      /could not install: radvd[\s\S]*no route to the archive[\s\S]*apt-get update && apt-get install/,
    )
    s.notOk(existsSync(machine.policy), 'policy-rc.d is taken away after a failure')
    s.ok(run.calls.includes('tsc'), 'the rest is made ready all the same')
  },
)

await onMachine('policy-rc.d is taken away when it is ended by a signal', async (s, machine) => {
  await machine.installed(without('radvd'))
  await machine.fake('apt-get', 'log apt-get; kill -TERM "$PPID"; sleep 0.2')
  const run = await machine.run('--packages')
  s.equal(run.status, 143)
  s.equal(aptCalls(run).length, 1)
  s.notOk(existsSync(machine.policy))
})

await onMachine('a policy-rc.d left by a killed run is taken away by the next', async (s, machine) => {
  await machine.installed(without('radvd'))
  await machine.fake('apt-get', 'kill -KILL "$PPID"')
  await machine.run('--packages')
  s.ok(existsSync(machine.policy), 'kill -9 leaves it')
  await machine.fake('apt-get', 'true')
  await machine.run('--packages')
  s.notOk(existsSync(machine.policy))
})

await onMachine('without package lists it fetches them first', async (s, machine) => {
  await machine.installed(without('radvd'))
  const lists = join(machine.system, 'var/lib/apt/lists/example_Packages')
  await machine.fake('apt-get', `log apt-get "$@"; case "$*" in *update) : >'${lists}' ;; esac`)
  await rm(lists)
  const run = await machine.run('--packages')
  s.equal(run.status, 0, run.stderr)
  s.match(aptCalls(run), [/ update$/, / install .* radvd$/])
})

await onMachine('an ordinary user is told the one line, and goes on', async (s, machine) => {
  await machine.installed(without('radvd', 'tshark'))
  const run = await machine.run('as-user')
  s.equal(run.status, 0)
  s.match(run.stderr, /^ +sudo apt-get install -y --no-install-recommends radvd tshark$/m)
  s.strictSame(aptCalls(run), [])
  s.ok(run.calls.includes('tsc'))
  s.equal(run.stdout, '')
})

await onMachine('--check names what is missing, changes nothing and exits 1', async (s, machine) => {
  await machine.installed(without('conntrack'))
  const run = await machine.run('--check')
  s.equal(run.status, 1)
  s.match(run.stderr, /missing Debian packages: conntrack[\s\S]*npm packages[\s\S]*build/)
  s.strictSame(run.calls, [])
  s.notOk(existsSync(join(machine.clone, 'dist')))
})

await onMachine('the package sets are added on demand', async (s, machine) => {
  const kernels = await machine.run('--packages', '--kernels')
  s.match(aptCalls(kernels), [/ busybox-static cpio qemu-system-x86 xz-utils zstd$/])
  const compiler = await machine.run('--packages', '--kernel-build')
  s.match(aptCalls(compiler), [/ bc bison .*flex gcc .*libelf-dev libssl-dev make /])
})

await onMachine(
  'the nwfilter driver is looked for as a file, since its package varies',
  async (s, machine) => {
    await rm(join(machine.system, 'usr/lib'), { recursive: true })
    s.match(aptCalls(await machine.run('--packages')), [/ libvirt-daemon-driver-nwfilter$/])
  },
)

await onMachine('a package that the release lacks is named, unless it is optional', async (s, machine) => {
  await machine.installed(without('ebtables', 'radvd'))
  await machine.fake(
    'apt-cache',
    `shift
     for name; do
       case $name in ebtables | vagrant) version='(none)' ;; *) version=1.0 ;; esac
       printf '%s:\\n  Candidate: %s\\n' "$name" "$version"
     done`,
  )
  const run = await machine.run('--packages', '--test-tools')
  s.equal(run.status, 0)
  s.match(aptCalls(run), [/ radvd shellcheck$/])
  s.match(run.stderr, /no package ebtables/)
  s.notMatch(run.stderr, /vagrant/)
})

for (const [version, wanted] of [
  ['v18.20.4', 69],
  ['v20.9.0', 69],
  ['v20.11.0', 0],
  ['v22.1.0', 0],
] as const) {
  await onMachine(
    `Node.js ${version} is ${wanted ? 'refused, with a remedy' : 'accepted'}`,
    async (s, machine) => {
      await machine.fake('node', `echo ${version}`)
      const run = await machine.run()
      s.equal(run.status, wanted)
      if (!wanted) return
      s.match(run.stderr, new RegExp(`20\\.11 or newer is needed; .* is ${version}[\\s\\S]*nvm install 20`))
      s.strictSame(run.calls, [], 'nothing is installed')
    },
  )
}

await onMachine('no Node.js at all is told as such', async (s, machine) => {
  await machine.fake('node', '')
  await rm(join(dirname(machine.clone), 'bin/node'))
  const run = await machine.run()
  s.equal(run.status, 69)
  s.match(run.stderr, /no `node` on the PATH[\s\S]*nodejs\.org/)
})

await onMachine(
  'another distribution gets the names of the missing tools, and goes on',
  async (s, machine) => {
    await rm(join(dirname(machine.clone), 'bin/dpkg-query'))
    await machine.fake('ip', '')
    const run = await machine.run()
    s.equal(run.status, 0)
    s.match(run.stderr, /Missing here: conntrack ebtables iptables libvirtd modprobe nft .*virsh$/m)
    s.ok(run.calls.includes('tsc'))
    s.equal((await machine.run('--check')).status, 1)
  },
)

await onMachine('two at once do not collide: the second waits and has nothing to do', async (s, machine) => {
  await machine.installed(without('radvd'))
  await machine.fake(
    'apt-get',
    `log apt-get; sleep 0.5; echo radvd >>'${join(dirname(machine.clone), 'installed')}'`,
  )
  const [one, two] = await Promise.all([machine.run('--packages'), machine.run('--packages')])
  s.equal(one.status + two.status, 0)
  s.match(one.stderr + two.stderr, /waiting for another/)
  s.equal((one.stderr + two.stderr).match(/installing radvd/g)?.length, 1)
})

await onMachine('an unknown option is a usage error, and --help is none', async (s, machine) => {
  const wrong = await machine.run('--kernel')
  s.equal(wrong.status, 2)
  s.match(wrong.stderr, /unknown option: --kernel[\s\S]*Usage:/)
  const help = await machine.run('--help')
  s.equal(help.status, 0)
  s.match(help.stdout, /Usage: lab\/provision[\s\S]*Examples:/)
})

await onMachine(
  'a lock file that npm ci refuses as incomplete is installed from all the same',
  async (s, machine) => {
    const npm = await readFile(join(dirname(machine.clone), 'bin/npm'), 'utf8')
    await machine.fake(
      'npm',
      `[ "$1" != ci ] || { log npm ci; echo 'npm error code EUSAGE'; exit 1; }\n${npm}`,
    )
    const run = await machine.run()
    s.equal(run.status, 0, run.stderr)
    s.match(run.calls, [/^npm ci/, /^npm install --no-save/, /^tsc$/])
  },
)

await onMachine('a failed npm ci is told with its last words', async (s, machine) => {
  await machine.fake('npm', 'echo "npm error network unreachable"; exit 1')
  const run = await machine.run()
  s.equal(run.status, 69)
  s.match(run.stderr, /network unreachable[\s\S]*npm ci/)
  s.equal(run.stdout, '')
})
