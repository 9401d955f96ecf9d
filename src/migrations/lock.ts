import { MigrationError } from './errors.ts'
import { pause, queryText, sqlStateOf, transaction, type Query } from './query.ts'

const busy = Symbol('another process migrates')

export type LockOptions = {
  readonly signal?: AbortSignal | undefined
  /** How long one statement may wait for a table before the transaction gives way to those behind it. */
  readonly lockTimeout: number
  readonly onWaiting?: (() => void) | undefined
  readonly onRetry?: ((reason: string) => void) | undefined
}

export type Session = {
  /** Throws `not_one_session` where statements have ended up in another session, and so outside of the transaction. */
  check(): Promise<void>
}

/** How often a transaction that could not get its table locks is begun anew. */
const attemptsForTables = 12

/**
 * Runs `work` in a transaction that holds the migration lock of the schema. The lock belongs to the transaction and
 * not to the session, so it holds behind a pooler in transaction mode as well. It is tried for rather than waited
 * for, so that an abort is heard and no statement timeout strikes while another process migrates.
 *
 * A DDL statement that waits for a table makes every later reader and writer wait behind it. So it waits for
 * `lockTimeout` at most; then all is rolled back, and begun anew after the others had their turn.
 */
export async function underLock<T>(
  query: Query,
  schema: string,
  options: LockOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  let waits = 0
  for (let attempt = 1; ;) {
    options.signal?.throwIfAborted()
    try {
      const outcome = await transaction(query, async () => {
        if (!(await tryLock(query, schema))) return busy
        await query(`SET LOCAL lock_timeout = ${Math.round(options.lockTimeout)}`)
        return await inOneSession(query, work)
      })
      if (outcome !== busy) return outcome
    } catch (error) {
      if (!isLockTrouble(error)) throw error
      if (attempt === attemptsForTables) {
        throw new MigrationError(
          'tables_busy',
          `The tables were in use ${attemptsForTables} times running. Look for long transactions in ` +
            'pg_stat_activity, or migrate at a quieter hour.',
          { cause: error },
        )
      }
      attempt += 1
      options.onRetry?.(error instanceof Error ? error.message : String(error))
      await pause(options.lockTimeout * (0.5 + Math.random() / 2), options.signal)
      continue
    }
    if (waits === 0) options.onWaiting?.()
    await pause(Math.min(25 * 2 ** waits, 400) * (0.5 + Math.random()), options.signal)
    waits += 1
  }
}

/** Waited too long for a lock, or chosen as the victim of a deadlock: both pass when begun anew. */
export function isLockTrouble(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === '55P03' || state === '40P01'
}

async function tryLock(query: Query, schema: string): Promise<boolean> {
  const held = await queryText(
    query,
    'SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended($1::text, 0))::text',
    [`@efir/cells migrations ${schema}`],
  )
  return held === 'true'
}

/**
 * A pool that hands out a connection per call would run BEGIN here and the migration there; a driver that quietly
 * connects again goes on outside of the transaction.
 */
async function inOneSession<T>(query: Query, work: (session: Session) => Promise<T>): Promise<T> {
  const mark = crypto.randomUUID()
  await query("SELECT pg_catalog.set_config('efir_cells.session', $1::text, true)", [mark])
  const session: Session = {
    async check() {
      const found = await queryText(query, "SELECT pg_catalog.current_setting('efir_cells.session', true)")
      if (found === mark) return
      throw new MigrationError(
        'not_one_session',
        'The query function sends statements over several connections. Give one that keeps to a single connection.',
      )
    },
  }
  await session.check()
  const result = await work(session)
  await session.check()
  return result
}
