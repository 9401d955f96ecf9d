import { Pool, type PoolConfig } from 'pg'

/** Connections that may end at any time: whoever asks something of one then is told, and the process goes on. */
export function openPool(databaseUrl: string, options: PoolConfig): Pool {
  const pool = new Pool({ ...options, connectionString: databaseUrl, allowExitOnIdle: true })
  // Of a connection that nobody uses at the moment: the next one is opened.
  pool.on('error', () => undefined)
  // Of one that somebody has, which says so besides to nobody in particular.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}
