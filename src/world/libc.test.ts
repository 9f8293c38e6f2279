import t from 'tap'
import { ipv6Bytes, ipv6Text } from './libc.js'

t.test('an IPv6 address comes back from its bytes as it was', async test => {
  for (const address of ['fe80::1', '::', '::1', '2001:6f8:1477:1111:f816:3eff:fe20:48ad', '1::', '1:0:2::3'])
    test.equal(ipv6Text(ipv6Bytes(address)), address)
})
