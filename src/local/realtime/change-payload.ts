import type { ReadRow, Table } from './table-rows.ts'

/** A change as the client gets it. */
export interface ChangePayload {
  readonly schema: string
  readonly table: string
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE'
  readonly errors: readonly string[] | null
  readonly commit_timestamp?: string
  readonly columns?: readonly { readonly name: string; readonly type: string }[]
  readonly record?: Readonly<Record<string, unknown>>
  readonly old_record?: Readonly<Record<string, unknown>>
}

interface Change {
  readonly type: ChangePayload['type']
  /** In microseconds since 1970. */
  readonly committedAt: bigint
  readonly record: ReadRow | undefined
  readonly old: ReadRow | undefined
  readonly isTooLarge: boolean
}

// Of a record that is too large, only what is this small is sent.
const SMALL_VALUE_BYTES = 64

/** What is sent instead of any change of this table to a role that may not read its key; `undefined` where it may. */
export function refusedPayload(
  table: Table,
  type: ChangePayload['type'],
  role: string,
): ChangePayload | undefined {
  if (type === 'DELETE') return undefined
  const keys = table.columns.filter(({ isKey }) => isKey)
  const error =
    keys.length === 0
      ? 'Error 400: Bad Request, no primary key'
      : keys.every(({ readers }) => readers.includes(role))
        ? undefined
        : 'Error 401: Unauthorized'
  return error === undefined ? undefined : { schema: table.schema, table: table.name, type, errors: [error] }
}

/** @param selected Besides the primary key; `undefined`: all that the role may read. */
export function changePayload(
  table: Table,
  change: Change,
  role: string,
  selected: readonly string[] | undefined,
): ChangePayload {
  const columns = table.columns.filter(
    ({ name, isKey, readers }) =>
      readers.includes(role) && (selected === undefined || isKey || selected.includes(name)),
  )
  const sent = (row: ReadRow | undefined, keysOnly: boolean): Readonly<Record<string, unknown>> => {
    const entries = columns
      .filter(({ name, isKey }) => Object.hasOwn(row?.record ?? {}, name) && (isKey || !keysOnly))
      .map(({ name }) => [name, row?.record[name]] as const)
      .filter(
        ([, value]) => !change.isTooLarge || Buffer.byteLength(JSON.stringify(value)) <= SMALL_VALUE_BYTES,
      )
    return Object.fromEntries(entries)
  }
  return {
    schema: table.schema,
    table: table.name,
    type: change.type,
    commit_timestamp: new Date(Number(change.committedAt / 1000n)).toISOString(),
    columns: columns.map(({ name, type }) => ({ name, type })),
    ...(change.type === 'DELETE' ? {} : { record: sent(change.record, false) }),
    // Who may see a row that is gone can't be asked any more: then its key has to do.
    ...(change.type === 'INSERT'
      ? {}
      : { old_record: sent(change.old, change.type === 'DELETE' && table.hasRowSecurity) }),
    errors: change.isTooLarge ? ['Error 413: Payload Too Large'] : null,
  }
}
