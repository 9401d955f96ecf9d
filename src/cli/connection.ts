import { createClient } from '@supabase/supabase-js'
import { createCells, type Budget, type Cells } from '../index.ts'
import { CommandError } from './exit-codes.ts'
import type { Settings } from './settings.ts'

/** A client as the settings say: of the signed-in user where there is a token, else of the key. */
export function openClient(settings: Settings): ReturnType<typeof createClient> {
  const { url, key, token } = settings
  if (url === undefined) throw new CommandError('usage', 'Which project? Give --url, or set SUPABASE_URL.')
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new CommandError('usage', 'The URL of the project begins with https:// or http://.')
  }
  if (key === undefined) {
    throw new CommandError(
      'usage',
      'Which key? Set SUPABASE_ANON_KEY and CELLS_ACCESS_TOKEN (as a user) or SUPABASE_SERVICE_ROLE_KEY (as a service).',
    )
  }
  return createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    ...(token === undefined ? {} : { accessToken: () => Promise.resolve(token) }),
  })
}

export function openCells(settings: Settings): Cells {
  return createCells(openClient(settings), { databaseSchema: settings.schema, stream: 'none' })
}

export function openBudget(settings: Settings): Budget {
  const { budget } = settings
  if (budget === undefined)
    throw new CommandError('usage', 'Which budget? Give --budget, or set CELLS_BUDGET.')
  return openCells(settings).budget(budget)
}
