/**
 * Lines of a topology that programs read: each must be one line, one command of the kind that it stands for, and nothing
 * that reaches beyond its namespace.
 */

/** What is wrong with a line, and what to do about it. */
export interface Complaint {
  readonly problem: string
  readonly remedy: string
}

/** A value in a message: cut, and without what a terminal would obey. */
export function shown(text: string): string {
  const safe = text.replace(
    /\p{Cc}/gu,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return safe.length > 80 ? `'${safe.slice(0, 80)}…'` : `'${safe}'`
}

/** What is wrong with a text that must be one line. */
export function lineProblem(text: string): Complaint | undefined {
  if (/[\n\r\0]/.test(text))
    return { problem: `${shown(text)} holds a line break`, remedy: 'write one entry for each line' }
  return /\p{Cc}/u.test(text)
    ? { problem: `${shown(text)} holds a control character`, remedy: 'write it with spaces only' }
    : undefined
}

const NFT_FAMILIES = 'ip|ip6|inet|arp|bridge'

/** What is wrong with a line for `nft`: it may only add, and only within its namespace. */
export function nftProblem(line: string): Complaint | undefined {
  const broken = lineProblem(line)
  if (broken) return broken
  const outside = line.replace(/\{[^{}]*\}/g, '')
  const adds = new RegExp(`^add (table|chain|rule|set|map|element|counter) (${NFT_FAMILIES}) \\w`).test(line)
  if (adds && !/[;\\$"#]/.test(outside) && !/[\\$"#]/.test(line)) return undefined
  return {
    problem: `${shown(line)} ${adds ? 'goes on behind its end' : 'adds nothing to nftables'}`,
    remedy:
      'write one command for each line, as add rule ip lab prerouting …, without quotes, variables and comments',
  }
}

/** Options of links that are no names, addresses and namespaces: words and numbers in pairs (ip-link(8)). */
const LINK_OPTIONS =
  /^(\S+) (?:(?:promisc|allmulticast) (?:on|off)|type bridge(?:_slave)?(?: [a-z_]+ [a-z\d]+)+)$/

/** What is wrong with the options of a link: a line for `ip link set`, of a device that the node has. */
export function linkOptionsProblem(line: string, devices: ReadonlySet<string>): Complaint | undefined {
  const broken = lineProblem(line)
  if (broken) return broken
  const [, device] = LINK_OPTIONS.exec(line) ?? []
  if (device === undefined)
    return {
      problem: `${shown(line)} is no option of a link`,
      remedy:
        'write it as ip link set takes it: br0 type bridge stp_state 1, veth0 type bridge_slave hairpin on, br0 promisc on',
    }
  return devices.has(device)
    ? undefined
    : { problem: `${shown(device)} is no device of the node`, remedy: `it has: ${[...devices].join(', ')}` }
}

/** What is wrong with a line for `tc -batch`. */
export function tcProblem(line: string): Complaint | undefined {
  const made = /^(qdisc|class|filter|chain|actions?) (add|replace|change|link) /.test(line)
  if (made && !line.endsWith('\\')) return lineProblem(line)
  return (
    lineProblem(line) ?? {
      problem: `${shown(line)} ${made ? 'goes on in the next line' : 'makes no part of traffic control'}`,
      remedy:
        'begin it with qdisc add, class add, filter add, chain add or actions add, and end it in one line',
    }
  )
}

const TABLES = ['filter', 'nat', 'mangle', 'raw']

/** What is wrong with the name of an iptables table. */
export function tableProblem(table: string): Complaint | undefined {
  return TABLES.includes(table)
    ? undefined
    : { problem: `${shown(table)} is no table of iptables here`, remedy: `tables are: ${TABLES.join(', ')}` }
}

/** The chain and its policy, of a line that is none of a rule. */
export function policyOf(line: string): [chain: string, policy: 'ACCEPT' | 'DROP'][] {
  const [, chain, policy] =
    /^-P (PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) (ACCEPT|DROP)$/.exec(line) ?? []
  return chain === undefined ? [] : [[chain, policy === 'DROP' ? 'DROP' : 'ACCEPT']]
}

/** What is wrong with a rule as iptables-save writes it, or with the policy of a chain: `-P FORWARD DROP`. */
export function ruleProblem(rule: string): Complaint | undefined {
  const broken = lineProblem(rule)
  if (broken) return broken
  if (policyOf(rule)[0]) return undefined
  if (!/^-[AI] [A-Za-z][\w.:-]{0,27}( |$)/.test(rule))
    return { problem: `${shown(rule)} is no rule`, remedy: "write it as iptables-save does: '-A CHAIN …'" }
  const option = / (-M|--mod[a-z]*|-t|--tab[a-z]*)(?=$|[ =])/.exec(rule)?.[1]
  return option === undefined
    ? undefined
    : {
        problem: `${shown(rule)} holds ${option}, which is not part of a rule`,
        remedy:
          'leave it out: it names a program to run, or a table, which is the key that the rule stands under',
      }
}

/**
 * What is wrong with a sysctl. Keys become paths under /proc/sys, so that `net/../kernel/core_pattern` would be the
 * machine's own, and the program that it names would run as root.
 */
export function sysctlProblem(key: string, value: string | number): Complaint | undefined {
  const broken = lineProblem(`${key}=${value}`)
  if (broken) return broken
  const [first, ...steps] = key.split(/[./]/)
  if (first !== 'net' || steps.length < 2 || !steps.every(step => /^[A-Za-z0-9_@:-]+$/.test(step)))
    return {
      problem: `${shown(key)} is not a sysctl of a network namespace`,
      remedy: 'only net.* keys are per namespace; write one as net.ipv4.conf.eth0.rp_filter',
    }
  if (/^-?[\w.:,+-]+( [\w.:,+-]+)*$/.test(String(value)) && !/e\+/.test(String(value))) return undefined
  return { problem: `${shown(key)} gets ${shown(String(value))}`, remedy: 'write it as the kernel prints it' }
}
