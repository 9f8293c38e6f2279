import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { dir } from 'tmp-promise'
import { projectRoot } from '../src/base/root.js'
import { missingTool } from '../src/base/tools.js'
import { libvirtDriver } from '../src/kernel/libvirt.js'
import type { AuditReport } from '../src/model/audit.js'
import { KNOWN_MACHINES } from './known-machines.js'

t.setTimeout(120_000)

const MAIN = join(projectRoot(), 'dist/src/cli/main.js')
const KNOWN = KNOWN_MACHINES['libvirt’s default network']
const DRIVER = libvirtDriver('network')
/** What libvirtd writes to, each replaced by an empty one of the test’s own. */
const FOLDERS = ['/etc/libvirt', '/var/lib', '/var/cache', '/var/log', '/run']

function whySkipped(): string | false {
  if (process.getuid?.() !== 0) return 'it takes root'
  const missing = ['libvirtd', 'virsh', 'dnsmasq', 'iptables-nft-save', 'unshare'].flatMap(
    tool => missingTool(tool) ?? [],
  )
  if (missing[0] !== undefined) return missing[0]
  if (DRIVER === undefined) return 'libvirt has no driver of networks here'
  const folder = FOLDERS.find(name => !existsSync(name))
  return folder === undefined ? false : `there is no ${folder}`
}

/**
 * A libvirtd with the driver of networks alone, started as nwfilter() starts its own (src/toggles/nwfilter.ts), with the network that
 * libvirt-daemon-config-network defines and a port for a guest: prints the rules, a line of dashes, and what the audit prints.
 */
const SCRIPT = `set -e
folder=$1 driver=$2
shift 2
mount --make-rprivate /
for of in ${FOLDERS.join(' ')}; do mkdir -p "$folder$of"; done
cp "$(command -v libvirtd)" "$folder/libvirtd"
mkdir "$folder/drivers" "$folder/run/libvirt"
ln -s "$driver" "$folder/drivers/"
for of in ${FOLDERS.join(' ')}; do mount --bind "$folder$of" $of; done
for line in ${(KNOWN?.ip ?? [])
  .slice(0, 5)
  .map(line => `'${line}'`)
  .join(' ')} 'link set lo up'; do ip $line; done
cat > "$folder/libvirtd.conf" <<END
unix_sock_dir = "$folder"
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
LIBVIRT_DRIVER_DIR=$folder/drivers "$folder/libvirtd" --config "$folder/libvirtd.conf" --pid-file "$folder/libvirtd.pid" 2> "$folder/log" &
virsh="virsh -q -c network+unix:///system?socket=$folder/libvirt-sock"
tries=0
until $virsh net-list > "$folder/ready" 2>&1; do
  tries=$((tries + 1))
  if [ $tries -gt 300 ]; then cat "$folder/ready" "$folder/log" >&2; exit 9; fi
  sleep 0.1
done
$virsh net-create "$folder/default.xml" >&2 || { cat "$folder/log" >&2; exit 9; }
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
    // All processes of a namespace of their own end with its first one.
    const argv = [
      '--net',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      'sh',
      '-c',
      SCRIPT,
      'sh',
    ]
    const { stdout, stderr } = await execa('unshare', [...argv, folder.path, DRIVER ?? '', ...audit], {
      reject: false,
    })
    const [rules = '', report = ''] = stdout.split('-----\n')
    test.ok(report.startsWith('{'), stderr)
    const ruleLines = (text: string) =>
      text
        .split('\n')
        .filter(line => line.startsWith('-A'))
        .sort()
    test.same(ruleLines(rules), ruleLines(KNOWN?.iptables ?? ''))
    const { findings } = JSON.parse(report) as AuditReport
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
