import type postgres from 'postgres'
import type { Feed } from './feed.ts'

/**
 * What Supabase Realtime has in a database, as far as the feed leans on it: the table of messages, partitioned and
 * under row level security with no policy; `send`, which runs as its caller, adds an id, and swallows its own errors;
 * `topic`. The column `sent` is ours: the order of sending, where the real server reads the write-ahead log.
 */
const REALTIME = `
CREATE SCHEMA realtime;
GRANT USAGE ON SCHEMA realtime TO anon, authenticated, service_role;
CREATE TABLE realtime.messages (
  topic text NOT NULL,
  extension text NOT NULL,
  payload jsonb,
  event text,
  private boolean DEFAULT false,
  updated_at timestamp NOT NULL DEFAULT now(),
  inserted_at timestamp NOT NULL DEFAULT now(),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  sent bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (id, inserted_at)
) PARTITION BY RANGE (inserted_at);
CREATE TABLE realtime.messages_default PARTITION OF realtime.messages DEFAULT;
ALTER TABLE realtime.messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE realtime.messages_default ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE ON realtime.messages TO anon, authenticated, service_role;

CREATE FUNCTION realtime.topic() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('realtime.topic', true), '')
$$;
CREATE FUNCTION realtime.send(payload jsonb, event text, topic text, private boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  message_id uuid := gen_random_uuid();
BEGIN
  PERFORM set_config('realtime.topic', topic, true);
  INSERT INTO realtime.messages (id, payload, event, topic, private, extension)
  VALUES (message_id, jsonb_build_object('id', message_id) || payload, event, topic, private, 'broadcast');
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'ErrorSendingBroadcastMessage: %', SQLERRM;
END
$$;
`

/** Makes the schema, as a project does when its Realtime is first used. */
export async function fakeRealtime(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(REALTIME).simple()
}

interface Message {
  readonly event: string
  readonly private: boolean
  readonly extension: string
  readonly payload: Feed & { readonly id: string; readonly deleted?: true }
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
