import type { SupabaseClient } from '@supabase/supabase-js'
import { toUuid } from '../model/address.ts'
import { toFailure, type PostgrestFailure } from './failure.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { Answer, Server } from './rpc.ts'

/** Any supabase-js client, whatever database types it was made with. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a client of any database is welcome
export type AnySupabaseClient = SupabaseClient<any, any, any, any, any>

/** PostgREST RPCs, one request a call. The only file that calls Supabase. */
export function supabaseServer(supabase: AnySupabaseClient, schema: string): Server {
  return {
    async request(operation, parameters, signal): Promise<Answer> {
      const builder = supabase.schema(schema).rpc(operation, parameters)
      const seen = watchFetch(builder)
      const reply = await builder.abortSignal(signal)
      const { status } = reply
      const said: unknown = reply.error
      // An error page whose whole body is the JSON `null` leaves no error.
      if (said === null && status < 400) return { status, data: reply.data as unknown }
      const failure =
        typeof said === 'object' && said !== null ? (said as PostgrestFailure) : { message: String(said) }
      const context = { retryAfter: parseRetryAfter(seen.response?.headers), thrown: seen.thrown }
      return { status, failure: toFailure(failure, status, context) }
    },

    async refreshToken() {
      // Where the client was made with `accessToken`, that is asked again for every request; there is no `auth` then.
      if (hasOwnTokens(supabase)) return true
      const { data, error } = await supabase.auth.refreshSession()
      return error === null && data.session !== null
    },
  }
}

/** What tells one Supabase project from another. */
export function projectOf(supabase: AnySupabaseClient): string {
  return supabase.realtime.endPoint
}

/** The user of the client's token; `null` where nobody is signed in, or a program is. Nothing is proven by it. */
export async function signedInUser(supabase: AnySupabaseClient): Promise<string | null> {
  const token = await supabase.realtime.accessToken?.()
  const [, claims] = token?.split('.') ?? []
  if (claims === undefined) return null
  try {
    const { sub } = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))) as { sub?: unknown }
    return toUuid(sub, 'sub')
  } catch {
    return null
  }
}

function hasOwnTokens(supabase: AnySupabaseClient): boolean {
  try {
    return typeof supabase.auth.refreshSession !== 'function'
  } catch {
    return true
  }
}

/**
 * supabase-js keeps the headers of an answer, and what fetch threw, to itself. Each request has a fetch of its own to
 * look over the shoulder of; where a version has none, `Retry-After` stays unknown.
 */
function watchFetch(builder: object): { response?: Response; thrown?: unknown } {
  const seen: { response?: Response; thrown?: unknown } = {}
  const request = builder as { fetch?: typeof fetch }
  const send = request.fetch
  if (typeof send !== 'function') return seen
  request.fetch = async (...parameters) => {
    try {
      return (seen.response = await send(...parameters))
    } catch (error) {
      seen.thrown = error
      throw error
    }
  }
  return seen
}
