/** In which function an address of the kernel is, by /proc/kallsyms: for kernels whose trace events print addresses alone. */
import { readFileSync } from 'node:fs'

/** Symbols of code, as nm(1) calls them. */
const CODE = /^([\da-f]+) [tTwW] (\S+)/gm

/** Reads the symbols when it is first asked; they stay where they are while the kernel runs, modules that come later excepted. */
export class KernelSymbols {
  #symbols: readonly { readonly address: bigint; readonly name: string }[] | undefined

  /** `read` resolves what the kernel lists. */
  constructor(private readonly read: () => string = () => readFileSync('/proc/kallsyms', 'latin1')) {}

  /** The function that holds an address in hexadecimal digits; undefined where the kernel does not tell (kptr_restrict). */
  functionAt(text: string): string | undefined {
    this.#symbols ??= this.#load()
    const address = BigInt(`0x${text.replace(/^0x/, '')}`)
    let [from, to] = [0, this.#symbols.length]
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((this.#symbols[middle]?.address ?? 0n) <= address) from = middle + 1
      else to = middle
    }
    return this.#symbols[from - 1]?.name
  }

  #load() {
    let text = ''
    try {
      text = this.read()
    } catch {
      // Without it nothing is known, as where all addresses are shown as 0.
    }
    return [...text.matchAll(CODE)]
      .map(([, address = '0', name = '']) => ({ address: BigInt(`0x${address}`), name }))
      .filter(({ address }) => address !== 0n)
      .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
  }
}
