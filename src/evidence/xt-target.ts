import { z } from 'zod'
import type { Finding } from '../model/evidence.js'
import type { FieldsOf } from '../model/fields.js'
import {
  AF_INET,
  AF_INET6,
  askSocketOption,
  closeFd,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_RAW,
  openSocket,
  SOCK_RAW,
  SystemError,
} from '../world/libc.js'
import type { Netns } from '../world/netns.js'
import { PROOF_FIELDS, withWords, wordsOf } from './source.js'

/** IPT_SO_GET_REVISION_TARGET, and IP6T_SO_GET_REVISION_TARGET: what iptables itself asks before it uses one. */
const GET_REVISION_TARGET = { inet: 67, inet6: 69 }
/** struct xt_get_revision: a name of 29 bytes, and the revision. */
const QUESTION_BYTES = 30
const REVISION_AT = 29

const FIELDS = {
  ...PROOF_FIELDS,
  source: z.literal('xt-target'),
  family: z.enum(['inet', 'inet6']),
  target: z.string().min(1).max(28),
  revision: z.int().min(0).max(255),
  there: z.boolean(),
}
type TargetProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

/** What iptables(8) asks the kernel: whether it has a revision of a target for a family; with `missing`, it must not have it; `andStays`: also where the failure is repaired. */
export const hasTarget = wordsOf(
  <const N extends string>(node: N, family: 'inet' | 'inet6', target: string, revision: number) =>
    proof<N>({ source: 'xt-target', node, family, target, revision, there: true }),
  {
    source: 'xt-target',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    happens: () => true,
    isOwnAccount: () => true,
    watch: (own: TargetProof, { netns }) => ({
      pollable: false,
      look(): Finding {
        const { source, node, family, target, revision, there } = own
        const answer = ask(netns(node), own)
        const name = `target ${target} revision ${revision} of ${family}`
        if (answer !== undefined && !['ENOENT', 'EPROTONOSUPPORT'].includes(answer))
          return { source, node, state: 'unavailable', says: `x_tables does not say of ${name}: ${answer}` }
        return {
          source,
          node,
          state: (answer === undefined) === there ? 'seen' : 'absent',
          says: `x_tables has ${answer === undefined ? name : `no ${name}: ${answer}`}`,
        }
      },
    }),
    clarity: 1,
  },
)

interface TargetWords<N extends string> {
  /** The kernel must not have it. */
  missing(): TargetProof<N>
  /** Also where the failure is repaired. */
  andStays(): TargetProof<N>
}

function proof<N extends string>(data: TargetProof<N>): TargetProof<N> & TargetWords<N> {
  return withWords(data, {
    missing: () => proof({ ...data, there: false }),
    andStays: () => proof({ ...data, stops: false }),
  })
}

/** What the kernel refuses the question with; undefined where it has the target. */
function ask(netns: Netns, { family, target, revision }: TargetProof): string | undefined {
  const v6 = family === 'inet6'
  const question = Buffer.alloc(QUESTION_BYTES)
  question.write(target, 'latin1')
  question[REVISION_AT] = revision
  try {
    const fd = netns.inside(() => openSocket(v6 ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW))
    try {
      askSocketOption(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, GET_REVISION_TARGET[family], question)
      return undefined
    } finally {
      closeFd(fd)
    }
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    return error.code
  }
}
