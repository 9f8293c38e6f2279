/**
 * Every source of evidence, by the words that proofs are written with: a line for each. A source is in one file, and in
 * this line.
 */
export { addressIs } from './address.js'
export { captured } from './capture.js'
export { carrier } from './carrier.js'
export { tracked } from './conntrack.js'
export { newConnection } from './conntrack-event.js'
export { conntrackStat } from './conntrack-stat.js'
export { dropped } from './drop.js'
export { failedWith } from './errno.js'
export { lookedUp } from './fib.js'
export { logged } from './kernel-log.js'
export { frameOn } from './link-frame.js'
export { linkOption } from './link-option.js'
export { mib } from './mib.js'
export { nftCounted } from './nft-counter.js'
export { passed } from './packet.js'
export { routed } from './route.js'
export { counted } from './rule-counter.js'
export { wayOut } from './way-out.js'
export { hasTarget } from './xt-target.js'
