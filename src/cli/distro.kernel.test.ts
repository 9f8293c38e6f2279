/** One release for real: made from the mirror, entered, and asked for its defaults; the others where they are in the cache. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getuid } from 'node:process'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { missingTool } from '../base/tools.js'
import type { NamedDefaults } from '../distro/defaults-diff.js'
import { DistroError } from '../distro/error.js'
import { fetchRoot } from '../distro/fetch.js'
import { findRelease, RELEASES } from '../distro/releases.js'
import { type FetchedRoot, fetchedRoots } from '../distro/store.js'
import { reportSchema } from '../model/report.js'
import type { UpgradeReport } from '../upgrade/report.js'
import { lab } from './cli.fixture.js'

t.setTimeout(600_000)

/** What the machine's own apt and dpkg know: their files, with sizes and times. */
function packageState(): Set<string> {
  const found = new Set<string>()
  const visit = (path: string) => {
    if (!existsSync(path)) return
    const status = statSync(path)
    if (status.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name))
    else found.add(`${path} ${status.size} ${status.mtimeMs}`)
  }
  for (const path of ['/var/lib/dpkg', '/var/lib/apt', '/var/cache/apt', '/etc/apt']) visit(path)
  return found
}

/** The root of the oldest release, made anew; why it cannot be, where it cannot. */
async function made(): Promise<FetchedRoot | string> {
  const lacks = ['mmdebstrap', 'tar'].flatMap(tool => missingTool(tool) ?? [])
  if (lacks[0] !== undefined) return lacks[0]
  try {
    return await fetchRoot('debian:11', { update: true })
  } catch (error) {
    if (error instanceof DistroError && ['no-network', 'expired'].includes(error.code)) return error.message
    throw error
  }
}

const [earlier] = await fetchedRoots(findRelease('debian:11'))
const before = packageState()
const root = await made()
const after = packageState()
const skip = typeof root === 'string' && root

t.test('a root is made without the machine’s own apt and dpkg noticing', { skip }, async test => {
  const changed = [...before, ...after].filter(file => !before.has(file) || !after.has(file))
  test.same(changed, [], 'nothing else on this machine has packages installed meanwhile, either')
  if (typeof root === 'string') return
  test.match(root.packages, { iproute2: /^5\.10/, nftables: /^0\.9\.8/ })
  const own = ['netns-lab', 'node', 'nodejs'].filter(name => existsSync(join(root.root, 'usr/bin', name)))
  test.same(own, [], 'nothing of the lab is in it')
  const sameArchive = earlier?.date === root.date && earlier.digest === root.digest
  test.equal(earlier?.image, root.image, {
    skip: !sameArchive && 'there is no earlier root of the same packages and state of the archive',
  })
})

for (const rootless of getuid?.() === 0 ? [false, true] : [true])
  t.test(
    `a run has that release’s tools, on the running kernel${rootless ? ', rootless' : ''}`,
    { skip },
    async test => {
      const { exitCode, stdout, stderr } = await lab([
        ...['run', 'lan-dnat-without-snat', '--distro', 'debian:11', '--json', '-'],
        ...(rootless ? ['--rootless'] : []),
      ])
      test.equal(exitCode, 0, stderr)
      const { machine, scenarios } = reportSchema.parse(JSON.parse(stdout.slice(stdout.indexOf('{\n'))))
      test.match(machine.userland, { id: 'debian:11', version: /^11\./, packages: { iptables: /^1\.8\.7/ } })
      test.match(machine.tools.nft, /0\.9\.8/)
      test.match(scenarios, [{ verdict: 'confirmed' }])
    },
  )

t.test('a report is written where it was asked for, and not into the root', { skip }, async test => {
  await withDir(
    async ({ path }) => {
      const file = join(path, 'report.json')
      const run = await lab(['run', 'lan-dnat-without-snat', '--distro', 'debian:11', '--json', file])
      test.equal(run.exitCode, 0, run.stderr)
      test.match(reportSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).machine.userland?.id, 'debian:11')
      const refused = await lab(['run', '--distro', 'debian:11', '--json', '/etc/report.json'])
      test.equal(refused.exitCode, 2)
      test.match(refused.stderr, /\/etc is another folder/)
    },
    { unsafeCleanup: true },
  )
})

t.test('nodes get what the release and one’s own files set, and the report says so', { skip }, async test => {
  await withDir(
    async ({ path }) => {
      const file = join(path, '90-own.conf')
      writeFileSync(file, 'net.ipv4.conf.*.promote_secondaries = 1\n')
      const out = join(path, 'out')
      const run = await lab([
        ...['run', 'lan-dnat-without-snat', '--distro', 'debian:11'],
        ...['--sysctl', file, '--out', out],
      ])
      test.equal(run.exitCode, 0, run.stderr)
      const report = reportSchema.parse(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')))
      const own = { value: '1', file: '/etc/sysctl.d/90-own.conf' }
      test.match(
        report.machine.defaults?.find(({ sysctl }) => sysctl === 'net.ipv4.conf.eth0.promote_secondaries'),
        own,
      )
      const events = readFileSync(join(out, 'events.ndjson'), 'utf8')
      test.match(events, /"net\.ipv4\.conf\.veth-[a-z]+\.promote_secondaries=1"/)
    },
    { unsafeCleanup: true },
  )
})

t.test(
  'nft loses --random-fully of that release’s iptables, and iptables-save does not',
  { skip },
  async test => {
    const { exitCode, stdout, stderr } = await lab([
      ...['run', 'snat-port-race', '--toggle', 'random-fully', '--distro', 'debian:11'],
      ...['--iptables', 'nft', '--persist', 'both', '--json', '-'],
    ])
    if (exitCode === 4) {
      test.pass('lost', { skip: stderr.trim().slice(0, 200) })
      return
    }
    test.equal(exitCode, 0, stderr)
    const { scenarios } = reportSchema.parse(JSON.parse(stdout.slice(stdout.indexOf('{\n'))))
    const lost = scenarios[0]?.trials.filter(
      ({ phase, outcome, probe }) =>
        phase === 'persisted' && outcome === 'fails' && probe !== 'many-connections',
    )
    test.ok(lost && lost.length > 0)
    for (const { toggles, persisted, tools } of lost ?? [])
      test.match(
        { toggles, persisted, tools },
        {
          toggles: { 'random-fully': 'random-fully', 'nat-target': 'MASQUERADE' },
          persisted: 'nft',
          tools: { iptables: { before: '1.8.9' } },
        },
      )
  },
)

const both = (
  await Promise.all(['debian:12', 'debian:13'].map(name => fetchedRoots(findRelease(name))))
).every(roots => roots.length > 0)
t.test(
  'an upgrade that makes strict filtering loose says so, names the file, and shows it by a packet',
  { skip: !both && 'debian:12 and debian:13 are not in the cache: lab distro fetch debian:12 debian:13' },
  async test => {
    await withDir(
      async ({ path }) => {
        const files = ['99-hardening.conf', 'sysctl.conf'].map(name => join(path, name))
        const [hardening = '', own = ''] = files
        const keys = ['all', 'default'].map(device => `net.ipv4.conf.${device}.rp_filter=1\n`)
        writeFileSync(hardening, keys.join(''))
        writeFileSync(own, 'net.ipv4.conf.all.accept_local=1\n')
        const rules = join(path, 'rules.v4')
        const words = '-s 10.0.0.0/24 -m conntrack ! --ctstate DNAT -j ACCEPT'
        writeFileSync(rules, `*nat\n-A POSTROUTING ${words}\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n`)
        const { exitCode, stdout, stderr } = await lab([
          ...['upgrade', 'debian:12', 'debian:13', 'rp-filter-loopback-redirect', '--no-guests'],
          ...files.flatMap(file => ['--sysctl', file]),
          ...['--rules', rules, '--out', join(path, 'out')],
        ])
        test.equal(exitCode, 1, stderr)
        test.match(
          stdout,
          /neither release keeps\n +saved by nft, ! --ctstate is lost.*\n +saved as: ip saddr 10\.0\.0\.0\/24 ct status dnat accept\n.*of both releases/,
        )
        test.match(stdout, /reverse path filter: strict → loose\n.*dropped on debian:12, taken on debian:13/)
        test.match(
          stdout,
          /defaults: net\.ipv4\.conf\.eth0\.rp_filter 1 \(\S+99-hardening\.conf\) → 2 \(\S+50-default\.conf\)/,
        )
        test.match(stdout, /accept_local 1 .*\n.*no longer applied at boot: move it/)
        const written = JSON.parse(readFileSync(join(path, 'out/upgrade.json'), 'utf8')) as UpgradeReport
        test.match(written.moved[0], { cause: 'defaults', probe: 'other-device-redirect', stops: true })
      },
      { unsafeCleanup: true },
    )
  },
)

for (const release of RELEASES) {
  const { name } = release
  const here = (await fetchedRoots(release)).length > 0
  t.test(
    `${name}: its own systemd-sysctl sets what its files say, as computed`,
    { skip: !here && `it is not in the cache: lab distro fetch ${name}` },
    async test => {
      const { exitCode, stdout, stderr } = await lab(['distro', 'defaults', name, '--json'])
      test.equal(exitCode, 0, stderr)
      test.same((JSON.parse(stdout) as NamedDefaults).differs, [])
      await withDir(
        async ({ path }) => {
          const files = { 'sysctl.conf': 'accept_local', '99-hardening.conf': 'rp_filter' }
          for (const [file, key] of Object.entries(files))
            writeFileSync(join(path, file), `net.ipv4.conf.all.${key}=1\nnet.ipv4.conf.default.${key}=1\n`)
          const own = await lab([
            ...['distro', 'defaults', name, '--json'],
            ...Object.keys(files).flatMap(file => ['--sysctl', join(path, file)]),
          ])
          test.equal(own.exitCode, 0, own.stderr)
          const { settings, ignored, differs } = JSON.parse(own.stdout) as NamedDefaults
          test.same(differs, [])
          const value = (sysctl: string) => settings.find(setting => setting.sysctl === sysctl)?.value
          const old = ['debian:11', 'debian:12'].includes(name)
          test.equal(value('net.ipv4.conf.eth0.rp_filter'), old ? '1' : '2')
          test.equal(value('net.ipv4.conf.all.accept_local'), old ? '1' : undefined)
          test.equal(ignored.length, old ? 0 : 2)
        },
        { unsafeCleanup: true },
      )
    },
  )
}
