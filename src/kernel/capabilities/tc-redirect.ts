import { type Capability, tryCommand } from '../capability.js'

const COMMANDS = `qdisc add dev lo clsact
filter add dev lo ingress protocol ip u32 match u32 0 0 action mirred egress redirect dev lo
`

export const tcRedirect: Capability = {
  id: 'tc-redirect',
  title: 'redirection of packets by traffic control',
  config: ['CONFIG_NET_SCH_INGRESS', 'CONFIG_NET_CLS_U32', 'CONFIG_NET_ACT_MIRRED'],
  modules: ['sch_ingress', 'cls_u32', 'act_mirred'],
  packages: ['iproute2'],
  check: () => tryCommand(['tc', '-batch', '-'], COMMANDS),
}
