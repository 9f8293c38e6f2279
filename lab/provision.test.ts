/** What lab/provision does about Debian packages, and its options. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { aptCalls, onMachine, without } from './small-machine.js'

await onMachine('as root it installs just what is missing, and starts no service', async (s, machine) => {
  await machine.installed(without('radvd', 'tshark'))
  const run = await machine.run('--packages')
  s.equal(run.status, 0, run.stderr)
  s.match(aptCalls(run), [/ install -y --no-install-recommends radvd tshark$/])
  s.ok(run.calls.includes('policy: exit 101'), 'policy-rc.d forbids starts meanwhile')
  s.notOk(existsSync(machine.policy), 'and is gone afterwards')
})

await onMachine('a long installation shows how far it is', async (s, machine) => {
  await machine.installed(without('radvd'))
  const said = 'echo "0 upgraded, 2 newly installed, 0 to remove"; echo "Setting up libx (1)..."'
  await machine.fake('apt-get', `${said}; sleep 2.1; echo "Setting up radvd (2.19-1) ..."`)
  const slow = await machine.run('--packages')
  s.equal(slow.status, 0, slow.stderr)
  s.match(slow.stderr, /installing radvd\n +2 of 2 packages are ready; Setting up radvd$/)
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
  s.match(aptCalls(kernels), [/ busybox-static cpio debian-archive-keyring qemu-system-x86 xz-utils zstd$/])
  const distros = await machine.run('--packages', '--distros')
  s.match(aptCalls(distros), [/ debian-archive-keyring mmdebstrap squashfs-tools uidmap zstd$/])
  const compiler = await machine.run('--packages', '--kernel-build')
  s.match(aptCalls(compiler), [/ bc bison .*flex gcc .*libelf-dev libssl-dev make /])
})

await onMachine(
  'the nwfilter driver is looked for as a file, since its package varies',
  async (s, machine) => {
    await rm(join(machine.system, 'usr/lib'), { recursive: true })
    s.match(aptCalls(await machine.run('--packages')), [/ libvirt-daemon-driver-nwfilter$/])
    const fedora = join(machine.system, 'usr/lib64/libvirt/connection-driver')
    await mkdir(fedora, { recursive: true })
    await writeFile(join(fedora, 'libvirt_driver_nwfilter.so'), '')
    s.strictSame(aptCalls(await machine.run('--packages')), [])
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

await onMachine(
  'another distribution gets the names of the missing tools, and goes on',
  async (s, machine) => {
    await rm(machine.program('dpkg-query'))
    await machine.fake('ip', '')
    const run = await machine.run()
    s.equal(run.status, 0)
    s.match(run.stderr, /Missing here: conntrack ebtables ethtool iptables libvirtd modprobe nft .*virsh$/m)
    s.ok(run.calls.includes('tsc'))
    s.equal((await machine.run('--check')).status, 1)
  },
)

await onMachine('two at once do not collide: the second waits and has nothing to do', async (s, machine) => {
  await machine.installed(without('radvd'))
  await machine.fake('apt-get', `log apt-get; sleep 0.5; echo radvd >>${machine.installedList}`)
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
