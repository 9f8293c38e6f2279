/** Commits of the kernel that change what the scenarios see. */
import type { KernelChange } from '../model/change.js'

export const LOOPBACK_SOURCE_VALIDATION: KernelChange = {
  commit: '66f8209547cc',
  title: 'fib: relax source validation check for loopback packets',
  since: '5.3',
  url: 'https://git.kernel.org/linus/66f8209547cc',
}

export const PROMISC_CONNTRACK_RESET: KernelChange = {
  commit: '751de2012eaf',
  title: 'netfilter: br_netfilter: skip conntrack input hook for promisc packets',
  since: '6.9',
  backports: ['5.15.158', '6.1.88', '6.6.29', '6.8.8'],
  cve: 'CVE-2024-27018',
  reverts: [
    {
      distribution: 'Ubuntu',
      package: 'linux-azure',
      since: '6.8.0-1063-azure',
      bug: 'LP: #2070072',
      url: 'https://github.com/Azure/AgentBaker/pull/9186',
    },
  ],
  url: 'https://git.kernel.org/linus/751de2012eaf',
}

export const UDP_GSO_WITHOUT_CHECKSUM: KernelChange = {
  commit: '10154dbded6d',
  title: 'udp: Allow GSO transmit from devices with no checksum offload',
  since: '6.11',
  url: 'https://git.kernel.org/linus/10154dbded6d',
}

/** Stable 6.17 has it from some release on, which was not looked up. */
export const BIND_BUCKET_STATE: KernelChange = {
  commit: 'd57f4b874946',
  title: 'tcp: Update bind bucket state on port release',
  since: '6.18',
  url: 'https://git.kernel.org/linus/d57f4b874946',
}

/** 5.15 and 6.6 were not looked at. */
export const TIMESTAMP_OFFSET_BY_PORT: KernelChange = {
  commit: '165573e41f2f',
  title: 'tcp: secure_seq: add back ports to TS offset',
  since: '7.0',
  backports: ['6.1.191', '6.12.94', '6.18.17', '6.19.7'],
  cve: 'CVE-2026-23247',
  url: 'https://git.kernel.org/linus/165573e41f2f',
}

export const ENHANCED_DAD: KernelChange = {
  commit: 'adc176c54722',
  title: 'ipv6 addrconf: Implemented enhanced DAD (RFC7527)',
  since: '4.10',
  url: 'https://git.kernel.org/linus/adc176c54722',
}

export const RA_FLAGS_OF_STATIC_ROUTE: KernelChange = {
  commit: 'f72514b3c569',
  title: 'ipv6: clear RA flags when adding a static route',
  since: '6.19',
  // 6.12.63 is from Debian's changelog; 6.18.2 came out with it, and is from memory. Debian's own 6.18.1-1~exp1 has it, too.
  backports: ['6.12.63', '6.18.2'],
  url: 'https://git.kernel.org/linus/f72514b3c569',
}

export const DSCP_OF_IPV6_RULE: KernelChange = {
  commit: 'a410a0cf9885',
  title: 'ipv6: Define dscp_t and stop taking ECN bits into account in fib6-rules',
  since: '5.18',
  url: 'https://git.kernel.org/linus/a410a0cf9885',
}

export const NEXT_HOP_BY_SOURCE: KernelChange = {
  commit: '32607a332cfe',
  title: 'ipv4: prefer multipath nexthop that matches source address',
  since: '6.16',
  url: 'https://git.kernel.org/linus/32607a332cfe',
}

export const BALANCE_FROM_LOOPBACK: KernelChange = {
  commit: '6e17474aa9fe',
  title: 'net: fib: restore ECMP balance from loopback',
  since: '6.19',
  // As a8df988b4584: patch 62 of 6.18.4-rc1, stable review of 6 January 2026. That 6.16 and 6.17 were at their ends by then is from memory.
  backports: ['6.18.4'],
  url: 'https://git.kernel.org/linus/6e17474aa9fe',
}

export const CONNTRACK_HELPER_SYSCTL_REMOVED: KernelChange = {
  commit: 'b118509076b3',
  title: 'netfilter: remove nf_conntrack_helper sysctl and modparam toggles',
  since: '6.0',
  url: 'https://git.kernel.org/linus/b118509076b3',
}

export const OVERLY_DELAYED_SEGMENTS: KernelChange = {
  commit: '6e250dcbff1d',
  title: 'netfilter: conntrack: ignore overly delayed tcp packets',
  since: '6.1',
  url: 'https://git.kernel.org/linus/6e250dcbff1d',
}

export const SNAT_EVICTS_CLOSING: KernelChange = {
  commit: '458972550287',
  title: 'netfilter: snat: evict closing tcp entries on reply tuple collision',
  since: '6.5',
  url: 'https://git.kernel.org/linus/458972550287',
}

export const TARGETS_BY_FAMILY: KernelChange = {
  commit: '0bfcb7b71e73',
  title: 'netfilter: xtables: avoid NFPROTO_UNSPEC where needed',
  since: '6.12',
  // 6.1.113 and 6.11.4 from Debian's changelogs, 5.15.168 and 6.6.57 from those who were hit; 5.10 does not have it.
  backports: ['5.15.168', '6.1.113', '6.6.57', '6.11.4'],
  cve: 'CVE-2024-50038',
  url: 'https://git.kernel.org/linus/0bfcb7b71e73',
}

export const IPV6_TARGETS_REGISTERED: KernelChange = {
  commit: '306ed1728e84',
  title: 'netfilter: xtables: fix typo causing some targets not to load on IPv6',
  since: '6.12',
  // 6.1.115 from Debian's changelog, 6.6.59 from its stable review, 6.11.6 from those who were hit; 5.15.170 from memory.
  backports: ['5.15.170', '6.1.115', '6.6.59', '6.11.6'],
  url: 'https://git.kernel.org/linus/306ed1728e84',
}
