import { isDeepStrictEqual } from 'node:util'
import { createClient } from '@supabase/supabase-js'
import type postgres from 'postgres'
import { LocalStackError } from './errors.ts'
import type { Gateway } from './gateway.ts'
import type { SupabaseCoordinates } from './tenants.ts'

const SCHEMA = 'cells_canary'

const SCRATCH = `
DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE;
CREATE SCHEMA ${SCHEMA};
GRANT USAGE ON SCHEMA ${SCHEMA} TO anon, authenticated, service_role;
CREATE TABLE ${SCHEMA}.fresh (id integer PRIMARY KEY, secret text);
INSERT INTO ${SCHEMA}.fresh VALUES (1, 'not for anon');
CREATE FUNCTION ${SCHEMA}.refuse() RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'PT409', MESSAGE = 'refused', DETAIL = '{"results":[]}', HINT = 'retry';
END $$;
CREATE FUNCTION ${SCHEMA}.kind(p_items jsonb) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('type', jsonb_typeof(p_items), 'items', p_items)
$$;
CREATE FUNCTION ${SCHEMA}.exact(p_number numeric) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('text', p_number::text)
$$;
CREATE FUNCTION ${SCHEMA}.timeout() RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('role', current_user, 'timeout', current_setting('statement_timeout'))
$$;
`

/** What a canary looks at. */
export interface CanarySubject extends SupabaseCoordinates {
  readonly superuser: postgres.Sql
  readonly gateway: Gateway
}

type Check = (subject: CanarySubject) => Promise<{ readonly expected: unknown; readonly got: unknown }>

const client = (subject: SupabaseCoordinates, key: string) =>
  createClient(subject.url, key, {
    db: { schema: SCHEMA },
    auth: { persistSession: false, autoRefreshToken: false },
  })

async function call(
  subject: SupabaseCoordinates,
  key: string,
  name: string,
  parameters: object = {},
): Promise<unknown> {
  const reply: { data: unknown; error: unknown } = await client(subject, key).rpc(name, parameters)
  return reply.data ?? reply.error
}

// A message that takes longer does not come.
const PATIENCE_MILLISECONDS = 10_000

/** Waits for one message from the database, on a channel that anybody may join. */
async function messageFromDatabase({ superuser, ...subject }: CanarySubject): Promise<unknown> {
  const listener = client(subject, subject.anonKey)
  const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS)
  try {
    return await new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve('nothing'))
      listener
        .channel(SCHEMA)
        .on('broadcast', { event: 'song' }, ({ payload }: { payload: unknown }) => resolve(payload))
        .subscribe((status: string, error) => {
          if (status !== 'SUBSCRIBED') resolve(`${status} ${error?.message ?? ''}`)
          else superuser`SELECT realtime.send('{"id": 1}', 'song', ${SCHEMA}, false)`.catch(resolve)
        })
    })
  } finally {
    // The client takes a third of a second to see that it is disconnected; nobody needs to wait for that.
    void listener.removeAllChannels()
  }
}

/** What the gateway is known to do wrong unless it is told otherwise, and Realtime's road, each looked at as a client would. */
const CHECKS: Readonly<Record<string, Check>> = {
  async no_grants_of_its_own(subject) {
    const { status, error } = await client(subject, subject.anonKey).from('fresh').select()
    return { expected: [401, '42501'], got: [status, error?.code] }
  },
  async raised_status_passes(subject) {
    const { status, error } = await client(subject, subject.anonKey).rpc('refuse')
    return {
      expected: [409, 'PT409', 'refused', '{"results":[]}', 'retry'],
      got: [status, error?.code, error?.message, error?.details, error?.hint],
    }
  },
  async json_encoded_once(subject) {
    const items = [{ module: 'revenue', entity: null, number: '1.50' }]
    const data = await call(subject, subject.serviceKey, 'kind', {
      p_items: items,
    })
    return { expected: { type: 'array', items }, got: data }
  },
  async exact_numbers(subject) {
    const data = await call(subject, subject.anonKey, 'exact', {
      p_number: '99999999999999.9999',
    })
    return { expected: { text: '99999999999999.9999' }, got: data }
  },
  async statement_timeout_of_the_role(subject) {
    const data = await call(subject, subject.anonKey, 'timeout')
    return { expected: { role: 'anon', timeout: '3s' }, got: data }
  },
  async preflight_of_other_schemas(subject) {
    const { status, headers } = await fetch(`${subject.url}/rest/v1/rpc/kind`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://localhost:3000',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'apikey,authorization,content-profile,content-type,x-client-info',
      },
    })
    const allowed = headers.get('access-control-allow-headers') ?? ''
    return {
      expected: [200, '*', true],
      got: [status, headers.get('access-control-allow-origin'), /content-profile/i.test(allowed)],
    }
  },
  async database_broadcasts_arrive(subject) {
    return { expected: { id: 1 }, got: await messageFromDatabase(subject) }
  },
}

/**
 * Proves through HTTP and a WebSocket that the stack answers as Supabase would where its parts are known not to, in a schema of its
 * own that it removes again.
 *
 * @throws LocalStackError `canary_failed`, with the check's name in `canary`
 */
export async function runCanary(subject: CanarySubject): Promise<void> {
  await subject.superuser.unsafe(SCRATCH).simple()
  try {
    await subject.gateway.exposing(SCHEMA, async () => {
      await subject.gateway.reloadSchema()
      for (const [name, check] of Object.entries(CHECKS)) {
        const { expected, got } = await check(subject)
        if (!isDeepStrictEqual(expected, got)) {
          throw new LocalStackError(
            'canary_failed',
            `The local stack does not answer as Supabase would (${name}): expected ${JSON.stringify(expected)}, ` +
              `got ${JSON.stringify(got)}.`,
            { canary: name },
          )
        }
      }
    })
  } finally {
    await subject.superuser.unsafe(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`)
  }
}
