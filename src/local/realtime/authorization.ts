import { randomUUID } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import type { Caller } from './token.ts'

type Extension = 'broadcast' | 'presence'

/** What the policies on realtime.messages say. `undefined`: not asked yet. */
export type Rights = Readonly<Record<Extension, boolean | undefined>>

export interface Authorization {
  /** May the caller receive on the private channel of this topic? */
  readonly mayRead: (caller: Caller, topic: string, extensions: readonly Extension[]) => Promise<Rights>
  /** May he send there? */
  readonly mayWrite: (caller: Caller, topic: string, extensions: readonly Extension[]) => Promise<Rights>
}

// As whoever is connected through REST: `authenticator` may become the API's roles and none but them, be a token's role
// what it may.
const BECOME = `
  SELECT set_config('session_authorization', 'authenticator', true), set_config('role', $1, true),
    set_config('realtime.topic', $2, true), set_config('request.jwt.claims', $3, true),
    set_config('request.jwt.claim.sub', $4, true), set_config('request.jwt.claim.role', $1, true),
    set_config('request.headers', '{}', true)`

const PROBE = 'INSERT INTO realtime.messages (id, topic, extension) VALUES ($1, $2, $3)'
const INSUFFICIENT_PRIVILEGE = '42501'

/** Runs work as a caller, in a transaction that is taken back. `before` runs in it as the superuser. */
export async function asCaller<T>(
  pool: Pool,
  { role, claims }: Caller,
  topic: string,
  work: (client: PoolClient) => Promise<T>,
  before: (client: PoolClient) => Promise<void> = () => Promise.resolve(),
): Promise<T> {
  const client = await pool.connect()
  let failure: Error | undefined
  try {
    await client.query('BEGIN')
    await before(client)
    await client.query(BECOME, [role, topic, JSON.stringify(claims), claims.sub ?? ''])
    return await work(client)
  } catch (error) {
    failure = error as Error
    throw error
  } finally {
    // A connection that can't even take back is not one to hand out again.
    const broken = await client.query('ROLLBACK').then(
      () => undefined,
      () => failure ?? new Error('The connection was lost.'),
    )
    client.release(broken)
  }
}

const nothing: Rights = { broadcast: undefined, presence: undefined }

/**
 * Asks the policies in the way the real server does: to read, it inserts a row as the owner and looks whether the
 * caller sees it; to write, it inserts one as the caller.
 */
export function authorizationOf(pool: Pool): Authorization {
  return {
    async mayRead(caller, topic, extensions) {
      const probes = extensions.map((extension) => ({ extension, id: randomUUID() }))
      const seen = await asCaller(
        pool,
        caller,
        topic,
        async (client) => {
          const { rows } = await client.query<{ id: string }>(
            'SELECT id FROM realtime.messages WHERE id = ANY ($1)',
            [probes.map(({ id }) => id)],
          )
          return rows.map(({ id }) => id)
        },
        async (client) => {
          for (const { extension, id } of probes) await client.query(PROBE, [id, topic, extension])
        },
      )
      return probes.reduce<Rights>(
        (rights, { extension, id }) => ({ ...rights, [extension]: seen.includes(id) }),
        nothing,
      )
    },

    mayWrite: (caller, topic, extensions) =>
      asCaller(pool, caller, topic, async (client) => {
        let rights = nothing
        for (const extension of extensions) {
          await client.query('SAVEPOINT probe')
          const allowed = await client.query(PROBE, [randomUUID(), topic, extension]).then(
            () => true,
            (error: unknown) => {
              if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) throw error
              return false
            },
          )
          await client.query('ROLLBACK TO SAVEPOINT probe')
          rights = { ...rights, [extension]: allowed }
        }
        return rights
      }),
  }
}
