/** What a rule, or the policy of a chain, has counted, as the kernel says. */
export type RuleCount = {
  /** Its chain, as a configuration names it: `rules ip nat POSTROUTING`. */
  readonly chain: string
  readonly packets: number
} & (
  | {
      /** The rule, by the text that a configuration has for it. */
      readonly rule: string
    }
  | { readonly policy: string }
)
