import { repositoryFile } from '../../src/base/root.js'

/** What a mutant must do to a scenario. */
interface ExpectedChange {
  /** The scenario's id. */
  readonly scenario: string
  readonly verdict: 'regressed' | 'unexpected-pass'
  /** Which of its trials or toggles come out otherwise than on the unpatched kernel, and how. */
  readonly what: string
}

/** A kernel that differs from the unpatched one by one change, and the scenarios that must notice. */
export interface Mutant {
  /** Also the name of its kernel, and the stem of its patch. */
  readonly id: string
  /** One line for the table. */
  readonly title: string
  /** The patch file, absolute; undefined for the unpatched kernel. */
  readonly patch: string | undefined
  /** The commit that it takes back, or that brought what it takes away; undefined where none is known for sure. */
  readonly upstream: string | undefined
  /** Empty where nothing may change. A scenario that is not named must come out as on the unpatched kernel. */
  readonly changes: readonly ExpectedChange[]
}

const patch = (id: string): string => repositoryFile(`lab/kernels/patches/${id}.patch`)

/** The source that all of them are made from. */
export const MUTANT_SOURCE = 'debian:6.12'

/** In the order of the table. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'revert-rp-filter-loopback',
    title: 'take back: lo is exempt from strict rp_filter',
    patch: patch('revert-rp-filter-loopback'),
    upstream: '66f8209547cc',
    changes: [
      {
        scenario: 'rp-filter-loopback-redirect',
        verdict: 'regressed',
        what: 'ping of the own address by way of lo is dropped: martian source on lo, TcpExtIPReversePathFilter',
      },
    ],
  },
  {
    id: 'revert-promisc-conntrack-reset',
    title: 'take back: promiscuous copies lose their conntrack entry',
    patch: patch('revert-promisc-conntrack-reset'),
    upstream: '751de2012eaf',
    changes: [
      {
        scenario: 'bridge-dnat-bounce',
        verdict: 'unexpected-pass',
        what: 'a promiscuous bridge repairs the bounce again',
      },
    ],
  },
  {
    id: 'accept-local-ignored',
    title: 'accept_local has no effect',
    patch: patch('accept-local-ignored'),
    upstream: '8153a10c08f1',
    changes: [
      {
        scenario: 'neutron-floating-ip-self',
        verdict: 'regressed',
        what: 'accept_local=1 does not repair the ping',
      },
      {
        scenario: 'rp-filter-loopback-redirect',
        verdict: 'regressed',
        what: 'with accept_local=1 the own address is a martian on lo, at rp_filter 0 and 2 too',
      },
    ],
  },
  {
    id: 'hairpin-mode-ignored',
    title: 'hairpin_mode has no effect',
    patch: patch('hairpin-mode-ignored'),
    upstream: undefined,
    changes: [
      { scenario: 'bridge-dnat-bounce', verdict: 'regressed', what: 'hairpin does not repair the bounce' },
      {
        scenario: 'nova-float-hairpin',
        verdict: 'regressed',
        what: 'hairpin does not let an instance reach its own floating IP over the bridge',
      },
      { scenario: 'hairpin-ipv6-dad', verdict: 'unexpected-pass', what: 'DAD succeeds with hairpin on' },
    ],
  },
  {
    id: 'random-fully-ignored',
    title: '--random-fully and --random have no effect',
    patch: patch('random-fully-ignored'),
    upstream: undefined,
    changes: [
      {
        scenario: 'snat-port-race',
        verdict: 'regressed',
        what: 'the second SYN is lost with --random-fully as without: insert_failed',
      },
    ],
  },
  {
    id: 'enhanced-dad-nonce-not-recognised',
    title: 'the enhanced-DAD nonce is not recognised when it comes back',
    patch: patch('enhanced-dad-nonce-not-recognised'),
    upstream: 'adc176c54722',
    changes: [
      {
        scenario: 'hairpin-ipv6-dad',
        verdict: 'regressed',
        what: 'enhanced_dad=1 does not keep the reflected solicitation from failing the address',
      },
    ],
  },
  {
    id: 'bridge-postrouting-drop-ignored',
    title: "a drop at the bridge's postrouting hook has no effect",
    patch: patch('bridge-postrouting-drop-ignored'),
    upstream: undefined,
    changes: [
      {
        scenario: 'hairpin-ipv6-dad',
        verdict: 'regressed',
        what: 'neither nwfilter nor ebtables-drop (legacy, nft) keeps the reflected solicitation away',
      },
    ],
  },
  { id: 'unpatched', title: 'nothing', patch: undefined, upstream: undefined, changes: [] },
]
