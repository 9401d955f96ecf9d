/** Whether two selected values are the same to a component. */
export type IsEqual<Selected> = (one: Selected, other: Selected) => boolean

/** What a component selects of a snapshot: the same object while the component would not see a difference. */
export class Selection<Given, Selected> {
  #last: { readonly of: Given; readonly by: unknown; readonly value: Selected } | undefined

  of(given: Given, select: (given: Given) => Selected, isEqual: IsEqual<Selected>): Selected {
    const last = this.#last
    if (last !== undefined && Object.is(last.of, given) && last.by === select) return last.value
    const value = select(given)
    const kept = last !== undefined && isEqual(last.value, value) ? last.value : value
    this.#last = { of: given, by: select, value: kept }
    return kept
  }
}

/** Whether two lists hold the same. */
export function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index])
}
