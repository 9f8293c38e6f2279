/**
 * One answer for all who ask for the same at the same moment, as the proofs of a trial do: `make` is called once for a key,
 * until whoever asks now is done. What is asked for a moment later is made a moment later.
 */
export function momentary<K, V>(): (key: K, make: () => V) => V {
  const now = new Map<K, V>()
  return (key, make) => {
    const known = now.get(key)
    if (known !== undefined) return known
    const made = make()
    now.set(key, made)
    queueMicrotask(() => now.delete(key))
    return made
  }
}
