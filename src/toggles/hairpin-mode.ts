import { deviceToggle, startingWith } from './toggle.js'

/** `hairpin_mode`: whether a bridge may send a frame back out of the port that it came in on (should_deliver, net/bridge/br_forward.c). */
export function hairpinMode<const N extends string>({
  node,
  port,
  first,
}: {
  node: N
  port: string
  first: 'off' | 'on'
}) {
  const command = (value: string) => ['bridge', 'link', 'set', 'dev', port, 'hairpin', value]
  return startingWith(
    first,
    deviceToggle<'off' | 'on', N>({
      summary: 'send frames back out of the bridge port that they came in on',
      node,
      commands: { off: command('off'), on: command('on') },
      says: { what: `link ${port} hairpin_mode`, values: { off: 'off', on: 'on' } },
    }),
  )
}
