/** Audits of machines that are hard to read: in namespaces of their own, with an empty /run, so that the host is as before. */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { withDir } from 'tmp-promise'
import { projectRoot } from '../src/base/root.js'
import { findTool } from '../src/base/tools.js'
import type { AuditReport } from '../src/model/audit.js'
import { inOwnNamespaces } from './own-namespaces.js'

t.setTimeout(300_000)

const MAIN = join(projectRoot(), 'dist/src/cli/main.js')
const notRoot = process.getuid?.() === 0 ? false : 'it takes root'
const NOBODY = 65534
const AS_NOBODY = [
  'setpriv',
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  '--clear-groups',
  '--bounding-set=-all',
  '--inh-caps=-all',
]
/** Without what tap has every process of Node.js load, which writes into its folder. */
const AS_CALLED = ['env', '-u', 'NODE_OPTIONS']
/** Most of what takes memory: all scenarios, and the machine of the issue. */
const [RULES, DEVICES, MOST_MIB] = [1000, 200, 150]

interface Audited {
  /** What it printed, where that is a report. */
  readonly report: AuditReport | undefined
  readonly stderr: string
  readonly exitCode: number | undefined
}

/** An audit after some lines of shell; `programs` are scripts that stand before those of PATH. */
async function audited(
  lines: readonly string[],
  words: readonly string[],
  {
    programs = {},
    as = [],
  }: { readonly programs?: Readonly<Record<string, string>>; readonly as?: readonly string[] } = {},
): Promise<Audited> {
  return withDir(
    async ({ path }) => {
      const bin = join(path, 'bin')
      await mkdir(bin)
      await chmod(path, 0o755)
      for (const [name, script] of Object.entries(programs))
        await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
      const { stdout, stderr, exitCode } = await inOwnNamespaces(
        [
          'mount -t tmpfs none /run',
          'mkdir /run/netns',
          ...lines,
          `exec env -u NODE_OPTIONS "PATH=${bin}${delimiter}$PATH" "$@"`,
        ],
        [...as, process.execPath, MAIN, 'audit', '--json', ...words],
      )
      const report = stdout.startsWith('{') ? (JSON.parse(stdout) as AuditReport) : undefined
      return { report, stderr, exitCode }
    },
    { unsafeCleanup: true },
  )
}

/** A finding, or an error of one sentence with what to do: nothing that only the lab's own people understand. */
function isHonest(test: Test, { report, stderr, exitCode }: Audited, title: string): void {
  test.notMatch(stderr, /\n {4}at |TypeError|RangeError|ZodError|UnhandledPromise/, title)
  if (report) test.ok(report.findings.length > 0 && (exitCode === 0 || exitCode === 1), title)
  else test.match([exitCode, stderr], [2, /^lab: .+\n {2}→ .+/], title)
}

t.test('a namespace that vanishes during the audit', { skip: notRoot }, async test => {
  const real = findTool('iptables-nft-save') ?? ''
  const named = ['ip netns add going', 'ip -n going link add br0 type bridge stp_state 1 forward_delay 1500']
  const takesAway = (line: string) => ({ 'iptables-nft-save': `${line}\nexec ${real} "$@"` })
  for (const words of [['--netns', 'going'], []]) {
    const one = await audited([...named, 'ip -n going link set br0 up'], ['stp-forward-delay', ...words], {
      programs: takesAway('ip netns delete going 2> /dev/null'),
    })
    isHonest(test, one, `going, ${words.join(' ')}`)
    const found = one.report?.findings.find(({ netns }) => netns === 'going')
    test.match(found, { finding: 'exposed', places: [{ br0: 'br0' }] }, one.stderr)
  }
  const dies = await audited(
    [
      'unshare --net sleep 100 & echo $! > /run/pid',
      'until [ "$(readlink /proc/$(cat /run/pid)/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done',
    ],
    ['stp-forward-delay'],
    { programs: takesAway('kill -9 $(cat /run/pid) 2> /dev/null') },
  )
  isHonest(test, dies, 'a process that dies')
  test.equal(dies.report?.netns.length, 2, JSON.stringify(dies))
})

t.test('a namespace that is gone, or is none', { skip: notRoot }, async test => {
  const gone = await audited([], ['--netns', '4194303'])
  isHonest(test, gone, 'no such process')
  test.match(gone.stderr, /unknown namespace '4194303'/)
  // What `ip netns` leaves behind where somebody unmounts it.
  const left = [': > /run/netns/left']
  const all = await audited(left, ['stp-forward-delay'])
  isHonest(test, all, 'a name that is left, among all')
  test.match(all.report?.unread, [{ netns: 'left', what: 'the namespace', why: /EINVAL/ }])
  const one = await audited(left, ['--netns', 'left'])
  isHonest(test, one, 'a name that is left')
  test.match([one.exitCode, one.stderr], [2, /the namespace of left could not be read: .*EINVAL/])
})

t.test('devices of odd names', { skip: notRoot }, async test => {
  const names = [
    '$(x)',
    'a"b',
    "a'b",
    '{br0}',
    '..a',
    'é',
    '*',
    'eth0.7',
    '__proto__',
    'a;b',
    '[a-',
    '\\d+',
    '-x',
  ]
  const lines = names.flatMap(name => [
    `ip link add name '${name.replaceAll("'", "'\\''")}' type bridge stp_state 1 2> /dev/null || echo refused >> /run/refused`,
  ])
  const one = await audited([...lines, '[ ! -e /run/refused ] || [ $(wc -l < /run/refused) -lt 5 ]'], [])
  isHonest(test, one, 'all scenarios')
})

/** What programs may print in place of their rules: one audit each. */
const BROKEN: readonly (readonly [title: string, programs: Readonly<Record<string, string>>])[] = [
  [
    'nothing, a cut table, bytes, and other JSON',
    {
      'iptables-nft-save': 'exit 0',
      'ip6tables-nft-save':
        "printf '*nat\\n:PREROUTING ACCEPT [0:0]\\n-A PREROUTING -p tcp -j DNAT --to-dest'",
      'ebtables-nft-save': 'head -c 100000 /dev/urandom',
      nft: 'printf \'{"nftables": [{"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"match": null}]}}]}\'',
    },
  ],
  [
    'a jump without an end, a failure, an end by a signal, and cut JSON',
    {
      'iptables-nft-save':
        "printf '*nat\\n:PREROUTING ACCEPT [0:0]\\n:A - [0:0]\\n-A PREROUTING -j A\\n-A A -j A\\n-A A -g PREROUTING\\nCOMMIT\\n'",
      'ip6tables-nft-save': 'echo "it broke" >&2; exit 4',
      'ebtables-nft-save': 'kill -9 $$',
      nft: 'printf \'{"nftables": [{"chain": {"family": "ip"\'',
    },
  ],
]

t.test('programs that print something else, or fail', { skip: notRoot }, async test => {
  const lines = ['sysctl -qw net.ipv4.ip_forward=1']
  const audits: Audited[] = []
  for (const [title, programs] of BROKEN) {
    const one = await audited(lines, ['snat-port-race'], { programs })
    isHonest(test, one, title)
    audits.push(one)
  }
  const [, { report, stderr } = { report: undefined, stderr: '' }] = audits
  test.match(
    report?.findings,
    [
      {
        finding: 'cannot tell',
        missing:
          /ip6tables-nft-save, ebtables-nft-save, nft could not be read: it broke; .*SIGKILL.*; .*JSON/,
      },
    ],
    stderr,
  )
})

/** Whether the program can be read by an ordinary user here. */
async function whyNotNobody(): Promise<string | false> {
  if (notRoot) return notRoot
  const [file = '', ...args] = [...AS_NOBODY, ...AS_CALLED]
  const { exitCode, stderr } = await execa(file, [...args, process.execPath, MAIN, '--version'], {
    reject: false,
  })
  return exitCode === 0 ? false : `an ordinary user cannot read the program here: ${stderr.slice(0, 200)}`
}

t.test(
  'an ordinary user: what can be read is judged, what cannot is named with what helps',
  { skip: await whyNotNobody() },
  async test => {
    const unreadable = [
      '/etc/nftables.conf',
      '/etc/os-release',
      '/var/lib/dpkg/status',
      '/proc/sys/net/ipv4/ip_forward',
    ]
    const one = await audited(
      [
        'ip link add br0 type bridge stp_state 1 forward_delay 1500',
        'ip link add p0 type veth peer name p1',
        'ip link set p0 master br0 up',
        'ip link set br0 up',
        'ip netns add other',
        'touch /run/secret; chmod 0 /run/secret',
        ...unreadable.map(file => `[ ! -e ${file} ] || mount --bind /run/secret ${file}`),
      ],
      [],
      { as: AS_NOBODY },
    )
    isHonest(test, one, 'nobody')
    const { findings = [], unread = [], netns, distribution } = one.report ?? {}
    const of = (scenario: string) => findings.filter(finding => finding.scenario === scenario)
    test.same(netns, ['this'])
    test.equal(distribution, 'unknown')
    test.match(of('stp-forward-delay'), [{ finding: 'exposed', places: [{ br0: 'br0' }] }])
    test.match(of('snat-port-race'), [
      {
        finding: 'cannot tell',
        missing: /^forwarding of IPv4: net\/ipv4\/ip_forward could not be read: EACCES/,
      },
    ])
    test.match(of('accept-does-not-override'), [
      {
        finding: 'cannot tell',
        missing: /^a FORWARD policy DROP: .*iptables-nft-save.* could not be read: .*must be root/,
      },
    ])
    const takesRoot = unread.filter(({ remedy }) => remedy === 'root reads it: start it with sudo')
    test.match(takesRoot.map(({ what }) => what).join('\n'), /iptables-nft-save[\s\S]*net\/ipv4\/ip_forward/)
    test.match(unread, [{ netns: 'other', what: 'the namespace', why: /EPERM/, remedy: /root/ }])
  },
)

t.test(
  `${RULES} rules and ${DEVICES} devices take less than ${MOST_MIB} MiB`,
  { skip: notRoot },
  async test => {
    const links = Array.from(
      { length: DEVICES / 2 },
      (_, at) => `link add d${at} type veth peer name e${at}\nlink set d${at} up`,
    )
    const rules = Array.from(
      { length: RULES / 2 },
      (_, at) =>
        `-A PREROUTING -d 198.51.100.${at % 256}/32 -p tcp -m tcp --dport ${1000 + at} -j DNAT --to-destination 10.0.0.${at % 256}:80`,
    )
    const more = rules.map((_, at) => `-A POSTROUTING -s 10.0.${at % 256}.0/24 -o d${at % 100} -j MASQUERADE`)
    await withDir(
      async ({ path }) => {
        await writeFile(join(path, 'links'), `${links.join('\n')}\n`)
        await writeFile(
          join(path, 'rules'),
          [
            '*nat',
            ':PREROUTING ACCEPT [0:0]',
            ':POSTROUTING ACCEPT [0:0]',
            ...rules,
            ...more,
            'COMMIT',
            '',
          ].join('\n'),
        )
        const script = `set -e
ip -batch ${path}/links
iptables-nft-restore < ${path}/rules
sysctl -qw net.ipv4.ip_forward=1
exec "$@"`
        // Not getrusage(): its ru_maxrss begins with that of the process that has started this one.
        const tellsMemory = `data:text/javascript,import { readFileSync } from 'node:fs'; process.on('exit', () => console.error(readFileSync('/proc/self/status', 'utf8')))`
        const argv = [
          ...AS_CALLED,
          process.execPath,
          '--import',
          tellsMemory,
          MAIN,
          'audit',
          '--netns',
          'this',
          '--json',
        ]
        const { stdout, stderr } = await execa('unshare', ['--net', 'sh', '-c', script, 'sh', ...argv], {
          reject: false,
        })
        test.ok((JSON.parse(stdout) as AuditReport).findings.length > 0)
        const kib = Number(/^VmHWM:\s+(\d+) kB$/m.exec(stderr)?.[1])
        test.ok(kib / 1024 < MOST_MIB, `${Math.round(kib / 1024)} MiB`)
        test.comment(`${Math.round(kib / 1024)} MiB`)
      },
      { unsafeCleanup: true },
    )
  },
)
