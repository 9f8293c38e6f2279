/** ICMPv6 of routers that the lab sends itself, one message at a time: a daemon says when, and what not. */
import type { AdvertiseStep, QueryStep } from '../model/steps.js'
import { mldQuery, ROUTER_ALERT } from '../topology/mld-query.js'
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
/** linux/in6.h. */
const IPV6_MULTICAST_HOPS = 18
const IPV6_HOPOPTS = 54
/** A receiver takes no other hop limit from a router (ndisc_rcv(), net/ipv6/ndisc.c), and none but 1 from a querier. */
const HOPS = { advertise: 255, query: 1 }
/** What counts them where they come in. */
const COUNTERS = { advertise: 'Icmp6InRouterAdvertisements', query: 'Icmp6InGroupMembQueries' }

/** Sends the message of a step from its node; what that stands for, as a command. Throws SystemError. */
export function sendAsRouter(step: AdvertiseStep | QueryStep, netns: Netns): CommandRecord {
  const { node, device } = step
  const started = performance.now()
  const { fd, index } = netns.inside(() => ({
    fd: openSocket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6),
    index: deviceIndex(device),
  }))
  try {
    setSocketOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, HOPS[step.do])
    if (step.do === 'query') setSocketOption(fd, IPPROTO_IPV6, IPV6_HOPOPTS, ROUTER_ALERT)
    const message = step.do === 'query' ? mldQuery() : routerAdvertisement(step)
    sendBytes(fd, message, { address: `${ALL_NODES}%${index}`, port: 0 })
  } finally {
    closeFd(fd)
  }
  return {
    node,
    argv: [step.do, device, ...(step.do === 'query' ? [] : wordsOf(step))],
    builtin: true,
    exitCode: 0,
    stdout: '',
    stderr: '',
    elapsedMs: performance.now() - started,
  }
}

function wordsOf({ lifetime, prefixes }: AdvertiseStep): string[] {
  return ['lifetime', String(lifetime), ...prefixes.map(prefix => JSON.stringify(prefix))]
}

/** How many messages of a step's kind a namespace has got, whatever it made of them. */
export function messagesTo(netns: Netns, kind: (AdvertiseStep | QueryStep)['do']): number {
  return new Mibs(netns).get(COUNTERS[kind]) ?? 0
}
