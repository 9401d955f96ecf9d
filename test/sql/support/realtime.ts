import type postgres from 'postgres'
import { REALTIME_SCHEMA } from '../../../src/local/realtime/schema.ts'
import type { Feed } from './feed.ts'

/** A database whose project never used Realtime. */
export async function withoutRealtime(sql: postgres.Sql): Promise<void> {
  await sql`DROP SCHEMA realtime CASCADE`
}

/**
 * Makes the schema, as a project does when its Realtime is first used, with a column of ours: `sent` is the order of
 * sending, where the real server reads the write-ahead log.
 */
export async function startRealtime(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(REALTIME_SCHEMA).simple()
  await sql`ALTER TABLE realtime.messages ADD COLUMN sent bigint GENERATED ALWAYS AS IDENTITY`
}

interface Message {
  readonly event: string
  readonly private: boolean
  readonly extension: string
  readonly payload: Feed & { readonly id: string; readonly deleted?: true }
}

/** What was broadcast about the leases of a budget, in the order of sending, each as `[key, by, acquiredAt, expiresAt]`. */
export async function leaseNews(sql: postgres.Sql, budget: string) {
  const messages = await sql<
    { private: boolean; payload: { at: string; leases: [unknown[], ...(string | null)[]][] | null } }[]
  >`
    SELECT private, payload FROM realtime.messages
    WHERE topic = ${`cells:${budget}`} AND event = 'leases' ORDER BY sent`
  return messages.map(({ payload, ...rest }) => ({ ...rest, ...payload }))
}

/** What was broadcast about the comments of a budget, in the order of sending. */
export async function commentNews(sql: postgres.Sql, budget: string) {
  const messages = await sql<{ private: boolean; payload: { id: string; cells: unknown[][] | null } }[]>`
    SELECT private, payload FROM realtime.messages
    WHERE topic = ${`cells:${budget}`} AND event = 'comments' ORDER BY sent`
  return messages.map(({ payload, ...rest }) => ({ ...rest, ...payload }))
}

/** What was broadcast about a budget, in the order of sending. */
export async function broadcasts(sql: postgres.Sql, budget: string): Promise<Message[]> {
  return sql<Message[]>`
    SELECT event, private, extension, payload FROM realtime.messages
    WHERE topic = ${`cells:${budget}`} ORDER BY sent`
}

/** What Realtime finds out when someone wants to join a channel: in a transaction that it takes back. */
export async function rightsOn(
  sql: postgres.Sql,
  topic: string,
  caller: { readonly role: 'authenticated' | 'anon'; readonly sub?: string },
) {
  const rights = { receive: [] as string[], send: [] as string[] }
  const done = new Error('taken back')
  await sql
    .begin(async (as) => {
      await as`INSERT INTO realtime.messages (topic, extension) VALUES (${topic}, 'broadcast'), (${topic}, 'presence')`
      await as`
        SELECT set_config('role', ${caller.role}, true), set_config('realtime.topic', ${topic}, true),
          set_config('request.jwt.claims', ${JSON.stringify(caller)}, true)`
      const seen = await as<{ extension: string }[]>`
        SELECT extension FROM realtime.messages WHERE topic = ${topic} AND event IS NULL ORDER BY extension`
      rights.receive = seen.map(({ extension }) => extension)
      for (const extension of ['broadcast', 'presence']) {
        await as
          .savepoint(
            (inner) =>
              inner`INSERT INTO realtime.messages (topic, extension) VALUES (${topic}, ${extension})`,
          )
          .then(() => rights.send.push(extension))
          .catch((error: unknown) => {
            if (!String(error).includes('row-level security')) throw error
          })
      }
      throw done
    })
    .catch((error: unknown) => {
      if (error !== done) throw error
    })
  return rights
}
