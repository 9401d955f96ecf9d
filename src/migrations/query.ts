/**
 * Runs SQL on **one** database session and gives the rows. Wrap the driver that the application already has;
 * the migrations need none of their own.
 *
 * Text without parameters may hold several statements (its rows are then not looked at), so it must go through the
 * simple protocol, as `sql.unsafe(text)` of `postgres` and `client.query(text)` of `pg` do. A pool is no session:
 * reserve a connection of it first. `migrate` notices a change of session and refuses.
 *
 * @example
 * ```ts
 * import postgres from 'postgres'
 * import type { Query } from '@efir/cells/migrations'
 *
 * const sql = postgres(process.env.DATABASE_URL!, { max: 1, prepare: false, onnotice() {} })
 * const query: Query = (text, parameters) => sql.unsafe(text, parameters as never[])
 * ```
 */
export type Query = (
  text: string,
  parameters?: readonly unknown[],
) => Promise<readonly Record<string, unknown>[]>

/** The first column of the first row as text; every query of ours casts what it reads, so that drivers agree. */
export async function queryText(
  query: Query,
  text: string,
  parameters?: readonly unknown[],
): Promise<string | undefined> {
  const [row] = await query(text, parameters)
  const [value] = Object.values(row ?? {})
  return typeof value === 'string' ? value : undefined
}

/**
 * Runs `work` in a transaction of its own. READ COMMITTED whatever the database's default is: after waiting for a
 * lock, the next statement must see what its holder committed.
 */
export async function transaction<T>(query: Query, work: () => Promise<T>): Promise<T> {
  return await inTransaction(query, 'COMMIT', work)
}

/** Runs `work` in a transaction whose effects are thrown away. */
export async function rehearsal<T>(query: Query, work: () => Promise<T>): Promise<T> {
  return await inTransaction(query, 'ROLLBACK', work)
}

async function inTransaction<T>(
  query: Query,
  end: 'COMMIT' | 'ROLLBACK',
  work: () => Promise<T>,
): Promise<T> {
  await query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE')
  try {
    const result = await work()
    await query(end)
    return result
  } catch (error) {
    await rollBack(query, error)
    throw error
  }
}

/**
 * The first error is the one to tell, and a lost connection has rolled back by itself; so a rollback that fails is
 * not told, and one that gets no answer is not waited for. `postgres` never answers what it is given between a
 * connection's error and its end: where the error is not the server's, it is first given time to notice.
 */
async function rollBack(query: Query, error: unknown): Promise<void> {
  if (sqlStateOf(error) === undefined) await pause(20)
  const answered = new AbortController()
  const rollback = query('ROLLBACK').then(
    () => answered.abort(),
    () => answered.abort(),
  )
  await Promise.race([rollback, pause(3_000, answered.signal).catch(() => undefined)])
}

/** The SQLSTATE of a driver's error, or of the error that it is the cause of. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code)) return error.code
  return sqlStateOf(error.cause)
}

/** Waits, and rejects with the signal's reason when that comes first. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      // An AbortSignal's reason is whatever its owner chose; it is passed on as it is.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted === true) stop()
  })
}
