import { z } from 'zod'
import type { Finding } from '../model/evidence.js'
import type { FieldsOf } from '../model/fields.js'
import { PROOF_FIELDS, wordsOf } from './source.js'

const FIELDS = {
  ...PROOF_FIELDS,
  source: z.literal('errno'),
  /** The system call, as its manual page has it: `sendmsg`. */
  call: z.string(),
  code: z.string().regex(/^E[A-Z0-9]+$/, 'expected an errno’s name: EIO'),
}
type ErrnoProof<N extends string = string> = FieldsOf<typeof FIELDS, N>

const LIBRARY = `# errno before|after NODE CALL CODE: what the probe's own system call was answered.
errno() {
  [ "$1" = after ] || return 0
  if [ "$refused" = "$3 $4" ]; then
    finding seen "$2" "$3: $4"
    proved=yes
  else
    finding absent "$2" "$3: \${refused:-was not refused}"
  fi
}
`

/** The errno that a system call of the probe's own program failed with: what the kernel said to whoever asked it. */
export const failedWith = wordsOf(
  <const N extends string>(node: N, call: string, code: ErrnoProof['code']): ErrnoProof<N> => ({
    source: 'errno',
    node,
    call,
    code,
  }),
  {
    source: 'errno',
    fields: z.strictObject(FIELDS),
    level: 'basic',
    happens: () => true,
    isOwnAccount: () => true,
    watch: ({ source, node, call, code }: ErrnoProof, { result }) => ({
      // Absent as long as the probe runs, so that nothing else that is seen ends it before it is refused.
      pollable: true,
      look(): Finding {
        const refused = result()?.refused
        const same = refused?.call === call && refused.code === code
        const says = refused ? `${refused.call}: ${refused.code}` : `${call} was not refused`
        return { source, node, state: same ? 'seen' : 'absent', says }
      },
    }),
    clarity: 2,
    script: ({ call, code }) => ({ words: ['errno', call, code], library: LIBRARY, tools: [] }),
  },
)
