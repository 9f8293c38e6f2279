import t from 'tap'
import { nwfilter } from '../toggles/registry.js'
import { mayNeed } from './needs.js'

t.test(
  'what a run may need is the scenario’s, its toggles’, and the backends’ that it is run with',
  async test => {
    const toggle = nwfilter({ node: 'host', port: 'vnet0', vm: { node: 'vm', device: 'eth0' } })
    const topology = { nodes: { host: { is: 'a host' } }, links: [] }
    const scenario = { needs: ['veth', 'ebtables'], toggles: { nwfilter: toggle }, topology }
    test.same(mayNeed(scenario, 'legacy'), ['veth', 'ebtables', 'libvirt-nwfilter', 'iptables-legacy'])
    test.same(mayNeed({ needs: [], toggles: {}, topology }), ['iptables-nft', 'iptables-legacy'])
    const host = { is: 'a host', ip6tables: { filter: [] } }
    test.same(mayNeed({ needs: [], toggles: {}, topology: { nodes: { host }, links: [] } }, 'legacy'), [
      'iptables-legacy',
      'ip6tables-legacy',
    ])
  },
)
