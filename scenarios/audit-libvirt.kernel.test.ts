import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { dir } from 'tmp-promise'
import { projectRoot } from '../src/base/root.js'
import { missingTool } from '../src/base/tools.js'
import { libvirtDriver } from '../src/kernel/libvirt.js'
import type { AuditReport } from '../src/model/audit.js'
import { KNOWN_MACHINES } from './known-machines.js'
import { inOwnNamespaces } from './own-namespaces.js'

t.setTimeout(120_000)

const MAIN = join(projectRoot(), 'dist/src/cli/main.js')
const KNOWN = KNOWN_MACHINES['libvirt’s default network']
const DRIVERS = (['network', 'nwfilter'] as const).map(name => libvirtDriver(name))
/** What libvirtd writes to, each replaced by an empty one of the test’s own. */
const FOLDERS = ['/etc/libvirt', '/var/lib', '/var/cache', '/var/log', '/run']

function whySkipped(): string | false {
  if (process.getuid?.() !== 0) return 'it takes root'
  const missing = ['libvirtd', 'virsh', 'dnsmasq', 'iptables-nft-save', 'unshare'].flatMap(
    tool => missingTool(tool) ?? [],
  )
  if (missing[0] !== undefined) return missing[0]
  if (DRIVERS.includes(undefined)) return 'libvirt has no driver of networks, or of filters, here'
  const folder = FOLDERS.find(name => !existsSync(name))
  return folder === undefined ? false : `there is no ${folder}`
}

/**
 * A libvirtd with the drivers of networks and filters alone, started as nwfilter() starts its own (src/toggles/nwfilter.ts), with the network that
 * libvirt-daemon-config-network defines, a filter, and a port for a guest: prints the rules, a line of dashes, and what the audit prints.
 */
const SCRIPT = `folder=$1
ln -s "$2" "$3" -t "$(mkdir "$1/drivers" && echo "$1/drivers")"
shift 3
for of in ${FOLDERS.join(' ')}; do mkdir -p "$folder$of"; done
cp "$(command -v libvirtd)" "$folder/libvirtd"
mkdir "$folder/run/libvirt"
for of in ${FOLDERS.join(' ')}; do mount --bind "$folder$of" $of; done
for line in ${(KNOWN?.ip ?? [])
  .slice(0, 5)
  .map(line => `'${line}'`)
  .join(' ')} 'link set lo up'; do ip $line; done
cat > "$folder/libvirtd.conf" <<END
unix_sock_dir = "/run/libvirt"
auth_unix_rw = "none"
auth_unix_ro = "none"
listen_tls = 0
END
# Since 10.4 there is another keeper, which some distributions prefer.
echo 'firewall_backend = "iptables"' > "$folder/etc/libvirt/network.conf"
cat > "$folder/default.xml" <<END
<network>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='on' delay='0'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp>
  </ip>
</network>
END
LIBVIRT_DRIVER_DIR=$folder/drivers "$folder/libvirtd" --config "$folder/libvirtd.conf" --pid-file /run/libvirtd.pid 2> "$folder/log" &
virsh="virsh -q -c network+unix:///system?socket=/run/libvirt/libvirt-sock"
tries=0
until $virsh net-list > "$folder/ready" 2>&1; do
  tries=$((tries + 1))
  if [ $tries -gt 300 ]; then cat "$folder/ready" "$folder/log" >&2; exit 9; fi
  sleep 0.1
done
$virsh net-create "$folder/default.xml" >&2 || { cat "$folder/log" >&2; exit 9; }
echo "<filter name='no-reflection' chain='ipv6'/>" > "$folder/filter.xml"
virsh -q -c nwfilter+unix:///system?socket=/run/libvirt/libvirt-sock nwfilter-define "$folder/filter.xml" >&2
ip link add vnet0 type veth peer name guest0
ip link set vnet0 master virbr0 up
ip link set guest0 up
iptables-nft-save
echo -----
"$@" || true
`

t.test(
  'the machine that libvirt itself makes has the rules that are written down, and is exposed to what they are',
  { skip: whySkipped() },
  async test => {
    const folder = await dir({ unsafeCleanup: true })
    test.teardown(() => folder.cleanup())
    const audit = [process.execPath, MAIN, 'audit', '--netns', 'this', '--json']
    const words = [folder.path, ...DRIVERS.map(String), ...audit]
    const { stdout, stderr } = await inOwnNamespaces([SCRIPT], words)
    const [rules = '', report = ''] = stdout.split('-----\n')
    test.ok(report.startsWith('{'), stderr)
    const ruleLines = (text: string) =>
      text
        .split('\n')
        .filter(line => line.startsWith('-A'))
        .sort()
    test.same(ruleLines(rules), ruleLines(KNOWN?.iptables ?? ''))
    const { findings, nwfilters, unread } = JSON.parse(report) as AuditReport
    test.same([nwfilters, unread], [['no-reflection'], []])
    const found = (kind: string) =>
      [...new Set(findings.flatMap(({ scenario, finding }) => (finding === kind ? [scenario] : [])))].sort()
    const expected = Object.keys(KNOWN?.exposed ?? {}).filter(
      id => id !== 'conntrack-helper-off' || existsSync('/sys/module/nf_conntrack_tftp'),
    )
    test.same(found('exposed'), expected.sort())
    test.ok(found('relies on').includes('dhcp-checksum'))
    test.same(found('cannot tell'), [])
  },
)
