import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { SignJWT, type JWTPayload } from 'jose'
import postgres from 'postgres'

/** Where a Supabase is, and what opens it: a local stack's, a hosted project's, or one of `supabase start`. */
export interface SupabaseCoordinates {
  readonly url: string
  readonly anonKey: string
  readonly serviceKey: string
  /** The secret that the project's HS256 tokens are signed with. */
  readonly jwtSecret: string
  /** Of the role `postgres`, which owns the database and passes row level security. */
  readonly databaseUrl: string
}

/** An application of its own: `organizations`. */
export interface TestOrganization {
  readonly id: string
  readonly name: string
}

/** A member of an organisation, who can sign in. */
export interface TestUser {
  readonly id: string
  readonly email: string
  readonly organization: string
  /** A token of one hour. `signIn` makes fresh ones. */
  readonly accessToken: string
}

/** A budget version of an organisation. */
export interface TestBudget {
  readonly id: string
  readonly name: string
  readonly organization: string
}

/** By id, or what `createOrganization` gave. */
export type OrganizationReference = string | { readonly id: string }

/** Options of {@link Tenants.signToken}. */
export interface TokenOptions {
  /** In seconds from now; negative makes a token that has expired. Default 3600. */
  readonly expiresIn?: number
  /** Another secret makes a token that nobody accepts. */
  readonly secret?: string
}

/** Makes organisations, users and budgets in any Supabase that has `000_host`, and signs users in. */
export interface Tenants {
  /** As the owner of the database: row level security does not hold it back. */
  readonly sql: postgres.Sql
  /** An organisation; named by chance unless told. */
  readonly createOrganization: (name?: string) => Promise<TestOrganization>
  /** A user who is a member of the organisation; the email is made up unless given. */
  readonly createUser: (options: {
    readonly organization: OrganizationReference
    readonly email?: string
  }) => Promise<TestUser>
  /** A budget version of the organisation; named by chance unless told. */
  readonly createBudget: (options: {
    readonly organization: OrganizationReference
    readonly name?: string
  }) => Promise<TestBudget>
  /** A client whose every request, and Realtime connection, carries a fresh token of the user. */
  readonly signIn: (user: Pick<TestUser, 'id' | 'email'>) => SupabaseClient
  /** Passes row level security. */
  readonly serviceClient: () => SupabaseClient
  /** Nobody. */
  readonly anonClient: () => SupabaseClient
  /** Any claims at all: `role` is `authenticated` unless they say otherwise. */
  readonly signToken: (claims: JWTPayload, options?: TokenOptions) => Promise<string>
}

/** What {@link connectTenants} gives. */
export interface TenantsConnection {
  readonly tenants: Tenants
  /** Deletes the organisations and users that were made here, with all that belongs to them. */
  readonly removeAll: () => Promise<void>
  /** Disconnects. What was made stays. */
  readonly close: () => Promise<void>
}

const ANSWERS_ONLY = {
  auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
} as const

const idOf = (reference: OrganizationReference): string =>
  typeof reference === 'string' ? reference : reference.id

/**
 * The helpers of a local stack for any Supabase. They go through the database and through tokens they sign
 * themselves, so they need nothing of Auth but its tables.
 *
 * @example
 * ```ts
 * import { connectTenants } from '@efir/cells/local'
 *
 * const { tenants, close } = connectTenants({
 *   url: 'https://project.supabase.co',
 *   anonKey: process.env.ANON_KEY ?? '',
 *   serviceKey: process.env.SERVICE_KEY ?? '',
 *   jwtSecret: process.env.JWT_SECRET ?? '',
 *   databaseUrl: process.env.DATABASE_URL ?? '',
 * })
 * const organization = await tenants.createOrganization()
 * const alice = await tenants.createUser({ organization })
 * await tenants.signIn(alice).schema('efir_budget').from('budget_versions').select()
 * await close()
 * ```
 */
export function connectTenants(
  coordinates: SupabaseCoordinates,
  options: {
    readonly schema?: string
    /** @internal Of the driver, where it is not to connect by itself. */
    readonly connection?: { readonly socket: () => Socket }
  } = {},
): TenantsConnection {
  const { url, anonKey, serviceKey, jwtSecret } = coordinates
  const sql = postgres(coordinates.databaseUrl, {
    max: 5,
    // Poolers in front of hosted databases keep no prepared statements.
    prepare: false,
    idle_timeout: 20,
    onnotice: () => undefined,
    connection: { application_name: 'cells-tenants' },
    ...options.connection,
  })
  const schema = sql(options.schema ?? 'efir_budget')
  const organizations: string[] = []
  const users: string[] = []

  const signToken: Tenants['signToken'] = async (claims, { expiresIn = 3600, secret = jwtSecret } = {}) => {
    const now = Math.floor(Date.now() / 1000)
    return new SignJWT({ role: 'authenticated', aud: 'authenticated', iss: `${url}/auth/v1`, ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt(Math.min(now, now + expiresIn))
      .setExpirationTime(now + expiresIn)
      .sign(new TextEncoder().encode(secret))
  }

  const userToken = (user: Pick<TestUser, 'id' | 'email'>): Promise<string> =>
    signToken({
      sub: user.id,
      email: user.email,
      aal: 'aal1',
      session_id: randomUUID(),
      is_anonymous: false,
      app_metadata: { provider: 'email', providers: ['email'] },
      user_metadata: {},
    })

  const tenants: Tenants = {
    sql,
    signToken,

    async createOrganization(name = `Organisation ${randomUUID().slice(0, 8)}`) {
      const [row] = await sql<{ id: string }[]>`
        INSERT INTO ${schema}.organizations (name) VALUES (${name}) RETURNING id`
      const id = row?.id ?? ''
      organizations.push(id)
      return { id, name }
    },

    async createUser({ organization, email = `${randomUUID()}@example.com` }) {
      const id = randomUUID()
      await sql.begin(async (transaction) => {
        await transaction`
          INSERT INTO auth.users (id, aud, role, email, email_confirmed_at, created_at, updated_at)
          VALUES (${id}, 'authenticated', 'authenticated', ${email}, now(), now(), now())`
        await transaction`
          INSERT INTO ${schema}.user_profiles (user_id, organization_id) VALUES (${id}, ${idOf(organization)})`
      })
      users.push(id)
      return { id, email, organization: idOf(organization), accessToken: await userToken({ id, email }) }
    },

    async createBudget({ organization, name = `Budget ${randomUUID().slice(0, 8)}` }) {
      const [row] = await sql<{ id: string }[]>`
        INSERT INTO ${schema}.budget_versions (organization_id, name)
        VALUES (${idOf(organization)}, ${name}) RETURNING id`
      return { id: row?.id ?? '', name, organization: idOf(organization) }
    },

    signIn(user) {
      return createClient(url, anonKey, { accessToken: () => userToken(user) })
    },
    serviceClient: () => createClient(url, serviceKey, ANSWERS_ONLY),
    anonClient: () => createClient(url, anonKey, ANSWERS_ONLY),
  }

  return {
    tenants,

    async removeAll() {
      for (const id of organizations.splice(0))
        await sql`DELETE FROM ${schema}.organizations WHERE id = ${id}`
      for (const id of users.splice(0)) await sql`DELETE FROM auth.users WHERE id = ${id}`
    },

    close: () => sql.end({ timeout: 1 }),
  }
}
