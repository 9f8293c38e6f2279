/** Programs that the lab calls, and where they come from. */
import { existsSync } from 'node:fs'

/** Which Debian package brings a tool, for the remedy of a missing one. */
export const TOOL_PACKAGES: Readonly<Record<string, string>> = {
  bridge: 'iproute2',
  conntrack: 'conntrack',
  ebtables: 'ebtables',
  ip: 'iproute2',
  iptables: 'iptables',
  'iptables-legacy': 'iptables',
  'iptables-legacy-restore': 'iptables',
  'iptables-legacy-save': 'iptables',
  'iptables-nft': 'iptables',
  'iptables-nft-restore': 'iptables',
  'iptables-nft-save': 'iptables',
  'iptables-restore': 'iptables',
  'iptables-save': 'iptables',
  libvirtd: 'libvirt-daemon',
  nft: 'nftables',
  radvd: 'radvd',
  sysctl: 'procps',
  tc: 'iproute2',
  tcpdump: 'tcpdump',
  unshare: 'util-linux',
  virsh: 'libvirt-clients',
}

/** What is missing when a program is not on the PATH, with the package that brings it; undefined when it is there. */
export function missingTool(tool: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(':')
  if (folders.some(folder => existsSync(`${folder}/${tool}`))) return undefined
  const known = TOOL_PACKAGES[tool]
  return `'${tool}' is not installed${known ? `: apt-get install ${known}` : ''}`
}
