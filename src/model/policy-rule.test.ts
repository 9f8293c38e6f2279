import t from 'tap'
import { parsePolicyRule, policyRuleLine } from './policy-rule.js'

t.test('a rule says the same when it was read into its parts', async test => {
  for (const text of [
    'from 10.0.1.20 lookup 2',
    'from 10.0.0.0/8 to 192.0.2.1 lookup main priority 7',
    'fwmark 0x80/0x80 lookup main priority 1024',
    'not fwmark 0xca6c lookup 51820',
    'lookup main suppress_prefixlength 0',
    'iif eth0 oif lo tos 0x10 lookup 100',
  ]) {
    const rule = parsePolicyRule(text)
    test.equal(typeof rule === 'string' ? rule : policyRuleLine(rule).join(' '), text)
  }
  test.match(parsePolicyRule('-6 from 2001:db8::/32 dsfield 16 table 9'), {
    family: 'inet6',
    from: '2001:db8::/32',
    tos: 16,
    table: '9',
  })
  test.same(parsePolicyRule('from all lookup main'), { family: 'inet', table: 'main' })
})

t.test('what is no rule is refused with what is wrong with it', async test => {
  for (const [text, wrong] of [
    ['from 10.0.1.20', 'names no table'],
    ['from 2001:db8::1 lookup 2', 'an address or a prefix of its family'],
    ['-6 from 10.0.0.1 lookup 2', 'an address or a prefix of its family'],
    ['fwmark 0x100000000 lookup 2', 'a mark is a number'],
    ['fwmark 1/2/3 lookup 2', 'a mark is a number'],
    ['from 10.0.0.1 from 10.0.0.2 lookup 2', "says 'from' twice"],
    ['lookup main lookup main', 'twice'],
    ['lookup rt_table', 'a table is'],
    ['lookup', 'a table is'],
    ['goto 5', "holds 'goto'"],
    ['', "holds ''"],
    ['lookup main suppress_prefixlength 129', 'the length of a prefix'],
    ['iif eth0;reboot lookup main', 'it is for a device'],
  ] as const) {
    const said = parsePolicyRule(text)
    test.type(said, 'string', text)
    test.ok(String(said).includes(wrong), `${text}: ${String(said)}`)
  }
})
