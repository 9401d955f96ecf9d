import { decodeFeed } from './feed.ts'
import { joinChannel } from './shared-channel.ts'
import type { OpenChannel } from './stream.ts'
import type { AnySupabaseClient } from './supabase.ts'

/** The database's own broadcasts: one message for each commit, in a private channel (docs/reference/wire.md). */
export function broadcastStream(supabase: AnySupabaseClient): OpenChannel {
  return (budgetVersionId, tell) =>
    joinChannel(
      supabase,
      {
        topic: `cells:${budgetVersionId}`,
        options: { config: { private: true } },
        isJoinedAtOnce: true,
        hasPresence: true,
        listen(channel, told) {
          channel.on('broadcast', { event: 'commit' }, ({ payload }: { readonly payload?: unknown }) => {
            try {
              told({ type: 'feed', page: decodeFeed(payload) })
            } catch (error) {
              told({ type: 'garbage', error })
            }
          })
          channel.on('broadcast', { event: 'leases' }, ({ payload }: { readonly payload?: unknown }) =>
            told({ type: 'leases', said: payload }),
          )
          channel.on('broadcast', { event: 'comments' }, ({ payload }: { readonly payload?: unknown }) =>
            told({ type: 'comments', said: payload }),
          )
          // Whether the budget is really gone, a read will tell.
          channel.on('broadcast', { event: 'deleted' }, () => told({ type: 'hint' }))
        },
      },
      tell,
    )
}
