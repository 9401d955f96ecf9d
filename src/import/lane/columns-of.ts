import type { ImportItem } from '../map/items.ts'

/** Cells as `import_cells` takes them: a list a part, all of one length. Of what no cell has there is no list. */
export interface CellColumns {
  readonly module: readonly string[]
  readonly entity?: readonly (string | null)[]
  readonly field: readonly string[]
  readonly period?: readonly (string | null)[]
  /** In decimal digits. */
  readonly number?: readonly (string | null)[]
  readonly text?: readonly (string | null)[]
}

/** A fifth of the bytes that a list of objects has, and a third of the work for the database. */
export function columnsOf(items: readonly ImportItem[]): CellColumns {
  const column = <T>(read: (item: ImportItem) => T | null): readonly (T | null)[] | undefined => {
    let isUsed = false
    const values = items.map((item) => {
      const value = read(item)
      isUsed ||= value !== null
      return value
    })
    return isUsed ? values : undefined
  }
  const entity = column(({ cell }) => cell.entity ?? null)
  const period = column(({ cell }) => cell.period ?? null)
  const number = column(({ value }) => (typeof value === 'string' ? value : null))
  const text = column(({ value }) => (typeof value === 'object' && value !== null ? value.text : null))
  return {
    module: items.map(({ cell }) => cell.module),
    ...(entity === undefined ? {} : { entity }),
    field: items.map(({ cell }) => cell.field),
    ...(period === undefined ? {} : { period }),
    ...(number === undefined ? {} : { number }),
    ...(text === undefined ? {} : { text }),
  }
}
