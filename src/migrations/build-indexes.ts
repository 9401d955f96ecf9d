import { MigrationError } from './errors.ts'
import { readHistory, recordIndexed } from './history.ts'
import { concurrently, type PendingIndex } from './indexes.ts'
import { isLockTrouble, underLock, type LockOptions } from './lock.ts'
import { pause, queryText, sqlStateOf, transaction, type Query } from './query.ts'

export type IndexProgress = {
  readonly onBuilding?: ((index: string) => void) | undefined
  readonly onBuilt?: ((index: string, milliseconds: number) => void) | undefined
}

/**
 * Builds what earlier transactions put off. Any number of processes may do so at once, and one may take over from
 * another that died half-way: what is left invalid then is dropped and built anew.
 */
export async function buildPendingIndexes(
  query: Query,
  schema: string,
  options: LockOptions & IndexProgress,
): Promise<void> {
  for (const { name, pendingIndexes } of (await readHistory(query, schema)) ?? []) {
    if (pendingIndexes.length === 0) continue
    for (const index of pendingIndexes) await build(query, schema, index, options)
    await underLock(query, schema, options, () => recordIndexed(query, schema, name))
  }
}

async function build(
  query: Query,
  schema: string,
  index: PendingIndex,
  options: LockOptions & IndexProgress,
): Promise<void> {
  for (;;) {
    options.signal?.throwIfAborted()
    const state = await stateOf(query, schema, index)
    if (state === 'valid') return
    // An index that is built just now looks like one that was left over. Its builder holds a lock on the table.
    const outcome = state === 'invalid' ? await dropLeftOver(query, schema, index) : await create()
    if (outcome === 'busy') await pause(100 + Math.random() * 200, options.signal)
  }

  async function create(): Promise<'done' | 'busy'> {
    if (!(await isTableFree(query, schema, index))) return 'busy'
    const started = performance.now()
    options.onBuilding?.(index.name)
    try {
      await query(concurrently(index.create))
    } catch (cause) {
      // Two that begin at the same moment: one finds the name taken, or is taken out of a deadlock.
      const state = sqlStateOf(cause)
      if (state === '42P07' || state === '23505' || isLockTrouble(cause)) return 'busy'
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new MigrationError('failed', `Building the index ${index.name} failed: ${message}`, { cause })
    }
    if (index.comment !== undefined) await query(index.comment)
    options.onBuilt?.(index.name, performance.now() - started)
    return 'done'
  }
}

async function stateOf(
  query: Query,
  schema: string,
  index: PendingIndex,
): Promise<'missing' | 'valid' | 'invalid'> {
  const valid = await queryText(
    query,
    'SELECT indisvalid::text FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass($1::text)',
    [`${schema}.${index.name}`],
  )
  if (valid === undefined) return 'missing'
  return valid === 'true' ? 'valid' : 'invalid'
}

/** CREATE INDEX CONCURRENTLY holds this lock from its beginning to its end. */
const lockOutBuilders = (schema: string, index: PendingIndex) =>
  `LOCK TABLE ${schema}.${index.table} IN SHARE UPDATE EXCLUSIVE MODE NOWAIT`

async function isTableFree(query: Query, schema: string, index: PendingIndex): Promise<boolean> {
  return await unlessBusy(query, async () => {
    await query(lockOutBuilders(schema, index))
  })
}

async function dropLeftOver(query: Query, schema: string, index: PendingIndex): Promise<'done' | 'busy'> {
  const isDropped = await unlessBusy(query, async () => {
    await query(lockOutBuilders(schema, index))
    if ((await stateOf(query, schema, index)) !== 'invalid') return
    // Nobody can be building it now, so it is safe to drop; readers and writers wait for this one instant at most.
    await query("SET LOCAL lock_timeout = '1s'")
    await query(`DROP INDEX ${schema}.${index.name}`)
  })
  return isDropped ? 'done' : 'busy'
}

async function unlessBusy(query: Query, work: () => Promise<void>): Promise<boolean> {
  try {
    await transaction(query, work)
    return true
  } catch (error) {
    if (isLockTrouble(error)) return false
    throw error
  }
}
