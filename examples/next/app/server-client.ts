import { createServerClient } from '@supabase/ssr'
import { cookies } from 'next/headers'
import { anonKey, url } from './project.ts'

/** Supabase as the user whose cookies came with the request. One for each request: never shared between users. */
export async function connect() {
  const jar = await cookies()
  return createServerClient(url, anonKey, {
    cookies: {
      getAll: () => jar.getAll(),
      setAll(changed) {
        try {
          for (const { name, value, options } of changed) jar.set(name, value, options)
        } catch {
          // A page that is being rendered sets no cookies: the browser renews the session, or a proxy does.
        }
      },
    },
  })
}
