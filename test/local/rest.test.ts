import { randomUUID } from 'node:crypto'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { useStack } from '../support/stack.ts'

// What the SDK counts on of Supabase's REST, and what the local stack must therefore do as well: this file runs against
// either. Its functions are made for it, and gone afterwards.
const stack = await useStack()
const suffix = randomUUID().slice(0, 8)
const [raise, kind, exact, whoami, slow, writes, told, twice, pretends, controls, table] = [
  `raise_${suffix}`,
  `kind_${suffix}`,
  `exact_${suffix}`,
  `whoami_${suffix}`,
  `slow_${suffix}`,
  `writes_${suffix}`,
  `told_${suffix}`,
  `twice_${suffix}`,
  `pretends_${suffix}`,
  `controls_${suffix}`,
  `written_${suffix}`,
] as const

beforeAll(async () => {
  await stack.sql.unsafe(`
    CREATE FUNCTION public.${raise}(p_code text, p_detail text DEFAULT NULL, p_hint text DEFAULT NULL)
    RETURNS jsonb LANGUAGE plpgsql AS $$
    BEGIN
      IF p_detail IS NULL THEN RAISE EXCEPTION USING ERRCODE = p_code, MESSAGE = 'refused'; END IF;
      RAISE EXCEPTION USING ERRCODE = p_code, MESSAGE = 'refused', DETAIL = p_detail, HINT = p_hint;
    END $$;
    CREATE FUNCTION public.${kind}(p_value jsonb) RETURNS jsonb LANGUAGE sql AS
      $$ SELECT jsonb_build_object('kind', jsonb_typeof(p_value), 'value', p_value) $$;
    CREATE FUNCTION public.${exact}(p_number numeric) RETURNS text LANGUAGE sql AS $$ SELECT p_number::text $$;
    CREATE FUNCTION public.${whoami}() RETURNS jsonb LANGUAGE sql AS $$
      SELECT jsonb_build_object('current', current_user, 'session', session_user, 'uid', auth.uid(),
        'role', auth.role(), 'jwt', auth.jwt(), 'timeout', current_setting('statement_timeout')) $$;
    CREATE FUNCTION public.${slow}() RETURNS jsonb LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(20); RETURN '{}'; END $$;
    CREATE TABLE public.${table} (id integer PRIMARY KEY, number numeric(18, 4) CHECK (number < 100));
    REVOKE ALL ON public.${table} FROM anon, authenticated;
    GRANT ALL ON public.${table} TO service_role;
    CREATE FUNCTION public.${writes}() RETURNS jsonb LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.${table} VALUES (1); RETURN '{}'; END $$;
    CREATE FUNCTION public.${told}(p_first text, "p Second" integer DEFAULT 7) RETURNS jsonb LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM set_config('response.status', '202', true),
        set_config('response.headers', '[{"x-told": "yes"}]', true);
      RETURN jsonb_build_object('first', p_first, 'second', "p Second");
    END $$;
    CREATE FUNCTION public.${twice}(p_text text) RETURNS jsonb LANGUAGE sql AS $$ SELECT '"text"'::jsonb $$;
    CREATE FUNCTION public.${twice}(p_number integer) RETURNS void LANGUAGE sql AS $$ SELECT $$;
    CREATE FUNCTION public.${pretends}() RETURNS jsonb LANGUAGE plpgsql STABLE AS
      $$ BEGIN RETURN public.${writes}(); END $$;
    CREATE FUNCTION public.${controls}(p_nothing boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
    BEGIN
      IF p_nothing THEN RETURN NULL; END IF;
      RAISE SQLSTATE 'PGRST' USING MESSAGE = '{"code": "TEA", "message": "short and stout"}',
        DETAIL = '{"status": 418, "headers": {"x-spout": "here"}}';
    END $$;
    GRANT EXECUTE ON FUNCTION public.${raise}, public.${kind}, public.${exact}, public.${whoami}, public.${slow},
      public.${writes}, public.${told}, public.${twice}(text), public.${twice}(integer), public.${pretends},
      public.${controls} TO anon, authenticated, service_role;
    NOTIFY pgrst, 'reload schema';`)
  // PostgREST looks at the schema again a moment later.
  await vi.waitFor(
    async () => {
      expect((await stack.serviceClient().rpc(writes, {}, { get: true })).status).not.toBe(404)
    },
    { timeout: 20_000 },
  )
})

afterAll(async () => {
  await stack.sql.unsafe(`
    DROP FUNCTION public.${raise}, public.${kind}, public.${exact}, public.${whoami}, public.${slow}, public.${writes},
      public.${told}, public.${twice}(text), public.${twice}(integer), public.${pretends}, public.${controls};
    DROP TABLE public.${table};`)
})

const member = async () => stack.createUser({ organization: await stack.createOrganization() })
const withToken = (token: string) =>
  createClient(stack.url, stack.anonKey, { accessToken: async () => token })

async function resultOf(client: SupabaseClient, name: string, parameters: object = {}): Promise<unknown> {
  const reply: { data: unknown } = await client.rpc(name, parameters)
  return reply.data
}

describe('a refusal', () => {
  it.each([
    ['PT403', 403],
    ['PT404', 404],
    ['PT409', 409],
    ['PT422', 422],
    ['PT423', 423],
    ['P0001', 400],
    ['CELLS', 400],
    ['23505', 409],
    ['23514', 400],
    ['22023', 400],
    ['55P03', 500],
    ['P0002', 500],
    ['XX000', 500],
    ['53300', 503],
  ])('%s arrives with status %i, and with its code, message, details and hint', async (code, status) => {
    const reply = await stack
      .serviceClient()
      .rpc(raise, { p_code: code, p_detail: '{"results":[[0,"conflict",null]]}', p_hint: 'Read again.' })
    expect([reply.status, reply.error]).toEqual([
      status,
      expect.objectContaining({
        code,
        message: 'refused',
        details: '{"results":[[0,"conflict",null]]}',
        hint: 'Read again.',
      }),
    ])
  })

  it('says null for details and hint that were not given', async () => {
    const { error } = await stack.serviceClient().rpc(raise, { p_code: 'PT409' })
    expect(error).toMatchObject({ code: 'PT409', details: null, hint: null })
  })

  it('by privilege is 401 without a token and 403 with one', async () => {
    const alice = await member()
    expect(await stack.anonClient().from(table).select()).toMatchObject({
      status: 401,
      error: { code: '42501' },
    })
    expect(await stack.signIn(alice).from(table).select()).toMatchObject({
      status: 403,
      error: { code: '42501' },
    })
  })

  it('of a statement that takes longer than its role may is 500', async () => {
    const started = performance.now()
    expect(await stack.anonClient().rpc(slow)).toMatchObject({ status: 500, error: { code: '57014' } })
    expect(performance.now() - started).toBeGreaterThan(2_900)
  })

  it('of a value that a constraint forbids is 400', async () => {
    const { status, error } = await stack.serviceClient().from(table).insert({ id: 5, number: '1000' })
    expect([status, error?.code]).toEqual([400, '23514'])
  })

  it('of an unknown function or table is 404', async () => {
    expect(await stack.serviceClient().rpc(`absent_${suffix}`)).toMatchObject({
      status: 404,
      error: { code: 'PGRST202' },
    })
    expect(await stack.serviceClient().from(`absent_${suffix}`).select()).toMatchObject({
      status: 404,
      error: { code: 'PGRST205' },
    })
  })

  it('of a schema that is not exposed is 406', async () => {
    expect(await stack.serviceClient().schema('pg_catalog').from('pg_class').select()).toMatchObject({
      status: 406,
      error: { code: 'PGRST106' },
    })
  })

  it('of a writing function called by GET is 405', async () => {
    expect(await stack.serviceClient().rpc(writes, {}, { get: true })).toMatchObject({
      status: 405,
      error: { code: '25006' },
    })
  })
})

describe('a token', () => {
  it('makes its user known to SQL', async () => {
    const alice = await member()
    expect(await resultOf(stack.signIn(alice), whoami)).toMatchObject({
      current: 'authenticated',
      session: 'authenticator',
      uid: alice.id,
      role: 'authenticated',
      jwt: { sub: alice.id, email: alice.email, role: 'authenticated' },
      timeout: '8s',
    })
  })

  it('of nobody is anon', async () => {
    expect((await stack.anonClient().rpc(whoami)).data).toMatchObject({
      current: 'anon',
      uid: null,
      timeout: '3s',
    })
  })

  it('of the service key is service_role', async () => {
    expect((await stack.serviceClient().rpc(whoami)).data).toMatchObject({
      current: 'service_role',
      uid: null,
    })
  })

  it('that has expired is refused', async () => {
    const token = await stack.signToken({ sub: randomUUID() }, { expiresIn: -60 })
    expect(await withToken(token).rpc(whoami)).toMatchObject({ status: 401, error: { code: 'PGRST303' } })
  })

  it('that has expired a few seconds ago is forgiven', async () => {
    const token = await stack.signToken({ sub: randomUUID() }, { expiresIn: -5 })
    expect(await withToken(token).rpc(whoami)).toMatchObject({ status: 200 })
  })

  it('with another signature is refused', async () => {
    const token = await stack.signToken({ sub: randomUUID() }, { secret: 'x'.repeat(40) })
    expect(await withToken(token).rpc(whoami)).toMatchObject({ status: 401, error: { code: 'PGRST301' } })
  })

  it('that is no token is refused', async () => {
    expect(await withToken('nonsense').rpc(whoami)).toMatchObject({
      status: 401,
      error: { code: 'PGRST301' },
    })
  })

  it('can’t make its bearer an owner of the database', async () => {
    const token = await stack.signToken({ sub: randomUUID(), role: 'postgres' })
    expect(await withToken(token).rpc(whoami)).toMatchObject({ status: 403, error: { code: '42501' } })
  })
})

describe('a function', () => {
  const call = async (name: string, parameters: object) => {
    const reply = await stack.serviceClient().rpc(name, parameters)
    return { status: reply.status, data: reply.data as unknown, code: reply.error?.code }
  }

  it('has its defaults where nothing is given, and says status and headers itself', async () => {
    const told1 = { first: 'a', second: 7 }
    expect(await call(told, { p_first: 'a' })).toMatchObject({ status: 202, data: told1 })
    expect(await call(told, { 'p Second': 8, p_first: '' })).toMatchObject({
      status: 202,
      data: { first: '', second: 8 },
    })
    const { headers } = await fetch(`${stack.url}/rest/v1/rpc/${told}`, {
      method: 'POST',
      headers: {
        apikey: stack.serviceKey,
        authorization: `Bearer ${stack.serviceKey}`,
        'content-type': 'application/json',
      },
      body: '{"p_first": null}',
    })
    expect(headers.get('x-told')).toBe('yes')
  })

  it('that needs what is not given, or does not know what is, is not found', async () => {
    for (const parameters of [{}, { p_first: 'a', more: 1 }]) {
      expect(await call(told, parameters)).toMatchObject({ status: 404, code: 'PGRST202' })
    }
  })

  it('is told from another of its name by its parameters; nothing is 204, and NULL is null', async () => {
    expect(await call(twice, { p_text: 'a' })).toMatchObject({ status: 200, data: 'text' })
    expect(await call(twice, { p_number: 1 })).toMatchObject({ status: 204, data: null })
    expect(await call(controls, { p_nothing: true })).toMatchObject({ status: 200, data: null })
  })

  it('that says it only reads can do nothing else', async () => {
    expect(await call(pretends, {})).toMatchObject({ status: 405, code: '25006' })
  })

  it('that takes the answer into its own hands has it', async () => {
    expect(await call(controls, { p_nothing: false })).toMatchObject({ status: 418, code: 'TEA' })
  })

  it('of a parameter that has not its type is refused in words of the database', async () => {
    expect(await call(told, { p_first: 'a', 'p Second': 'many' })).toMatchObject({
      status: 400,
      code: '22P02',
    })
  })
})

describe('values', () => {
  it.each([
    ['an array', [{ module: 'revenue', entity: null, number: '45000.0001' }]],
    ['an object', { number: '45000.0001', nested: { text: 'é "quoted" \\ 雪' } }],
    ['a string', 'text'],
    ['a number', 12.5],
    ['a boolean', true],
  ])('reach a jsonb parameter as they are: %s', async (_, value) => {
    expect(await resultOf(stack.serviceClient(), kind, { p_value: value })).toEqual({
      kind: Array.isArray(value) ? 'array' : typeof value,
      value,
    })
  })

  it('of decimal text stay exact in both directions', async () => {
    for (const number of ['99999999999999.9999', '-0.0001', '45000.0000']) {
      expect((await stack.serviceClient().rpc(exact, { p_number: number })).data).toBe(number)
    }
  })

  it('of ten thousand items come back as one', async () => {
    const items = Array.from({ length: 10_000 }, (_, index) => [index, 'written', 1])
    expect(await resultOf(stack.serviceClient(), kind, { p_value: items })).toEqual({
      kind: 'array',
      value: items,
    })
  })
})

it('answers what a browser asks before it calls another schema', async () => {
  const response = await fetch(`${stack.url}/rest/v1/rpc/write_cells`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example.com',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,apikey,content-profile,content-type,x-client-info',
    },
  })
  expect(response.ok).toBe(true)
  expect(['*', 'https://app.example.com']).toContain(response.headers.get('access-control-allow-origin'))
  expect(response.headers.get('access-control-allow-headers')).toMatch(/content-profile|\*/i)
})

it('lets a browser read a refusal', async () => {
  const response = await fetch(`${stack.url}/rest/v1/rpc/${raise}`, {
    method: 'POST',
    headers: { apikey: stack.anonKey, origin: 'https://app.example.com', 'content-type': 'application/json' },
    body: JSON.stringify({ p_code: 'PT409' }),
  })
  expect(response.status).toBe(409)
  expect(['*', 'https://app.example.com']).toContain(response.headers.get('access-control-allow-origin'))
})

it('shows a member the budgets of his own organisation and of no other', async () => {
  const [ours, theirs] = [await stack.createOrganization(), await stack.createOrganization()]
  const budget = await stack.createBudget({ organization: ours })
  await stack.createBudget({ organization: theirs })
  const alice = await stack.createUser({ organization: ours })
  const { data } = await stack.signIn(alice).schema('efir_budget').from('budget_versions').select('id')
  expect(data).toEqual([{ id: budget.id }])
})
