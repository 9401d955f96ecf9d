import type postgres from 'postgres'
import { migrate } from '../migrations/index.ts'
import { LocalStackError } from './errors.ts'

/** Applies `000_host` and every migration of this package, as the owner of the database. */
export async function applyMigrations(sql: postgres.Sql, signal: AbortSignal | undefined): Promise<void> {
  const session = await sql.reserve()
  try {
    await migrate((text, parameters) => session.unsafe(text, parameters as never[]), {
      host: true,
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (cause) {
    if (signal?.aborted === true) throw cause
    throw new LocalStackError('migration_failed', `The migrations could not be applied: ${String(cause)}`, {
      cause,
    })
  } finally {
    session.release()
  }
}
