import type { Pool } from 'pg'
import type { UserBroadcast } from './frames.ts'
import type { RowChange } from './replication.ts'

/** A row of realtime.messages on its way to a room. */
export interface StoredMessage {
  readonly topic: string
  readonly isPrivate: boolean
  readonly broadcast: UserBroadcast
}

export const MESSAGES_PUBLICATION = 'supabase_realtime_messages_publication'

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** `undefined` where the row is no broadcast, as the rows of presence are. */
export function readMessage(change: RowChange): StoredMessage | undefined {
  if (change.tag !== 'insert' || change.relation.schema !== 'realtime') return undefined
  const { topic, event, payload, private: isPrivate, id } = change.new as Record<string, unknown>
  const [room, name, body] = [text(topic), text(event), text(payload)]
  if (room === undefined || name === undefined || body === undefined) return undefined
  return {
    topic: room,
    isPrivate: isPrivate === 't',
    broadcast: { event: name, encoding: 'json', body: Buffer.from(body), meta: { id } },
  }
}

/** Has the write-ahead log tell of messages, and forgets those of more than three days, as the real server does. */
export async function prepareMessages(pool: Pool): Promise<void> {
  await pool.query("DELETE FROM realtime.messages WHERE inserted_at < now() - interval '3 days'")
  const { rowCount } = await pool.query('SELECT FROM pg_publication WHERE pubname = $1', [
    MESSAGES_PUBLICATION,
  ])
  if (rowCount === 0)
    await pool.query(`CREATE PUBLICATION ${MESSAGES_PUBLICATION} FOR TABLE realtime.messages`)
}

const MOST_REPLAYED = 25

/**
 * The last private broadcasts of a topic, oldest first.
 *
 * @param since In milliseconds since 1970.
 */
export async function replay(
  pool: Pool,
  topic: string,
  since: number,
  limit: number,
): Promise<readonly { readonly event: string; readonly payload: unknown; readonly id: string }[]> {
  const { rows } = await pool.query<{ event: string; payload: unknown; id: string }>(
    `SELECT event, payload, id FROM realtime.messages
    WHERE topic = $1 AND private AND extension = 'broadcast'
      AND inserted_at >= to_timestamp($2 / 1000.0) AT TIME ZONE 'UTC'
    ORDER BY inserted_at DESC LIMIT $3`,
    [topic, since, Math.max(1, Math.min(limit, MOST_REPLAYED))],
  )
  return rows.reverse()
}
