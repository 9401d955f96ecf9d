import { verify } from '../migrations/index.ts'
import type { Finding } from './doctor-finding.ts'
import { CommandError } from './exit-codes.ts'
import { openSession } from './session.ts'
import type { Settings } from './settings.ts'

/** What `migrate verify` says: tables, indexes, policies, grants, publication and drift. */
export async function examineDatabase(
  { databaseUrl, schema }: Settings,
  isServed: boolean,
  tell: (finding: Finding) => void,
): Promise<void> {
  if (databaseUrl === undefined) {
    tell({
      check: 'migrations',
      status: 'skip',
      found: 'not looked at without a database URL',
      advice: 'Set SUPABASE_DB_URL.',
    })
    return
  }
  try {
    const session = await openSession(databaseUrl)
    try {
      const { checks } = await verify(session.query, { schema })
      for (const { check, ok, severity, found, expected, hint } of checks) {
        // The database cannot always tell whether the API serves the schema; the API has just shown it.
        if (check === 'api_schema' && isServed) continue
        const status = ok ? 'ok' : severity === 'error' ? 'fail' : 'warn'
        tell({ check, status, found, ...(ok ? {} : { advice: hint ?? `Expected: ${expected}` }) })
      }
    } finally {
      await session.close()
    }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    tell({ check: 'database', status: 'fail', found: error.message, advice: 'Look at SUPABASE_DB_URL.' })
  }
}
