import { ValidationError, type ChangeRecord, type StoredCell } from '../../index.ts'
import { textField, type Field, type Rows } from './row.ts'

const address = ['module', 'entity', 'field', 'period'] as const

/** A row a cell: what {@link importCells} reads without being told anything. */
export function longRows(pages: AsyncIterable<readonly StoredCell[]>): Rows {
  async function* chunks() {
    for await (const cells of pages) {
      yield cells.map((cell) => [...addressFields(cell), { text: cell.kind }, valueField(cell)])
    }
  }
  return { header: [...address, 'kind', 'value'], chunks: chunks() }
}

/**
 * A row for all periods of a field, with a column `none` where cells have no period; empty cells are left out. Held in memory as a whole, for the last page may have a period that no other had.
 *
 * @throws {ValidationError} where there are more cells than that, or a period has the name of another column.
 */
export async function wideRows(pages: AsyncIterable<readonly StoredCell[]>, most: number): Promise<Rows> {
  const rows = new Map<string, { readonly first: StoredCell; readonly byPeriod: Map<string | null, Field> }>()
  const periods = new Set<string>()
  let hasNone = false
  let count = 0
  for await (const cells of pages) {
    count += cells.length
    if (count > most) {
      throw new ValidationError('shape', 'wide', `'long' for more than ${most.toLocaleString('en')} cells`)
    }
    for (const cell of cells) {
      // A row of its own would say that all its periods are empty.
      if (cell.kind === 'empty') continue
      const key = JSON.stringify([cell.module, cell.entity, cell.field, cell.kind])
      const row = rows.get(key) ?? { first: cell, byPeriod: new Map<string | null, Field>() }
      rows.set(key, row)
      if (cell.period === null) hasNone = true
      else periods.add(cell.period)
      row.byPeriod.set(cell.period, valueField(cell))
    }
  }
  const names = [...periods].sort()
  const fixed = ['module', 'entity', 'field', 'kind', ...(hasNone ? ['none'] : [])]
  const twice = names.find((name) => fixed.includes(name))
  if (twice !== undefined)
    throw new ValidationError('shape', 'wide', `'long', for a period is called ${twice}`)
  async function* chunks() {
    for (const { first, byPeriod } of rows.values()) {
      const [module, entity, field] = addressFields(first)
      const values = [...(hasNone ? [null] : []), ...names].map((period) => byPeriod.get(period) ?? null)
      yield [[module ?? null, entity ?? null, field ?? null, { text: first.kind }, ...values]]
    }
    await Promise.resolve()
  }
  return { header: [...fixed, ...names], chunks: chunks() }
}

/** A row a change, newest first. */
export function changeRows(pages: AsyncIterable<readonly ChangeRecord[]>): Rows {
  async function* chunks() {
    for await (const changes of pages) yield changes.map(changeFields)
  }
  const values = ['kindBefore', 'before', 'versionBefore', 'kindAfter', 'after', 'versionAfter']
  const about = ['revision', 'at', 'by', 'action', 'changeType', 'cellId']
  return { header: [...about, ...address, ...values, 'sessionId', 'sessionLabel'], chunks: chunks() }
}

function changeFields(change: ChangeRecord): readonly Field[] {
  const { revision, at, by, action, changeType, cellId, before, after, sessionId, sessionLabel } = change
  return [
    integerField(revision),
    ...[at, by, action, changeType, cellId].map(textField),
    ...addressFields(change.address),
    ...[before, after].flatMap((side) => [{ text: side.kind }, valueField(side), integerField(side.version)]),
    textField(sessionId),
    textField(sessionLabel),
  ]
}

function addressFields(cell: Pick<StoredCell, (typeof address)[number]>): readonly Field[] {
  return address.map((name) => textField(cell[name]))
}

function valueField({ kind, value }: Pick<StoredCell, 'kind' | 'value'>): Field {
  if (value === null) return null
  return kind === 'number' ? { number: value } : { text: value }
}

function integerField(number: number | null): Field {
  return number === null ? null : { number: String(number) }
}
