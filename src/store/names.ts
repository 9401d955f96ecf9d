/** Gives each text a small number, once and for good: cells hold the number. `null` is a name like any other, number 0. */
export class Names {
  readonly #numbers = new Map<string | null, number>([[null, 0]])
  readonly #texts: (string | null)[] = [null]

  numberOf(text: string | null): number {
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.#texts.length
      this.#numbers.set(text, number)
      this.#texts.push(text)
    }
    return number
  }

  /** Undefined where no cell ever had it. */
  find(text: string | null): number | undefined {
    return this.#numbers.get(text)
  }

  textOf(number: number): string | null {
    return this.#texts[number] ?? null
  }
}
