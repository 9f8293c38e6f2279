import { deviceToggle } from './toggle.js'

/** Promiscuous mode of a bridge device, as tcpdump sets it: every frame is passed up to the host as well. */
export function promisc<const N extends string>({ node, device }: { node: N; device: string }) {
  const command = (value: string) => ['ip', 'link', 'set', 'dev', device, 'promisc', value]
  return deviceToggle<'off' | 'on', N>({
    summary: 'pass every frame on the bridge up to the host',
    node,
    commands: { off: command('off'), on: command('on') },
    says: { what: `link ${device} promisc`, values: { off: 'off', on: 'on' } },
  })
}
