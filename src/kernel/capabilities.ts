/** Every capability that a scenario may need, and what of them this machine lacks. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describeError, EXIT, LabError } from '../base/errors.js'
import { unknownWord } from '../base/nearest.js'
import { CommandKilled, CommandTimeout, runCommand } from '../world/command.js'
import { brNetfilter } from './capabilities/br-netfilter.js'
import { bridge } from './capabilities/bridge.js'
import { checksumTarget } from './capabilities/checksum-target.js'
import { conntrackHelperSysctl } from './capabilities/conntrack-helper-sysctl.js'
import { ebtables } from './capabilities/ebtables.js'
import { ethtool } from './capabilities/ethtool.js'
import { forceForwarding } from './capabilities/force-forwarding.js'
import { ip6tablesLegacy } from './capabilities/ip6tables-legacy.js'
import { ip6tablesNft } from './capabilities/ip6tables-nft.js'
import { iptablesLegacy } from './capabilities/iptables-legacy.js'
import { iptablesNft } from './capabilities/iptables-nft.js'
import { ipv6 } from './capabilities/ipv6.js'
import { libvirtNwfilter } from './capabilities/libvirt-nwfilter.js'
import { nftFib } from './capabilities/nft-fib.js'
import { nftMark } from './capabilities/nft-mark.js'
import { nftPayload } from './capabilities/nft-payload.js'
import { nftRuleset } from './capabilities/nft-ruleset.js'
import { packetHold } from './capabilities/packet-hold.js'
import { radvd } from './capabilities/radvd.js'
import { tcRedirect } from './capabilities/tc-redirect.js'
import { tftpHelper } from './capabilities/tftp-helper.js'
import { veth } from './capabilities/veth.js'
import { type Capability, isUnloaded, LOADED } from './capability.js'

export const CAPABILITIES: readonly Capability[] = [
  veth,
  bridge,
  brNetfilter,
  iptablesNft,
  iptablesLegacy,
  ip6tablesNft,
  ip6tablesLegacy,
  checksumTarget,
  ebtables,
  tcRedirect,
  ethtool,
  nftFib,
  nftMark,
  tftpHelper,
  conntrackHelperSysctl,
  nftPayload,
  nftRuleset,
  packetHold,
  ipv6,
  forceForwarding,
  radvd,
  libvirtNwfilter,
]

/** A capability that is not there, or of which nobody knows. */
export interface Missing {
  readonly id: string
  /** What is missing and what brings it, or why the check came to no answer. */
  readonly why: string
  /** Whether the check was cut short, by its time limit or by a signal: that says nothing about the kernel. */
  readonly undecided: boolean
}

const MODPROBE_TIMEOUT_MS = 300_000

/** Checks capabilities by id, side by side; those that are missing or undecided, by id. Throws LabError for an unknown id. */
export async function checkCapabilities(
  ids: readonly string[],
  all: readonly Capability[] = CAPABILITIES,
): Promise<Map<string, Missing>> {
  const found = await Promise.all(
    ids.map(async id => {
      const capability = find(id, all)
      try {
        const why = await capability.check()
        return why === undefined ? [] : [{ id, why: `${why} (${remedy(capability)})`, undecided: false }]
      } catch (error) {
        if (!(error instanceof LabError) || error.exitCode === EXIT.unavailable) throw error
        if (error instanceof CommandTimeout || error instanceof CommandKilled)
          return [
            {
              id,
              why: `whether there is ${capability.title} is not known: ${error.message}`,
              undecided: true,
            },
          ]
        return [{ id, why: `${describeError(error)} (${remedy(capability)})`, undecided: false }]
      }
    }),
  )
  return new Map(found.flat().map(missing => [missing.id, missing]))
}

/** Loads the modules of capabilities, as the user asked. A module that cannot be loaded shows as a missing capability. */
export async function loadModules(ids: readonly string[]): Promise<void> {
  const modules = [...new Set(ids.flatMap(id => find(id).modules))]
  const missing = modules.filter(module => !existsSync(join(LOADED, module)))
  if (missing.length === 0) return
  const argv = ['modprobe', '-q', '-a', ...missing]
  await runCommand(argv, { node: null, timeoutMs: MODPROBE_TIMEOUT_MS }).catch((error: unknown) => {
    if (!(error instanceof LabError)) throw error
  })
}

/** A module that somebody has to load before some capabilities are there. */
export interface UnloadedModule {
  readonly module: string
  /** The capabilities that it brings. */
  readonly brings: readonly string[]
}

/**
 * The modules of capabilities that this kernel has, that are not loaded, and that it does not load by itself when somebody asks for what
 * they bring. `modules` is where the running kernel's modules are, `loaded` where the kernel shows what is loaded or built in.
 */
export function modulesToLoad(ids: readonly string[], modules?: string, loaded?: string): UnloadedModule[] {
  const wanted = [...new Set(ids)].map(id => find(id)).filter(({ onDemand }) => onDemand === false)
  const missing = [...new Set(wanted.flatMap(capability => capability.modules))].filter(module =>
    isUnloaded(module, modules, loaded),
  )
  return missing.map(module => ({
    module,
    brings: wanted.filter(capability => capability.modules.includes(module)).map(({ id }) => id),
  }))
}

/** What brings a capability: CONFIG_ options, modules, packages. */
function remedy({ config, modules, packages }: Capability): string {
  return [
    packages.length > 0 ? `apt-get install ${packages.join(' ')}` : '',
    modules.length > 0 ? `modprobe ${modules.join(' ')}, or --load-modules` : '',
    config.length > 0 ? `a kernel with ${config.join(', ')}` : '',
  ]
    .filter(Boolean)
    .join('; ')
}

function find(id: string, all: readonly Capability[] = CAPABILITIES): Capability {
  const capability = all.find(candidate => candidate.id === id)
  if (!capability)
    throw unknownWord(
      'capability',
      id,
      all.map(candidate => candidate.id),
    )
  return capability
}
