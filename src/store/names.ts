/**
 * Gives each text a small number, once and for good: cells hold the number. `null` is a name like any other, number 0.
 * Cells come in an order in which most have the name of the one before, which costs less to see than to look up.
 */
export class Names {
  readonly #numbers = new Map<string, number>()
  readonly #texts: (string | null)[] = [null]
  #last: string | null = null
  #lastNumber = 0

  numberOf(text: string | null): number {
    const found = this.find(text)
    if (found !== undefined) return found
    const number = this.#texts.length
    this.#numbers.set(text!, number)
    this.#texts.push(text)
    return number
  }

  /** Undefined where no cell ever had it. */
  find(text: string | null): number | undefined {
    if (text === null) return 0
    if (text === this.#last) return this.#lastNumber
    const number = this.#numbers.get(text)
    if (number !== undefined) {
      this.#last = text
      this.#lastNumber = number
    }
    return number
  }

  /** Of the text from a place on. */
  numberOfEnd(text: string, from: number): number {
    const last = this.#last
    const isLast = last !== null && text.length - from === last.length && text.endsWith(last)
    return isLast ? this.#lastNumber : this.numberOf(text.slice(from))
  }

  textOf(number: number): string | null {
    return this.#texts[number] ?? null
  }
}
