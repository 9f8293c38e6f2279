import { deviceToggle } from './toggle.js'

/**
 * `group_fwd_mask` of a bridge or of a port: which of the link-local addresses 01:80:c2:00:00:0x are forwarded, a bit for each x
 * (br_handle_frame, net/bridge/br_input.c). A bridge takes no mask with one of the bits 0 to 2, a port none with bit 1; a port's
 * counts for what comes in by it.
 */
export function groupFwdMask<const S extends string, const N extends string>({
  node,
  device,
  of,
  masks,
}: {
  node: N
  device: string
  of: 'bridge' | 'port'
  /** As numbers that C would read: `0`, `0x4000`. */
  masks: readonly S[]
}) {
  const type = of === 'bridge' ? 'bridge' : 'bridge_slave'
  const each = <T>(value: (mask: S) => T) =>
    Object.fromEntries(masks.map(mask => [mask, value(mask)])) as Record<S, T>
  return deviceToggle<S, N>({
    summary: `forward link-local frames${of === 'port' ? ' that come in by the port' : ''}`,
    node,
    commands: each(mask => ['ip', 'link', 'set', 'dev', device, 'type', type, 'group_fwd_mask', mask]),
    says: { what: `link ${device} group_fwd_mask`, values: each(mask => String(Number(mask))) },
  })
}
