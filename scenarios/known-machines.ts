/**
 * Machines as programs make them, each as commands in a namespace of its own: plain Debian ones, and those of Docker, libvirt and kube-proxy.
 * Where their rules are from is said beside each; the sources' meaning is kept, in words of our own.
 */
import { DOCKER_MACHINES } from './known-docker.js'
import { KUBE_PROXY_MACHINES } from './known-kube-proxy.js'
import { LIBVIRT_MACHINES } from './known-libvirt.js'
import { card, type KnownMachine } from './known-parts.js'

export const KNOWN_MACHINES: Readonly<Record<string, KnownMachine>> = {
  'plain Debian': { source: 'a card, and nothing else', ip: card('192.0.2.10/24'), exposed: {} },

  'a firewall': {
    source: 'the rules that many tutorials begin with',
    ip: card('192.0.2.10/24'),
    iptables: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    exposed: {},
  },
  ...DOCKER_MACHINES,
  ...LIBVIRT_MACHINES,
  ...KUBE_PROXY_MACHINES,
}
