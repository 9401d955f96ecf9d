import type { Pool } from 'pg'
import { BindingError, readChangeFilter, type ChangeFilter, type Condition } from './change-filter.ts'
import { changePayload, refusedPayload, type ChangePayload } from './change-payload.ts'
import type { Binding } from './join-request.ts'
import { KeptReplication } from './kept-replication.ts'
import type { RowChange } from './replication.ts'
import {
  describeTables,
  isApiRole,
  readRows,
  tryCondition,
  visibleRows,
  type ReadRow,
  type Table,
  type TextRow,
} from './table-rows.ts'
import type { Caller } from './token.ts'

/** Gets a change, with the ids of the bindings that asked for it. */
export type DeliverChange = (ids: readonly number[], data: ChangePayload) => void

export interface ChangeSubscription {
  close(): void
}

interface Subscriber {
  readonly caller: Caller
  readonly filters: readonly (ChangeFilter & { readonly id: number })[]
  readonly deliver: DeliverChange
}

interface Committed {
  readonly change: RowChange
  readonly committedAt: bigint
}

/** A change with all that has been found out about it. */
interface ReadChange extends Committed {
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE'
  readonly record: ReadRow | undefined
  readonly old: ReadRow | undefined
  /** What a filter looks at. */
  readonly meets: readonly boolean[]
  readonly isTooLarge: boolean
}

// The real server polls, and so do we: what comes and goes in between is seen as it is then.
const POLL_MILLISECONDS = 100
const MOST_RECORD_BYTES = 1024 * 1024
const CHANGES_PUBLICATION = 'supabase_realtime'

const TYPES = { insert: 'INSERT', update: 'UPDATE', delete: 'DELETE' } as const

const described = ({ event, schema, table, conditions, columns }: ChangeFilter): string =>
  `[event: ${event}, schema: ${schema}, table: ${table}, ` +
  `filters: ${JSON.stringify(conditions.map(({ column, operator, value }) => [column, operator, value]))}, ` +
  `select: ${JSON.stringify(columns ?? null)}]`

/** `postgres_changes`: the rows that change, to each subscriber those that he may see. */
export class ChangeFeed {
  readonly #pool: Pool
  readonly #replication: KeptReplication
  readonly #subscribers = new Set<Subscriber>()
  #committed: Committed[] = []
  #polling: NodeJS.Timeout | undefined

  constructor(pool: Pool, databaseUrl: string) {
    this.#pool = pool
    this.#replication = new KeptReplication({
      databaseUrl,
      publication: CHANGES_PUBLICATION,
      onChange: (change, committedAt) => {
        if (this.#subscribers.size === 0) return
        this.#committed.push({ change, committedAt })
        this.#pollSoon()
      },
    })
  }

  /**
   * Resolves when changes are told.
   *
   * @throws BindingError
   */
  async subscribe(
    bindings: readonly { readonly id: number; readonly binding: Binding }[],
    caller: Caller,
    deliver: DeliverChange,
  ): Promise<ChangeSubscription> {
    const filters = bindings.map(({ id, binding }) => ({ id, ...readChangeFilter(binding) }))
    for (const filter of filters) await this.#check(filter, caller)
    await this.#replication.need()
    const subscriber = { caller, filters, deliver }
    this.#subscribers.add(subscriber)
    return {
      close: () => {
        this.#subscribers.delete(subscriber)
        if (this.#subscribers.size === 0) this.#replication.release()
      },
    }
  }

  async pause(): Promise<void> {
    // What the poll had not come to yet dies with the backend.
    this.#committed = []
    await this.#replication.pause()
  }

  resume(): Promise<void> {
    return this.#replication.resume()
  }

  async close(): Promise<void> {
    clearTimeout(this.#polling)
    await this.#replication.close()
  }

  async #check(filter: ChangeFilter, caller: Caller): Promise<void> {
    const cannot = 'Unable to subscribe to changes with given parameters.'
    const exception = (message: string): BindingError =>
      new BindingError(
        `${cannot} An exception happened so please check your connect parameters: ${described(filter)}. ` +
          `Exception: ${message}`,
      )
    if (!(await isApiRole(this.#pool, caller.role))) {
      throw exception(`role ${JSON.stringify(caller.role)} does not exist`)
    }
    const tables = await describeTables(this.#pool, filter.schema, filter.table, [caller.role])
    if (tables.length === 0) {
      throw new BindingError(
        `${cannot} Please check Realtime is enabled for the given connect parameters: ${described(filter)}`,
      )
    }
    for (const table of tables) {
      const readable = new Map(
        table.columns
          .filter(({ readers }) => readers.includes(caller.role))
          .map((column) => [column.name, column]),
      )
      for (const condition of filter.conditions) {
        const column = readable.get(condition.column)
        if (column === undefined) throw exception(`invalid column for filter ${condition.column}`)
        await tryCondition(this.#pool, column, condition).catch((error: unknown) => {
          throw exception((error as Error).message)
        })
      }
      const unknown = filter.columns?.find((name) => !readable.has(name))
      if (unknown !== undefined) throw exception(`invalid column for select ${unknown}`)
    }
  }

  #pollSoon(): void {
    this.#polling ??= setTimeout(() => {
      const batch = this.#committed.splice(0)
      void this.#tell(batch)
        // As on the real server: what a poll could not read is lost, and nobody is told.
        .catch(() => undefined)
        .then(() => {
          this.#polling = undefined
          if (this.#committed.length > 0) this.#pollSoon()
        })
    }, POLL_MILLISECONDS)
  }

  async #tell(batch: readonly Committed[]): Promise<void> {
    const byTable = Map.groupBy(batch, ({ change }) => change.relation.relationOid)
    const deliveries = new Map<Committed, (() => void)[]>()
    for (const committed of byTable.values()) {
      for (const [one, deliver] of await this.#prepare(committed)) deliveries.set(one, deliver)
    }
    for (const committed of batch) for (const deliver of deliveries.get(committed) ?? []) deliver()
  }

  async #prepare(batch: readonly Committed[]): Promise<Map<Committed, (() => void)[]>> {
    const prepared = new Map<Committed, (() => void)[]>()
    const { schema, name } = batch[0]?.change.relation ?? { schema: '', name: '' }
    const isOf = ({ schema: wanted, table }: ChangeFilter): boolean =>
      (wanted === '*' || wanted === schema) && (table === '*' || table === name)
    const subscribers = [...this.#subscribers]
      .map((subscriber) => ({ ...subscriber, subscriber, filters: subscriber.filters.filter(isOf) }))
      .filter(({ filters }) => filters.length > 0)
    if (subscribers.length === 0) return prepared
    const roles = [...new Set(subscribers.map(({ caller }) => caller.role))]
    const [table] = await describeTables(this.#pool, schema, name, roles)
    if (table === undefined) return prepared

    const conditions = subscribers.flatMap(({ filters }) => filters.flatMap((filter) => filter.conditions))
    const changes = await this.#read(table, batch, conditions)
    const seen = await this.#visible(
      table,
      changes,
      subscribers.map(({ caller }) => caller),
    )
    for (const change of changes) {
      const origin = batch.find(({ change: one }) => one === change.change)
      if (origin === undefined) continue
      const deliveries: (() => void)[] = []
      for (const { caller, filters, deliver, subscriber } of subscribers) {
        const wanted = filters.filter(
          ({ event, conditions: all }) =>
            (event === '*' || event === change.type) &&
            all.every((one) => change.meets[conditions.indexOf(one)]),
        )
        const asked = filters.filter(({ event }) => event === '*' || event === change.type)
        const refused = refusedPayload(table, change.type, caller.role)
        const matching = refused === undefined ? wanted : asked
        if (refused === undefined && seen.get(caller)?.has(change) === false) continue
        for (const [columns, group] of Map.groupBy(matching, (filter) => filter.columns?.join() ?? '')) {
          const data =
            refused ??
            changePayload(table, change, caller.role, columns === '' ? undefined : (group[0]?.columns ?? []))
          const ids = [...new Set(group.map(({ id }) => id))]
          deliveries.push(() => {
            if (this.#subscribers.has(subscriber)) deliver(ids, data)
          })
        }
      }
      prepared.set(origin, deliveries)
    }
    return prepared
  }

  async #read(
    table: Table,
    batch: readonly Committed[],
    conditions: readonly Condition[],
  ): Promise<readonly ReadChange[]> {
    const keys = table.columns.filter(({ isKey }) => isKey).map(({ name }) => name)
    const rows = batch.flatMap(({ change }) => [newRow(change), oldRow(change, keys)])
    const read = await readRows(
      this.#pool,
      table,
      rows.filter((row) => row !== undefined),
      conditions,
    )
    let next = 0
    const take = (row: TextRow | undefined): ReadRow | undefined =>
      row === undefined ? undefined : read[next++]
    return batch.map((committed, index) => {
      const [record, old] = [take(rows[2 * index]), take(rows[2 * index + 1])]
      return {
        ...committed,
        type: TYPES[committed.change.tag],
        record,
        old,
        meets: (record ?? old)?.meets ?? [],
        isTooLarge: Buffer.byteLength(JSON.stringify([record, old])) > MOST_RECORD_BYTES,
      }
    })
  }

  /** For every caller the changes he may see; none where row security does not hold, as for deletions. */
  async #visible(
    table: Table,
    changes: readonly ReadChange[],
    callers: readonly Caller[],
  ): Promise<ReadonlyMap<Caller, ReadonlySet<ReadChange>>> {
    const seen = new Map<Caller, ReadonlySet<ReadChange>>()
    const hidden = table.hasRowSecurity ? changes.filter(({ type }) => type !== 'DELETE') : []
    const open = changes.filter((change) => !hidden.includes(change))
    for (const alike of Map.groupBy(callers, ({ claims }) => JSON.stringify(claims)).values()) {
      const [caller] = alike
      if (caller === undefined) continue
      const rows = hidden.map(({ change }) => newRow(change) ?? {})
      const places =
        rows.length === 0
          ? new Set<number>()
          : // A policy that fails shows nothing.
            await visibleRows(this.#pool, table, rows, caller).catch(() => new Set<number>())
      const visible = new Set([...open, ...hidden.filter((_, place) => places.has(place))])
      for (const one of alike) seen.set(one, visible)
    }
    return seen
  }
}

/** `undefined` of a value: it was not sent, because it is large and did not change. */
function textRow(row: Readonly<Record<string, unknown>> | null): TextRow | undefined {
  if (row === null) return undefined
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as TextRow
}

const newRow = (change: RowChange): TextRow | undefined =>
  change.tag === 'delete' ? undefined : textRow(change.new)

/** As much as the table's replica identity says: all with FULL, otherwise the key. */
function oldRow(change: RowChange, keys: readonly string[]): TextRow | undefined {
  if (change.tag === 'insert') return undefined
  if (change.tag === 'delete') return textRow(change.old ?? change.key)
  const before = textRow(change.old ?? change.key)
  if (before !== undefined) return before
  const now = textRow(change.new) ?? {}
  return Object.fromEntries(keys.map((key) => [key, now[key] ?? null]))
}
