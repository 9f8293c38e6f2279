/** Every kind of probe, by the word that makes one: a line for each. A kind is in one file, and in this line. */
export { dnsUdp } from './dns-udp.js'
export { http } from './http.js'
export { ipv6Address } from './ipv6-address.js'
export { manyConnections } from './many-connections.js'
export { ping } from './ping.js'
export { snatRace } from './snat-race.js'
export { tcp } from './tcp.js'
export { udp } from './udp.js'
