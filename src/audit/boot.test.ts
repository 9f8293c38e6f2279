import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { type Finding, NOTHING_FOUND, type Unread } from '../model/audit.js'
import { afterBoot, readBoot } from './boot.js'
import { writtenFacts } from './facts.fixture.js'
import { Facts } from './facts.js'
import { parseNft } from './nft-json.js'
import { chainKey } from './rules.js'

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-POSTROUTING - [0:0]
-A POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE --random-fully
-A KUBE-POSTROUTING -j MASQUERADE --random-fully
COMMIT
*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 127.0.0.0/8 ! -i lo -j DROP
COMMIT
`
const KEY = 'net/ipv4/conf/all/src_valid_mark'
const FACTS = {
  snat: 'snat 1: out eth0 src 10.0.0.0/24 MASQUERADE to any ports all random random-fully leaving yes by rule iptables nat POSTROUTING 1',
  raw: 'rule iptables raw PREROUTING 1: -d 127.0.0.0/8 ! -i lo -j DROP',
  kube: 'snat 2: out any src any MASQUERADE to any ports all random random-fully leaving no by rule iptables nat KUBE-POSTROUTING 1',
  sysctl: `sysctl ${KEY}: 1`,
  link: 'link veth7 hairpin_mode: on',
} as const

/** What a boot makes of each of the facts, on a machine with these files. */
async function booted(files: Readonly<Record<string, string>>) {
  return withDir(
    async ({ path }) => {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(path, name)), { recursive: true })
        await writeFile(join(path, name), text)
      }
      const unread: Unread[] = []
      const boot = readBoot(path, () => [KEY], unread)
      const facts = writtenFacts({ iptables: RULES, sysctls: { [KEY]: '1' } })
      const found = Object.entries(FACTS).map(([name, fact]) => [name, boot.becomes(fact, facts)])
      return {
        ...Object.fromEntries(found.filter(([, text]) => text !== undefined)),
        unread,
        files: boot.files,
      } as Record<string, unknown>
    },
    { unsafeCleanup: true },
  )
}

const ENABLED = { 'etc/systemd/system/multi-user.target.wants/netfilter-persistent.service': '' }

t.test('of a machine without saved rules nothing is said, nor of what its file keeps', async test => {
  test.same(await booted({}), { unread: [], files: [] })
  test.same(await booted({ ...ENABLED, 'etc/iptables/rules.v4': RULES }), {
    unread: [],
    files: ['/etc/iptables/rules.v4'],
  })
})

t.test('a rule that was saved with less, that was not saved, and a file that nothing loads', async test => {
  const saved = RULES.replace(' -o eth0 -j MASQUERADE --random-fully', ' -o eth0 -j MASQUERADE').replace(
    /\*raw[\s\S]*/,
    '',
  )
  test.match(await booted({ ...ENABLED, 'etc/iptables/rules.v4': saved }), {
    snat: '/etc/iptables/rules.v4 has it as -s 10.0.0.0/24 -o eth0 -j MASQUERADE',
    raw: 'it is not in /etc/iptables/rules.v4: iptables-save > /etc/iptables/rules.v4',
    kube: undefined,
    link: undefined,
  })
  test.match(await booted({ 'etc/iptables/rules.v4': RULES, 'etc/systemd/system/x.wants/ssh.service': '' }), {
    snat: 'it is in /etc/iptables/rules.v4, which no unit loads: systemctl enable netfilter-persistent',
  })
})

t.test('a table of nftables that its file has not', async test => {
  const chain = { family: 'inet', table: 'own', name: 'fwd' }
  const rule = { rule: { family: 'inet', table: 'own', chain: 'fwd', expr: [{ drop: null }] } }
  const chains = parseNft(JSON.stringify({ nftables: [{ chain }, rule] }), new Set())
  const sets = new Map(chains.map(one => [chainKey(one), one]))
  const facts = new Facts('this', new Map(), sets, new Map(), () => undefined)
  const said = (text: string) =>
    withDir(
      async ({ path }) => {
        await mkdir(join(path, 'etc'))
        await writeFile(join(path, 'etc/nftables.conf'), text)
        return readBoot(path, () => [], []).becomes('rule nft inet own fwd 1: -j DROP', facts)
      },
      { unsafeCleanup: true },
    )
  test.equal(await said('table inet filter {\n}\n'), 'table inet own is not in /etc/nftables.conf')
  test.equal(await said('flush ruleset\ntable inet own {\n}\n'), undefined)
  test.equal(await said('include "/etc/nftables.d/*.nft"\n'), undefined, 'another file may have it')
})

t.test('a sysctl that a file sets otherwise is that after a boot', async test => {
  const file = 'etc/sysctl.d/90-own.conf'
  test.match(await booted({ [file]: 'net.ipv4.conf.all.src_valid_mark = 0\n' }), {
    sysctl: '0 by /etc/sysctl.d/90-own.conf',
  })
  test.same((await booted({ [file]: 'net.ipv4.conf.all.src_valid_mark = 1\n' })).sysctl, undefined)
})

t.test('it is said of what holds something in the machine’s own namespace', async test => {
  const finding = (netns: string): Finding => ({
    scenario: 'one',
    title: '',
    netns,
    ...NOTHING_FOUND,
    finding: 'relies on',
    holders: [{ by: 'x=1', facts: [FACTS.sysctl, FACTS.raw] }],
  })
  const boot = { files: [], becomes: (fact: string) => (fact === FACTS.raw ? 'gone' : undefined) }
  const found = afterBoot([finding('this'), finding('other')], [writtenFacts({})], boot)
  test.same(
    found.map(({ holders }) => holders[0]?.boot),
    ['gone', undefined],
  )
  test.same(afterBoot([finding('other')], [], boot), [finding('other')])
})
