import {
  defineScenario,
  hasTarget,
  IPV6_TARGETS_REGISTERED,
  rule,
  TARGETS_BY_FAMILY,
} from '../../src/index.js'

const MARK = ['-j', 'MARK', '--set-xmark', '0x4000/0x4000']
const PREROUTING = { from: 'node', table: 'mangle', chain: 'PREROUTING' } as const

export default defineScenario({
  id: 'ip6tables-mark-refused',
  title: 'ip6tables cannot set a mark, and whatever loads its rules in one go loads none',
  source: {
    title: 'k3s issue 11175: ip6tables unknown option --set-xmark',
    url: 'https://github.com/k3s-io/k3s/issues/11175',
    says: 'Warning: Extension MARK revision 0 not supported, missing kernel module?',
  },
  drawing: `
  [node] ip6tables -t mangle -A PREROUTING -j MARK --set-xmark 0x4000/0x4000`,
  needs: ['ipv6'],

  topology: {
    nodes: {
      node: {
        is: 'a Kubernetes node',
        ipv6: true,
        iptables: { mangle: [] },
        ip6tables: { mangle: [] },
      },
    },
    links: [],
  },

  toggles: {},

  probes: {
    'mark-ipv4': rule({ ...PREROUTING, set: 'iptables', words: MARK }),
    'accept-ipv6': rule({ ...PREROUTING, set: 'ip6tables', words: ['-j', 'ACCEPT'] }),
    'mark-ipv6': rule({ ...PREROUTING, set: 'ip6tables', words: MARK }),
  },
  controls: ['mark-ipv4', 'accept-ipv6'],

  mechanisms: {
    'target-of-the-other-family': {
      title: 'target that is registered for IPv4 twice, and for IPv6 never',
      where:
        'xt_find_target() looks for MARK among those of NFPROTO_IPV6 and of any family; mark_tg_reg[] of xt_mark.c says NFPROTO_IPV4 in both of its entries',
      document: 'ip6tables-restore v1.8.9 (legacy): unknown option "--xor-mark"',
      proofs: [
        hasTarget('node', 'inet6', 'MARK', 2).missing(),
        hasTarget('node', 'inet', 'MARK', 2).andStays(),
      ],
    },
  },

  audit: {
    node: 'node',
    shape: [{ fact: 'policy ip6tables\\S* mangle PREROUTING', as: 'a mangle table of ip6tables' }],
    if: ['a rule there sets a mark'],
  },

  expect: {
    'mark-ipv4': [{ works: 'For IPv4 the target is there, on the kernels of the failure twice.' }],
    'accept-ipv6': [{ works: 'ACCEPT is no target of a module: ip6tables itself is in order.' }],
    'mark-ipv6': [
      {
        since: IPV6_TARGETS_REGISTERED,
        works: 'Since 306ed1728e84 the second entry says NFPROTO_IPV6, as it was meant to.',
        differs: 'it was refused for some weeks in each series, and is not any more.',
      },
      {
        since: TARGETS_BY_FAMILY,
        fails: 'target-of-the-other-family',
        why: '0bfcb7b71e73 gave the target one entry for each family, and the one for IPv6 has a slip of the pen.',
      },
      {
        works: 'Before 0bfcb7b71e73 the target has one entry, for any family.',
        differs: 'the change that broke it is not in this kernel.',
      },
    ],
  },

  experiments: [{ title: 'one rule', fixes: [] }],
})
