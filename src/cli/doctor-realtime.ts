import type { SupabaseClient } from '@supabase/supabase-js'
import type { Finding } from './doctor.ts'
import type { Settings } from './settings.ts'

/** Joins the private channel of the budget, as a live sheet does. */
export async function examineRealtime(
  client: SupabaseClient,
  { budget, token }: Settings,
  tell: (finding: Finding) => void,
  signal: AbortSignal,
): Promise<void> {
  if (budget === undefined || token === undefined) {
    const missing = budget === undefined ? '--budget' : 'CELLS_ACCESS_TOKEN'
    tell({
      check: 'realtime',
      status: 'skip',
      found: `needs ${missing}: a private channel is a member's to join`,
    })
    return
  }
  const outcome = await join(client, `cells:${budget}`, token, signal)
  await client.removeAllChannels()
  await client.realtime.disconnect()
  signal.throwIfAborted()
  tell(
    outcome === 'SUBSCRIBED'
      ? { check: 'realtime', status: 'ok', found: `joined the private channel cells:${budget}` }
      : {
          check: 'realtime',
          status: 'fail',
          found: `the private channel was not joined (${outcome})`,
          advice:
            'Look whether Realtime is enabled, whether the migrations are applied (they make its policies), and the token.',
        },
  )
}

async function join(
  client: SupabaseClient,
  topic: string,
  token: string,
  signal: AbortSignal,
): Promise<string> {
  await client.realtime.setAuth(token)
  const { promise, resolve } = Promise.withResolvers<string>()
  const onAbort = (): void => resolve('aborted')
  signal.addEventListener('abort', onAbort, { once: true })
  client.channel(topic, { config: { private: true } }).subscribe((status, error) => {
    resolve(error === undefined ? status : `${status}: ${error.message}`)
  })
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
