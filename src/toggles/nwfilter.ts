import { run, type Step } from '../model/steps.js'
import type { Toggle, ToggleContext } from '../model/toggle.js'
import { reflectedMulticast } from './ebtables-drop.js'

type Filter = 'none' | 'no-mac-reflection' | 'nova-no-nd-reflection'

const UUID = 'd7a44b26-0b4c-4d0a-9d53-3a3f0b6f1d01'

/**
 * libvirt's nwfilter on a bridge port, through a libvirtd of the topology's own and no virtual machine: the filter that
 * the bug's comment proposes (`no-mac-reflection`), and the one that nova merged (0436cbdb882b, `nova-no-nd-reflection`).
 * `direction='in'` is towards the VM: libvirt puts the rule into ebtables' nat POSTROUTING, behind `-o PORT`.
 */
export function nwfilter<const N extends string>({
  node,
  port,
  vm,
}: {
  node: N
  port: string
  /** The device behind the port. */
  vm: { node: N; device: string }
}): Toggle<Filter, N> {
  const summary = 'have libvirt drop what a VM multicasts on its way back to it'
  const virsh = ({ folder }: ToggleContext, ...words: readonly string[]) =>
    run(
      node,
      ['virsh', '-q', '-c', `nwfilter+unix:///system?socket=${folder}/libvirt-sock`, ...words],
      summary,
    )
  return {
    summary,
    settings: ['none', 'no-mac-reflection', 'nova-no-nd-reflection'],
    nodes: [node, vm.node],
    needs: ['libvirt-nwfilter', 'ebtables'],
    setUp: context => [libvirtd(node, port, context.mac(vm.node, vm.device), context)],
    change(to, from, context) {
      const steps: Step[] = []
      if (from !== undefined && from !== 'none') steps.push(virsh(context, 'nwfilter-binding-delete', port))
      if (to !== 'none')
        steps.push(
          virsh(context, 'nwfilter-define', `${context.folder}/${to}.xml`),
          virsh(context, 'nwfilter-binding-create', `${context.folder}/${to}-binding.xml`),
        )
      return steps
    },
    claims: (setting, context) => [
      {
        node,
        bridgeRules: setting === 'none' ? [] : [reflectedMulticast(port, context.mac(vm.node, vm.device))],
      },
    ],
    onRealSystem: setting =>
      setting === 'none'
        ? []
        : [
            `virsh nwfilter-define ${setting}.xml`,
            `virsh edit DOMAIN  # <filterref filter='${setting}'/> in its <interface>`,
          ],
  }
}

function filterXml(name: Filter): string {
  return `<filter name='${name}' chain='ipv6'>
  <rule action='drop' direction='in'>
    <mac dstmacaddr='33:33:00:00:00:00' dstmacmask='ff:ff:00:00:00:00' srcmacaddr='$MAC'/>
  </rule>
</filter>
`
}

function bindingXml(name: Filter, port: string, mac: string): string {
  return `<filterbinding>
  <owner><name>instance</name><uuid>${UUID}</uuid></owner>
  <portdev name='${port}'/>
  <mac address='${mac}'/>
  <filterref filter='${name}'/>
</filterbinding>
`
}

/**
 * Gives libvirtd a folder with just the one driver: the others look for hypervisors, users and D-Bus, and stop it where these are missing.
 * It is started as a copy, by another path: where libvirt-daemon-system is installed, AppArmor confines `/usr/sbin/libvirtd` by a
 * profile that starts ebtables outside of itself, which no_new_privs forbids (profile_transition, security/apparmor/domain.c).
 */
const NWFILTER_ONLY = `set -e
mkdir -p "$1/drivers"
cp "$(command -v libvirtd)" "$1/libvirtd"
for driver in /usr/lib/*/libvirt/connection-driver/libvirt_driver_nwfilter.so /usr/lib64/libvirt/connection-driver/libvirt_driver_nwfilter.so; do
  [ ! -e "$driver" ] || ln -sf "$driver" "$1/drivers"
done
export LIBVIRT_DRIVER_DIR="$1/drivers"
shift
exec "$@"`

/** libvirtd with every folder that it writes to replaced by one of its own. */
function libvirtd(node: string, port: string, mac: string, { folder }: ToggleContext): Step {
  const filters = ['no-mac-reflection', 'nova-no-nd-reflection'] as const
  return {
    do: 'daemon',
    node,
    argv: [
      'sh',
      '-c',
      NWFILTER_ONLY,
      'sh',
      folder,
      `${folder}/libvirtd`,
      '--config',
      `${folder}/libvirtd.conf`,
      '--pid-file',
      `${folder}/libvirtd.pid`,
    ],
    folder,
    files: {
      'libvirtd.conf': `unix_sock_dir = "${folder}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nlisten_tls = 0\n`,
      ...Object.fromEntries(
        filters.flatMap(name => [
          [`${name}.xml`, filterXml(name)],
          [`${name}-binding.xml`, bindingXml(name, port, mac)],
        ]),
      ),
    },
    privateFolders: {
      '/etc/libvirt': 'libvirt-etc',
      '/var/lib': 'libvirt-lib',
      '/var/cache': 'libvirt-cache',
      '/var/log': 'libvirt-log',
      '/run/libvirt': 'libvirt-run',
    },
    ready: {
      argv: ['virsh', '-q', '-c', `nwfilter+unix:///system?socket=${folder}/libvirt-sock`, 'nwfilter-list'],
    },
    why: 'start a libvirtd of its own',
  }
}
