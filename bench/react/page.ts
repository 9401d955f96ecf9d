/** What a subject needs to know. TinyBase needs no server. */
export interface Given {
  readonly rows: number
  readonly columns: number
  readonly url: string
  readonly key: string
  readonly token: string
  readonly budget: string
}

/** What the bench calls in a subject's page. */
export interface BenchPage {
  /** Resolves when the grid shows all of its values. */
  start(given: Given): Promise<void>
  /** What was rendered since it was asked last. */
  renders(): number
  /** Somebody else's change, where no server can be asked for one. */
  change?(row: number, column: number, value: string): void
}

/** The field and the period of a cell. */
export const addressOf = ({ row, column }: { readonly row: number; readonly column: number }) => ({
  module: 'bench',
  field: `f${row}`,
  period: `p${column}`,
})

/** Hands the page to the bench. */
export function serve(page: BenchPage): void {
  Object.assign(globalThis, { bench: page })
}
