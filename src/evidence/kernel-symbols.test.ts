import t from 'tap'
import { KernelSymbols } from './kernel-symbols.js'

const LISTED = `ffffffff817b8000 T ip_rcv_finish
ffffffff81000000 T _text
ffffffff817b9000 d some_data
ffffffff817ba000 t ip_forward
ffffffffc01cc200 t br_dev_queue_push_xmit.part.0\t[bridge]
`

t.test('an address is in the function that begins before it', async test => {
  const symbols = new KernelSymbols(() => LISTED)
  test.equal(symbols.functionAt('ffffffff817b864e'), 'ip_rcv_finish')
  test.equal(symbols.functionAt('ffffffff817b9fff'), 'ip_rcv_finish', 'data is no function')
  test.equal(symbols.functionAt('0xffffffff817ba000'), 'ip_forward')
  test.equal(symbols.functionAt('ffffffffc01cc2d8'), 'br_dev_queue_push_xmit.part.0')
  test.equal(symbols.functionAt('ffffffff80000000'), undefined, 'before all of them')
})

t.test('where the kernel hides addresses, or lists none, no function is known', async test => {
  test.equal(new KernelSymbols(() => '0000000000000000 T ip_rcv\n').functionAt('ffffffff817b864e'), undefined)
  const without = new KernelSymbols(() => {
    throw new Error('ENOENT')
  })
  test.equal(without.functionAt('ffffffff817b864e'), undefined)
})
