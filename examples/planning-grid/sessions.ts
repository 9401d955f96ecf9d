import type { SupabaseCoordinates, Tenants } from '@efir/cells/local'
import type { LinkSession } from './serve.ts'

interface Person {
  readonly id: string
  readonly email: string
  readonly name: string
}

/** A person who can sign in. */
export interface Credentials extends Person, LinkSession {
  readonly password: string
}

/** Gives somebody a new password and a session, by the database's and Auth's own means. */
export async function giveSession(
  stack: Pick<SupabaseCoordinates & Tenants, 'sql' | 'anonClient'>,
  { id, email, name }: Person,
): Promise<Credentials> {
  const password = crypto.randomUUID().slice(0, 13)
  await stack.sql`
    UPDATE auth.users
    SET encrypted_password = extensions.crypt(${password}, extensions.gen_salt('bf')),
      raw_user_meta_data = ${stack.sql.json({ name })}
    WHERE id = ${id}`
  const { data, error } = await stack.anonClient().auth.signInWithPassword({ email, password })
  if (error !== null) throw error
  const { access_token, refresh_token } = data.session
  return { id, email, name, password, access_token, refresh_token }
}
