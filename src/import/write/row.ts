/** One field of a row: exact decimal text, text, or nothing. */
export type Field = { readonly number: string } | { readonly text: string } | null

/** Rows under a header, as they are written. */
export interface Rows {
  readonly header: readonly string[]
  /** Some at a time. */
  readonly chunks: AsyncIterable<readonly (readonly Field[])[]>
}

export function textField(text: string | null): Field {
  return text === null ? null : { text }
}
