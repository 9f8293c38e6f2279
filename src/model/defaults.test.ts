import t from 'tap'
import { deviceDefaults, namespaceDefaults } from './defaults.js'

const file = '/usr/lib/sysctl.d/50-default.conf'
const DEFAULTS = [
  { sysctl: 'net.ipv4.conf.default.rp_filter', value: '2', file },
  { sysctl: 'net.ipv4.conf.lo.rp_filter', value: '2', file },
  { sysctl: 'net.ipv4.conf.eth0.rp_filter', value: '2', file },
  { sysctl: 'net.ipv4.ping_group_range', value: '0 2147483647', file },
]

t.test('a namespace has what is of no device, of all, of default and of lo', async test => {
  test.strictSame(namespaceDefaults(DEFAULTS), {
    'net.ipv4.conf.default.rp_filter': '2',
    'net.ipv4.conf.lo.rp_filter': '2',
    'net.ipv4.ping_group_range': '0 2147483647',
  })
})

t.test('every device gets what the one gets that stands for all', async test => {
  test.strictSame(deviceDefaults(DEFAULTS, 'vnet0'), { 'net.ipv4.conf.vnet0.rp_filter': '2' })
  test.strictSame(deviceDefaults(DEFAULTS, 'eth0.7'), { 'net/ipv4/conf/eth0.7/rp_filter': '2' })
})
