/** The distribution whose programs a run uses, as its report has it. */
import { readFileSync } from 'node:fs'
import { installedPackages, packagesDigest } from '../base/dpkg.js'
import type { Report } from '../model/report.js'
import { otherRoot } from '../world/root.js'

/** Packages that decide what a run can show. The others are in the digest. */
const PACKAGES = [
  'conntrack',
  'ebtables',
  'iproute2',
  'iptables',
  'iputils-ping',
  'kmod',
  'libc6',
  'libvirt-daemon',
  'linux-sysctl-defaults',
  'nftables',
  'procps',
  'radvd',
  'systemd',
  'util-linux',
]

/** Describes the root that this process is in. */
export function describeUserland(): NonNullable<Report['machine']['userland']> {
  const osRelease = read('/etc/os-release') ?? ''
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)`, 'm').exec(osRelease)?.[1]
  const id = field('ID') ?? 'unknown'
  const release = field('VERSION_ID') ?? field('VERSION_CODENAME')
  const point = id === 'debian' ? read('/etc/debian_version')?.trim() : undefined
  const all = installedPackages()
  return {
    id: otherRoot()?.id ?? (release === undefined ? id : `${id}:${release}`),
    version: point ?? release ?? 'unknown',
    packages: Object.fromEntries(
      PACKAGES.flatMap(name => {
        const version = all.get(name)
        return version === undefined ? [] : [[name, version]]
      }),
    ),
    ...(all.size > 0 ? { digest: packagesDigest(all) } : {}),
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
