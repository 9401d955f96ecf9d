import {
  NotInstalledError,
  ProtocolError,
  TransportError,
  UnauthorizedError,
  type CellsError,
  type TransportErrorOptions,
} from '../errors.ts'
import { Refusal } from './port.ts'
import { decodeRefusalDetail } from './wire.ts'

/** What PostgREST (or the fetch below supabase-js) said. A plain object, not an `Error`. */
export interface PostgrestFailure {
  readonly code?: string | null
  readonly message: string
  readonly details?: string | null
  readonly hint?: string | null
}

/** What is known of a failed request besides what supabase-js says about it. */
export interface FailureContext {
  /** Milliseconds. */
  readonly retryAfter?: number | undefined
  /** What fetch threw, where it did. */
  readonly thrown?: unknown
}

const refusalCodes: Readonly<Record<string, Refusal['code']>> = {
  PT409: 'version_conflict',
  PT423: 'locked',
  PT403: 'forbidden',
  PT404: 'not_found',
  PT422: 'invalid',
}

const hints = {
  notInstalled:
    'Run the migrations of @efir/cells and expose their schema in the API settings of the project.',
  signIn: 'Sign in, or refresh the session.',
  clock: 'The clock of whoever signed the token runs ahead of the server’s: set it right, and sign in again.',
  tooLarge: 'Send fewer items in one call. A writeMany with mode "partial" is divided by itself.',
  network:
    'Is the device online, and the URL of the project right? A write may have landed all the same; with the same operationId it is safe to send again.',
  slow: 'Send fewer items in one call (a writeMany with mode "partial" is divided by itself), or try when the database is less busy.',
  wrongPlace:
    'Is the URL of the project right? A sign-in page, firewall or proxy may stand between here and the database.',
  busy: 'The project, or a proxy before it, is not well just now. With the same operationId it is safe to send again.',
  paused: 'The project is paused: restore it in the dashboard.',
  readOnly: 'The database takes no writes just now: it is being restored, or its disk is full.',
  rule: 'A rule of the database refused it; nothing was written.',
  slowDown: 'Send fewer calls, with more items in each.',
} as const

/** SQLSTATEs of what passes: connections, rollbacks, resources, locks, shutdowns, internal errors. */
const passing = /^(08|40|53|55|57|58|XX)/
/** Statuses from 500 up that say the same tomorrow: not implemented, HTTP version, and Supabase's "paused". */
const lasting = [501, 505, 540]

/** The one place where a failed call becomes an error of ours. */
export function toFailure(
  failure: PostgrestFailure,
  status: number,
  { retryAfter, thrown }: FailureContext = {},
): CellsError | Refusal {
  const code = failure.code ?? ''
  const sqlState = /^[0-9A-Z]{5}$/.test(code) ? code : undefined
  const said = describe(failure.message)
  const cause = thrown ?? failure
  // Where fetch failed, supabase-js says '' and has no advice.
  const advice = failure.hint === '' ? undefined : (failure.hint ?? undefined)
  const withHint = (hint: string) => ({ cause, hint: advice ?? hint })
  const transport = (
    kind: TransportError['code'],
    message: string,
    hint: string,
    options: TransportErrorOptions = {},
  ) => new TransportError(kind, message, status, { ...withHint(hint), retryAfter, sqlState, ...options })

  const refused = refusalCodes[code]
  if (refused !== undefined) {
    const detail = decodeRefusalDetail(failure.details)
    const statuses = detail.results.map(([, { status }]) => status)
    // One SQLSTATE for both; where there are both, the lock names it.
    const isLost = refused === 'locked' && statuses.includes('lease_lost') && !statuses.includes('locked')
    const kind = isLost ? 'lease_lost' : refused
    return new Refusal(failure.message, { code: kind, cause, hint: advice, ...detail })
  }
  if (/^(PGRST(202|203|205|106)|42883|42P01|3F000)$/.test(code)) {
    return new NotInstalledError(`The database does not offer this call: ${said}`, {
      cause,
      hint: hints.notInstalled,
    })
  }
  // 42501 without a token is "not signed in": anon may do nothing here.
  if (status === 401 || /^PGRST30[1-3]$/.test(code)) {
    const early = /not yet valid|issued at future|in the future/i.test(said)
    return new UnauthorizedError(
      `Not signed in, or the token is not accepted: ${said}`,
      withHint(early ? hints.clock : hints.signIn),
    )
  }
  if (status === 0) return transport('network', `No answer from the server: ${said}`, hints.network)
  if (status === 413 || code.startsWith('54')) {
    return transport(
      'too_large',
      `The call is too large for the server (status ${status}): ${said}`,
      hints.tooLarge,
    )
  }
  if (status === 429) return transport('rate_limited', `Too many requests: ${said}`, hints.slowDown)
  if (status === 408 || status === 504 || /^(57014|55P03|PGRST003)$/.test(code)) {
    return transport('timeout', `The server gave up after its time limit: ${said}`, hints.slow)
  }
  if (status < 400) {
    return new ProtocolError(`The answer, with status ${status}, is not JSON: ${said}`, {
      ...withHint(hints.wrongPlace),
      // A page is what somebody else wanted to say; anything else is an answer that was damaged on its way.
      retryable: !isPage(failure.message),
    })
  }
  if (isPage(failure.message) && status < 500) {
    return new ProtocolError(`Something else than the database answered, with status ${status}: ${said}`, {
      ...withHint(hints.wrongPlace),
    })
  }
  if (status === 403 || /^(42501|P0001|23...|PT4..)$/.test(code)) {
    const hint = advice ?? (code === '42501' ? undefined : hints.rule)
    return new Refusal(failure.message, { code: 'forbidden', cause, hint, results: [], argument: undefined })
  }
  const retryable =
    sqlState === undefined ? status >= 500 && !lasting.includes(status) : passing.test(sqlState)
  return transport(
    'server',
    `The server failed with status ${status}: ${said}`,
    hintOf(status, code, retryable),
    {
      retryable,
    },
  )
}

function hintOf(status: number, code: string, retryable: boolean): string {
  if (status === 540) return hints.paused
  if (code === '25006') return hints.readOnly
  if (retryable) return hints.busy
  return code === '' ? hints.wrongPlace : hints.rule
}

const isPage = (message: string): boolean => /^\s*</.test(message)

/** What was said, short: of a proxy's page its title. */
function describe(message: unknown): string {
  const text = typeof message === 'string' ? message : ''
  if (!isPage(text)) return text.slice(0, 300) || 'it gave no reason'
  const title = /<title[^>]*>([^<]{1,100})/i.exec(text)?.[1]?.trim()
  return title === undefined ? 'an HTML page' : `an HTML page, “${title}”`
}
