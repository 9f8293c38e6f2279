/**
 * What root may do inside the world: capabilities(7) that the lab or a tool of its uses, found by tracing every check that
 * the kernel made for a whole run (`capability:cap_capable`), and nothing else.
 */
import { readFileSync } from 'node:fs'

/** What every world keeps, by the number of linux/capability.h. */
const KEPT: Readonly<Record<string, number>> = {
  /** `--out` and the project itself in a folder of the user who said sudo. */
  dac_override: 1,
  /** Services on ports below 1024. */
  net_bind_service: 10,
  /** Devices, addresses, routes, rules, net sysctls, the queue of held packets. */
  net_admin: 12,
  /** Ping, packet sockets, radvd. */
  net_raw: 13,
  /** Namespaces and mounts, tracefs among them. */
  sys_admin: 21,
  /** /dev/kmsg. */
  syslog: 34,
}

/** What a shell keeps besides: tcpdump and the like give root up for a user of their own, and are to be ended all the same. */
const KEPT_FOR_SHELL: Readonly<Record<string, number>> = { kill: 5, setgid: 6, setuid: 7 }

const CAP_SETPCAP = 8

/**
 * The command that goes in front of another one to take away every capability that the world does not need, and every way
 * to get one back: the bounding set is what counts, as it is what root has again after execve(2) (handle_privileged_root,
 * security/commoncap.c). Done before Node.js starts, since a capability is a thread's, and Node.js has several.
 *
 * A new user namespace begins with all of them (set_cred_user_ns, kernel/user_namespace.c). Where root lacks CAP_SETPCAP,
 * as in some containers, only new privileges are ruled out.
 */
export function withoutOtherCapabilities(rootless: boolean, shell: boolean): string[] {
  const kept = Object.values(shell ? { ...KEPT, ...KEPT_FOR_SHELL } : KEPT)
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'))
  // By number: the library behind setpriv may not know the names, or `all`, of a newer kernel.
  const dropped = Array.from({ length: last + 1 }, (_, capability) => capability)
    .filter(capability => !kept.includes(capability))
    .map(capability => `-cap_${capability}`)
    .join(',')
  const sets = rootless || has(CAP_SETPCAP) ? ['--bounding-set', dropped, '--inh-caps', dropped] : []
  return ['setpriv', ...sets, '--no-new-privs', '--']
}

/** Whether this process has a capability in its effective set. */
function has(capability: number): boolean {
  const hex = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  return ((BigInt(`0x${hex}`) >> BigInt(capability)) & 1n) === 1n
}
