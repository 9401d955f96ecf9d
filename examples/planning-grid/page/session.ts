import { createClient, type User } from '@supabase/supabase-js'
import type { Project } from './project.ts'

export type Client = ReturnType<typeof createClient>

/** Who is signed in, for a page that shows it. */
export interface SignedIn {
  readonly id: string
  readonly name: string
  readonly email: string
}

/**
 * A supabase-js client whose session lives as long as the tab: two tabs can be two people. It renews its token by itself.
 */
export function connect({ url, anonKey }: Project): Client {
  return createClient(url, anonKey, {
    auth: { storage: window.sessionStorage, detectSessionInUrl: false, autoRefreshToken: true },
  })
}

/** Takes up the session of the link that was opened, or the one that this tab has already. */
export async function takeUpSession(supabase: Client): Promise<SignedIn | null> {
  const link = new URLSearchParams(window.location.hash.slice(1))
  const [access_token, refresh_token] = [link.get('access_token'), link.get('refresh_token')]
  if (access_token !== null && refresh_token !== null) {
    // Not in the address bar, not in the history of the browser.
    window.history.replaceState(null, '', window.location.pathname + window.location.search)
    const { data } = await supabase.auth.setSession({ access_token, refresh_token })
    return data.user && toSignedIn(data.user)
  }
  const { data } = await supabase.auth.getSession()
  return data.session && toSignedIn(data.session.user)
}

/** @throws {Error} where the password is wrong, or somebody else's. */
export async function signIn(
  supabase: Client,
  credentials: { readonly email: string; readonly password: string },
): Promise<SignedIn> {
  const { data, error } = await supabase.auth.signInWithPassword(credentials)
  if (error !== null) throw error
  return toSignedIn(data.user)
}

function toSignedIn({ id, email = '', user_metadata }: User): SignedIn {
  const name: unknown = user_metadata.name
  return { id, email, name: typeof name === 'string' ? name : email }
}
