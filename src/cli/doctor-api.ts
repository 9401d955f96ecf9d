import type { SupabaseClient } from '@supabase/supabase-js'
import { createCells, isCellsError } from '../index.ts'
import type { Finding } from './doctor.ts'
import type { Settings } from './settings.ts'

type Tell = (finding: Finding) => void

/** Seconds by which tokens and leases are still judged alike here and there. */
const mostSkew = 30

/** Looks at what requests need. Says whether the project answers at all. */
export async function examineApi(
  client: SupabaseClient,
  settings: Settings,
  tell: Tell,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = await reach(settings, signal)
  if (answer instanceof Error) {
    tell({
      check: 'project',
      status: 'fail',
      found: `${settings.url ?? ''} does not answer (${answer.message})`,
      advice: 'Look at SUPABASE_URL, at the network, and whether the project is paused.',
    })
    return false
  }
  tell({ check: 'project', status: 'ok', found: `${settings.url ?? ''} answers` })
  tell(clockFinding(answer.headers.get('date')))
  tell(keyFinding(settings))
  await examineSchema(client, settings, tell, signal)
  return true
}

async function reach({ url = '', key = '' }: Settings, signal: AbortSignal): Promise<Response | Error> {
  try {
    const answer = await fetch(new URL('rest/v1/', url.endsWith('/') ? url : `${url}/`), {
      method: 'HEAD',
      headers: { apikey: key },
      signal: AbortSignal.any([signal, AbortSignal.timeout(15_000)]),
    })
    return answer
  } catch (error) {
    signal.throwIfAborted()
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return cause instanceof Error ? cause : new Error(String(cause))
  }
}

function clockFinding(date: string | null): Finding {
  if (date === null) return { check: 'clock', status: 'skip', found: 'the project does not tell its time' }
  const skew = Math.round((Date.now() - Date.parse(date)) / 1000)
  return Math.abs(skew) <= mostSkew
    ? { check: 'clock', status: 'ok', found: `within ${mostSkew} s of the project's` }
    : {
        check: 'clock',
        status: 'warn',
        found: `${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} the project's`,
        advice: "Set this machine's clock: tokens seem to expire too early or too late.",
      }
}

function keyFinding({ key = '', token }: Settings): Finding {
  const role = roleOf(key)
  if (token !== undefined) {
    const expires = claimsOf(token)?.exp
    if (typeof expires === 'number' && expires * 1000 < Date.now()) {
      return {
        check: 'key',
        status: 'fail',
        found: `the access token expired at ${new Date(expires * 1000).toISOString()}`,
        advice: 'Sign in again, and set CELLS_ACCESS_TOKEN to the new token.',
      }
    }
    return { check: 'key', status: 'ok', found: `${role} key, with a user's token` }
  }
  if (role === 'service')
    return { check: 'key', status: 'ok', found: 'service key: it passes row level security' }
  return {
    check: 'key',
    status: 'warn',
    found: `${role} key, and nobody is signed in`,
    advice: 'Set CELLS_ACCESS_TOKEN: without a user no budget can be seen.',
  }
}

function roleOf(key: string): string {
  if (key.startsWith('sb_secret_')) return 'service'
  if (key.startsWith('sb_publishable_')) return 'publishable'
  const role = claimsOf(key)?.role
  return role === 'service_role' ? 'service' : typeof role === 'string' ? role : 'unknown'
}

/** What a JWT says, unchecked; the server checks it. */
function claimsOf(token: string): { readonly role?: unknown; readonly exp?: unknown } | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return typeof claims === 'object' && claims !== null ? claims : undefined
  } catch {
    return undefined
  }
}

/** Any function will do to see whether the API serves the schema; where there is a budget, it is read as well. */
async function examineSchema(
  client: SupabaseClient,
  { schema, budget }: Settings,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  const cells = createCells(client, { databaseSchema: schema, stream: 'none' })
  // A budget that nobody has: the answer that it is not there comes from the migrations' own function.
  const target = budget ?? '00000000-0000-4000-8000-000000000000'
  const begun = performance.now()
  try {
    const pages = cells.budget(target).list({}, { pageSize: 1, signal, retry: false }).pages()
    const { value: page } = await pages.next()
    await pages.return()
    const took = Math.round(performance.now() - begun)
    tell({ check: 'schema', status: 'ok', found: `${schema} is served` })
    tell({ check: 'budget', status: 'ok', found: `read at revision ${page?.revision ?? 0}, in ${took} ms` })
  } catch (error) {
    signal.throwIfAborted()
    if (isCellsError(error, 'not_found')) {
      tell({ check: 'schema', status: 'ok', found: `${schema} is served` })
      tell(
        budget === undefined
          ? {
              check: 'budget',
              status: 'skip',
              found: 'none is named',
              advice: 'Give --budget or CELLS_BUDGET.',
            }
          : {
              check: 'budget',
              status: 'fail',
              found: `${budget} is not there, or not to be seen`,
              advice: 'Look at the id, and whether the signed-in user is a member of its organisation.',
            },
      )
      return
    }
    const [found, hint] = isCellsError(error) ? [error.message, error.hint] : [String(error), undefined]
    tell({ check: 'schema', status: 'fail', found, advice: hint ?? adviceFor(error, schema) })
  }
}

function adviceFor(error: unknown, schema: string): string {
  if (isCellsError(error, 'unauthorized'))
    return 'Look at the key and the token: the project does not accept them.'
  if (isCellsError(error, 'forbidden')) return 'Sign in as a user, or use a service key.'
  return `Run efir-cells migrate up, and expose ${schema} in the API settings of the project.`
}
