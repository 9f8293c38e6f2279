/** What a probe or a proof takes in the shell script that reproduces a scenario without the lab. */
export interface ScriptPart {
  /** The words of the call: a function of `library`, and its arguments. */
  readonly words: readonly string[]
  /** The shell functions that it calls, once for all who call them. */
  readonly library: string
  /** Programs that must be there, to be looked for before anything is built. */
  readonly tools: readonly string[]
}
