import { bundle, type Migration } from './bundle.ts'
import { checksum } from './checksum.ts'
import { readHistory } from './history.ts'
import type { Query } from './query.ts'
import { checkedSchema } from './schema-name.ts'

/** One migration, and whether the database has it. */
export type MigrationState = {
  readonly name: string
  /**
   * `applied`; `pending`; `not_wanted`: the host's tables, which the application has from elsewhere; `changed`: applied
   * in another form than the bundled one; `unknown`: applied by a newer version of the package.
   */
  readonly state: 'applied' | 'pending' | 'not_wanted' | 'changed' | 'unknown'
  /** ISO 8601, UTC. */
  readonly appliedAt: string | undefined
  /** How it came to be recorded, where it was not simply applied. */
  readonly note: string | undefined
  /** Indexes that a run with `concurrently` has still to build. */
  readonly pendingIndexes: readonly string[]
}

/** What {@link migrationStatus} found. */
export type MigrationStatus = {
  readonly schema: string
  /**
   * `empty`: nothing recorded; `behind`: some pending, or indexes to be built; `current`; `ahead`: the database is newer than the package;
   * `contradiction`: something was applied in another form.
   */
  readonly state: 'empty' | 'behind' | 'current' | 'ahead' | 'contradiction'
  readonly migrations: readonly MigrationState[]
}

/**
 * Says what was applied and what is pending. Reads only, and throws nothing of its own but `invalid_schema`.
 *
 * @example
 * ```ts
 * import { migrationStatus, type Query } from '@efir/cells/migrations'
 *
 * declare const query: Query
 * const { state } = await migrationStatus(query)
 * if (state !== 'current') throw new Error(`planning cells are ${state}: run efir-cells migrate up`)
 * ```
 */
export async function migrationStatus(
  query: Query,
  options: { schema?: string | undefined } = {},
): Promise<MigrationStatus> {
  return await statusOf(bundle, query, checkedSchema(options.schema))
}

export async function statusOf(
  bundle: readonly Migration[],
  query: Query,
  schema: string,
): Promise<MigrationStatus> {
  const history = (await readHistory(query, schema)) ?? []
  const recorded = new Map(history.map((entry) => [entry.name, entry]))
  const known = await Promise.all(
    bundle.map(async (migration): Promise<MigrationState> => {
      const entry = recorded.get(migration.name)
      if (entry === undefined) {
        const isNotWanted = migration.optional !== undefined && history.length > 0
        const state = isNotWanted ? 'not_wanted' : 'pending'
        return { name: migration.name, state, appliedAt: undefined, note: undefined, pendingIndexes: [] }
      }
      return {
        name: migration.name,
        state: entry.checksum === (await checksum(migration.up)) ? 'applied' : 'changed',
        appliedAt: entry.appliedAt,
        note: entry.note,
        pendingIndexes: entry.pendingIndexes.map(({ name }) => name),
      }
    }),
  )
  const names = new Set(bundle.map(({ name }) => name))
  const unknown = history
    .filter(({ name }) => !names.has(name))
    .map(({ name, appliedAt, note }): MigrationState => {
      return { name, state: 'unknown', appliedAt, note, pendingIndexes: [] }
    })
  const migrations = [...known, ...unknown]
  return { schema, state: overall(migrations, history.length), migrations }
}

function overall(migrations: readonly MigrationState[], recorded: number): MigrationStatus['state'] {
  const has = (state: MigrationState['state']) => migrations.some((migration) => migration.state === state)
  if (has('changed')) return 'contradiction'
  if (has('unknown')) return 'ahead'
  if (recorded === 0) return 'empty'
  if (has('pending') || migrations.some(({ pendingIndexes }) => pendingIndexes.length > 0)) return 'behind'
  return 'current'
}
