import type { Query } from '../migrations/index.ts'
import { CommandError } from './exit-codes.ts'

export type Session = { readonly query: Query; close(): Promise<void> }

/** Connects, once and for all: a connection that was lost is not made anew in the middle of a migration. */
export async function openSession(databaseUrl: string): Promise<Session> {
  const postgres = await loadDriver()
  if (!/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new CommandError('usage', 'The database URL must begin with postgres:// or postgresql://.')
  }
  if (!URL.canParse(databaseUrl)) {
    throw new CommandError(
      'usage',
      'The database URL cannot be read. Special characters in the password must be percent-encoded.',
    )
  }
  const sql = postgres(databaseUrl, {
    max: 1,
    // Poolers in transaction mode know no prepared statements.
    prepare: false,
    // By default the driver replaces a connection after about an hour; an index build may take longer.
    max_lifetime: null,
    idle_timeout: 0,
    connect_timeout: 15,
    onnotice: () => undefined,
    connection: { application_name: 'efir-cells' },
    ...(/[?&]ssl(mode)?=/.test(databaseUrl) ? {} : { ssl: 'prefer' as const }),
  })
  try {
    await sql`SELECT 1`
  } catch (cause) {
    await sql.end({ timeout: 1 })
    const message = cause instanceof Error && cause.message !== '' ? cause.message : codeOf(cause)
    throw new CommandError('unreachable', `The database did not let us in: ${message}`, { cause })
  }
  return {
    query: async (text, parameters) => await sql.unsafe(text, parameters as never[] | undefined),
    close: () => sql.end({ timeout: 5 }),
  }
}

/** A refusal of several addresses at once (IPv4 and IPv6) has no message of its own. */
const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)

async function loadDriver() {
  try {
    return (await import('postgres')).default
  } catch (cause) {
    throw new CommandError('usage', 'The driver is not installed. Run: npm install postgres', { cause })
  }
}
