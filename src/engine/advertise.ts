/** Router advertisements that the lab sends itself, one at a time: radvd says when, and what not. */
import type { AdvertiseStep } from '../model/steps.js'
import { routerAdvertisement } from '../topology/router-advertisement.js'
import type { CommandRecord } from '../world/command.js'
import {
  AF_INET6,
  closeFd,
  deviceIndex,
  IPPROTO_ICMPV6,
  IPPROTO_IPV6,
  openSocket,
  SOCK_RAW,
  sendBytes,
  setSocketOption,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { Mibs } from '../world/proc-net.js'

const ALL_NODES = 'ff02::1'
/** linux/in6.h. A receiver takes no other hop limit (ndisc_rcv(), net/ipv6/ndisc.c). */
const IPV6_MULTICAST_HOPS = 18
const HOPS = 255

/** Sends the advertisement of a step from its node; what that stands for, as a command. Throws SystemError. */
export function advertise(step: AdvertiseStep, netns: Netns): CommandRecord {
  const { node, device, lifetime, prefixes } = step
  const started = performance.now()
  const { fd, index } = netns.inside(() => ({
    fd: openSocket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6),
    index: deviceIndex(device),
  }))
  try {
    setSocketOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, HOPS)
    sendBytes(fd, routerAdvertisement(step), { address: `${ALL_NODES}%${index}`, port: 0 })
  } finally {
    closeFd(fd)
  }
  return {
    node,
    argv: [
      'advertise',
      device,
      'lifetime',
      String(lifetime),
      ...prefixes.map(prefix => JSON.stringify(prefix)),
    ],
    builtin: true,
    exitCode: 0,
    stdout: '',
    stderr: '',
    elapsedMs: performance.now() - started,
  }
}

/** How many router advertisements a namespace has got, whatever it made of them. */
export function advertisementsTo(netns: Netns): number {
  return new Mibs(netns).get('Icmp6InRouterAdvertisements') ?? 0
}
