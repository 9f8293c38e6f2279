import { deviceToggle } from './toggle.js'

/** `isolated` of a bridge port: it may not talk to other isolated ports, itself included (br_skb_isolated). */
export function isolated<const N extends string>({ node, port }: { node: N; port: string }) {
  const command = (value: string) => ['bridge', 'link', 'set', 'dev', port, 'isolated', value]
  return deviceToggle<'off' | 'on', N>({
    summary: 'keep the port from talking to isolated ports, itself among them',
    node,
    commands: { off: command('off'), on: command('on') },
    says: { what: `link ${port} isolated`, values: { off: 'off', on: 'on' } },
  })
}
