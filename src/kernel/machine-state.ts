/** What verdicts depend on, and is the machine's and not a namespace's: somebody else may change it while a run lasts. */
import { existsSync, readFileSync } from 'node:fs'
import type { Report } from '../model/report.js'

/** One table for the whole machine each: nf_conntrack_max and the hash, and the neighbours that a protocol remembers (neigh_table). */
const SYSCTLS = [
  'net.netfilter.nf_conntrack_max',
  'net.netfilter.nf_conntrack_buckets',
  'net.netfilter.nf_conntrack_expect_max',
  ...['ipv4', 'ipv6'].flatMap(family => [1, 2, 3].map(n => `net.${family}.neigh.default.gc_thresh${n}`)),
]
/** Modules that bridged frames take another way with. */
const MODULES = ['br_netfilter', 'nf_conntrack_bridge', 'ebtable_broute']

/** The machine's state by name; what a user may not read is left out. */
export function machineState(): Map<string, string> {
  const state = new Map<string, string>()
  for (const name of SYSCTLS) {
    try {
      state.set(name, readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim())
    } catch {
      // Not in this kernel, not loaded yet, or not to be seen from another user namespace.
    }
  }
  for (const name of MODULES)
    state.set(`module ${name}`, existsSync(`/sys/module/${name}`) ? 'there' : 'not there')
  return state
}

/** What differs between two states of the machine. */
export function machineChanges(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): NonNullable<Report['machine']['changed']> {
  return [...before].flatMap(([what, was]) => {
    const is = after.get(what)
    return is === undefined || is === was ? [] : [{ what, before: was, after: is }]
  })
}
