/** Questions to a process or a thread beside this one, which answers them by number, in any order. */
export class Asked<T> {
  readonly #open = new Map<
    number,
    { readonly resolve: (answer: T) => void; readonly reject: (error: Error) => void }
  >()
  #last = 0

  /** Whether every question is answered. */
  get answered(): boolean {
    return this.#open.size === 0
  }

  /** Asks: `send` is given the question's number. Throws what it is refused with. */
  ask(send: (id: number) => void): Promise<T> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject })
      send(id)
    })
  }

  /** A question that is not open any more is left alone, by all of these. */
  answer(id: number, answer: T): void {
    this.#take(id)?.resolve(answer)
  }

  refuse(id: number, error: Error): void {
    this.#take(id)?.reject(error)
  }

  /** Nobody is there any more who could answer. */
  refuseAll(error: Error): void {
    for (const id of this.#open.keys()) this.refuse(id, error)
  }

  #take(id: number) {
    const question = this.#open.get(id)
    this.#open.delete(id)
    return question
  }
}
