import { Socket } from 'node:net'
import type { ClientBase, PoolClient, PoolConfig } from 'pg'
import { ValidationError } from '../../index.ts'

/** Transactions of a database, some at a time. */
export interface DatabasePool {
  /**
   * Commits what `work` did, or nothing of it. A signal ends it at once, whatever the database is doing.
   *
   * @throws whatever the database said, or that its connection was lost; nothing is thrown anywhere else.
   */
  transaction<T>(signal: AbortSignal, work: (session: ClientBase) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Only as many are opened as are used at once. */
const mostConnections = 8

/** @param claims What PostgREST would say of whoever calls: JSON, or nothing. */
export async function openPool(database: string, claims: string): Promise<DatabasePool> {
  const { Client, Pool } = await load(() => import('pg'))
  const { prefersTls, config } = configOf(database)
  // What a URL names and cannot be read, a certificate above all, is said before anything is asked of the database.
  refuseUnreadable(() => new Client(config))
  const sockets = new Set<Socket>()
  /** Connections that nobody waits for any more, and that have not come to anything. */
  let forsaken = 0
  let pool = startPool(config)

  function openSocket(): Socket {
    const socket = new Socket()
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    return socket
  }

  function startPool(settings: PoolConfig) {
    const started = new Pool({ ...settings, stream: openSocket })
    // Of connections that nobody uses just now: the next caller gets another one.
    started.on('error', ignore)
    // For as long as there is the connection. Its end is an event between two questions, and an error of the question during
    // one; it may come in one piece with the answer to the last question, before anybody could begin to listen.
    started.on('connect', (session) => session.on('error', ignore))
    return started
  }

  /** The driver cannot be called off while it connects: nobody waits for it then. */
  async function connectUnless(signal: AbortSignal): Promise<PoolClient> {
    signal.throwIfAborted()
    const connecting = connect()
    const { promise: given, reject } = Promise.withResolvers<never>()
    const stop = (): void => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await Promise.race([connecting, given])
    } catch (error) {
      forsaken++
      connecting.then((session) => session.release(), ignore).finally(() => forsaken--)
      throw error
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  /** The driver knows no `sslmode=prefer`: in the clear where the server has nothing else. */
  async function connect() {
    const asked = pool
    try {
      return await asked.connect()
    } catch (error) {
      if (!prefersTls || !(error instanceof Error) || !/does not support SSL/i.test(error.message))
        throw error
      if (pool === asked) pool = startPool({ ...config, ssl: false })
      return await pool.connect()
    }
  }

  /** Of that transaction and no other: behind a pooler the same process serves somebody else a moment later. */
  async function cancel({ process, since }: Began): Promise<void> {
    const client = new Client({ ...config, ...(pool.options.ssl === false ? { ssl: false } : {}) })
    client.on('error', ignore)
    try {
      await client.connect()
      await client.query(
        `SELECT pg_cancel_backend(pid) FROM pg_catalog.pg_stat_activity WHERE pid = $1 AND xact_start = $2`,
        [process, since],
      )
    } finally {
      await client.end()
    }
  }

  return {
    async transaction(signal, work) {
      const session = await connectUnless(signal)
      let began: Began | undefined
      let lost = false
      const stop = (): void => {
        lost = true
        // At once for us, and for the database, which would go on until it has something to say.
        void session.end()
        if (began !== undefined) cancel(began).catch(ignore)
      }
      signal.addEventListener('abort', stop, { once: true })
      try {
        signal.throwIfAborted()
        await session.query('BEGIN')
        const { rows } = await session.query<Began>(
          `SELECT pg_backend_pid() AS process, now()::text AS since, set_config('request.jwt.claims', $1, true)`,
          [claims],
        )
        began = rows[0]
        const result = await work(session)
        await session.query('COMMIT')
        return result
      } catch (error) {
        await session.query('ROLLBACK').catch(() => (lost = true))
        throw error
      } finally {
        signal.removeEventListener('abort', stop)
        session.release(lost)
      }
    },
    async close() {
      const ended = pool.end()
      // It would wait for a server that may never answer. The other connections are idle by now.
      if (forsaken > 0) for (const socket of sockets) socket.destroy()
      await ended
    },
  }
}

interface Began {
  readonly process: number
  /** To the microsecond, which a `Date` does not hold. */
  readonly since: string
}

const ignore = (): void => undefined

/** `sslmode` as libpq reads it, of which the driver has a reading of its own. */
function configOf(database: string): { readonly prefersTls: boolean; readonly config: PoolConfig } {
  const url = new URL(database)
  const settings = url.searchParams
  const given = settings.get('sslmode') ?? settings.get('ssl') ?? 'prefer'
  const mode = /^(?:0|false)$/.test(given) ? 'disable' : given
  const prefersTls = mode === 'prefer' || mode === 'allow'
  settings.delete('ssl')
  if (prefersTls) settings.delete('sslmode')
  else settings.set('sslmode', mode)
  if (mode === 'require' || (mode === 'verify-ca' && settings.has('sslrootcert'))) {
    settings.set('uselibpqcompat', 'true')
  }
  return {
    prefersTls,
    config: {
      connectionString: url.href,
      ...(prefersTls ? { ssl: { rejectUnauthorized: false } } : {}),
      application_name: 'efir-cells import',
      max: mostConnections,
      connectionTimeoutMillis: 30_000,
      keepAlive: true,
    },
  }
}

function refuseUnreadable(make: () => unknown): void {
  try {
    make()
  } catch (cause) {
    throw new ValidationError(
      'database',
      'a URL with settings that cannot be used',
      'a URL whose sslmode and certificate files are right',
      { cause },
    )
  }
}

/** Writes what a COPY reads. */
export async function loadCopy() {
  const { from } = await load(() => import('pg-copy-streams'))
  return from
}

async function load<T>(driver: () => Promise<T>): Promise<T> {
  try {
    return await driver()
  } catch (cause) {
    throw new ValidationError(
      'database',
      'a URL without a driver',
      'the URL of a database, once the driver is there: npm install pg pg-copy-streams',
      { cause },
    )
  }
}
