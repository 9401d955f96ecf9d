import { joinChannel } from './shared-channel.ts'
import type { OpenChannel } from './stream.ts'
import type { AnySupabaseClient } from './supabase.ts'

/**
 * The rows of the publication `supabase_realtime`, for databases that send no broadcasts. A row says that there is
 * something, and no more: it has no revision, and numbers that went through a float.
 */
export function rowStream(supabase: AnySupabaseClient, schema: string): OpenChannel {
  return (budgetVersionId, tell) =>
    joinChannel(
      supabase,
      {
        topic: `cells-rows:${budgetVersionId}`,
        options: { config: {} },
        isJoinedAtOnce: false,
        hasPresence: false,
        listen(channel, told) {
          const filter = `budget_version_id=eq.${budgetVersionId}`
          const cells = { event: '*', schema, table: 'planning_cells', filter } as const
          channel.on('postgres_changes', cells, () => told({ type: 'hint' }))
          const comments = { event: '*', schema, table: 'cell_comments', filter } as const
          channel.on('postgres_changes', comments, () => told({ type: 'comments', said: null }))
          // SUBSCRIBED comes up to seconds before the first change would; this is when they begin to come.
          channel.on('system', {}, (message: unknown) => {
            const { status, extension } = message as { status?: unknown; extension?: unknown }
            if (status === 'ok' && extension === 'postgres_changes') told({ type: 'joined' })
          })
        },
      },
      tell,
    )
}
