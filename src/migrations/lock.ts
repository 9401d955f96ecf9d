import { MigrationError } from './errors.ts'
import { queryText, transaction, type Query } from './query.ts'

const busy = Symbol('another process migrates')

/**
 * Runs `work` in a transaction that holds the migration lock of the schema. The lock belongs to the transaction and
 * not to the session, so it holds behind a pooler in transaction mode as well. It is tried for rather than waited
 * for, so that an abort is heard and no statement timeout strikes while another process migrates.
 */
export async function underLock<T>(
  query: Query,
  schema: string,
  options: { signal?: AbortSignal | undefined; onWaiting?: () => void },
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    options.signal?.throwIfAborted()
    const outcome = await transaction(query, async () => {
      if (!(await tryLock(query, schema))) return busy
      return await inOneSession(query, work)
    })
    if (outcome !== busy) return outcome
    if (attempt === 0) options.onWaiting?.()
    await pause(Math.min(25 * 2 ** attempt, 400) * (0.5 + Math.random()), options.signal)
  }
}

async function tryLock(query: Query, schema: string): Promise<boolean> {
  const held = await queryText(
    query,
    'SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended($1::text, 0))::text',
    [`@efir/cells migrations ${schema}`],
  )
  return held === 'true'
}

/** A pool that hands out a connection per call would run BEGIN here and the migration there. */
async function inOneSession<T>(query: Query, work: () => Promise<T>): Promise<T> {
  const mark = crypto.randomUUID()
  await query("SELECT pg_catalog.set_config('efir_cells.session', $1::text, true)", [mark])
  const check = async () => {
    const found = await queryText(query, "SELECT pg_catalog.current_setting('efir_cells.session', true)")
    if (found === mark) return
    throw new MigrationError(
      'not_one_session',
      'The query function sends statements over several connections. Give one that keeps to a single connection.',
    )
  }
  await check()
  const result = await work()
  await check()
  return result
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
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
