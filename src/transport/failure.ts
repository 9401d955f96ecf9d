import { NotInstalledError, TransportError, UnauthorizedError, type CellsError } from '../errors.ts'
import { Refusal } from './port.ts'
import { decodeRefusalDetail } from './wire.ts'

/** What PostgREST (or the fetch below supabase-js) said. A plain object, not an `Error`. */
export interface PostgrestFailure {
  readonly code?: string | null
  readonly message: string
  readonly details?: string | null
  readonly hint?: string | null
}

const refusalCodes = {
  PT409: 'version_conflict',
  PT423: 'locked',
  PT403: 'forbidden',
  PT404: 'not_found',
  PT422: 'invalid',
} as const

const notInstalled =
  'Run the migrations of @efir/cells and expose their schema in the API settings of the project.'

/** The one place where a failed call becomes an error of ours. */
export function toFailure(failure: PostgrestFailure, status: number): CellsError | Refusal {
  const code = failure.code ?? ''
  const options = { cause: failure, hint: failure.hint ?? undefined }
  if (isRefusalCode(code)) {
    return new Refusal(failure.message, {
      code: refusalCodes[code],
      ...options,
      ...decodeRefusalDetail(failure.details),
    })
  }
  if (['PGRST202', 'PGRST205', 'PGRST106', '42883', '3F000'].includes(code)) {
    return new NotInstalledError(`The database does not offer this call: ${failure.message}`, {
      cause: failure,
      hint: notInstalled,
    })
  }
  // 42501 without a token is "not signed in": anon may do nothing here.
  if (status === 401 || code === 'PGRST301' || code === 'PGRST303') {
    return new UnauthorizedError(`Not signed in, or the token is not accepted: ${failure.message}`, {
      cause: failure,
      hint: 'Sign in, or refresh the session.',
    })
  }
  if (code === '42501' || status === 403) {
    return new Refusal(failure.message, { code: 'forbidden', ...options, results: [], argument: undefined })
  }
  if (status === 0)
    return new TransportError('network', `No answer from the server: ${failure.message}`, status, options)
  if (code === '57014' || status === 504) {
    return new TransportError(
      'timeout',
      `The server gave up after its time limit: ${failure.message}`,
      status,
      options,
    )
  }
  if (status === 429) {
    return new TransportError('rate_limited', `Too many requests: ${failure.message}`, status, options)
  }
  return new TransportError(
    'server',
    `The server failed with status ${status}: ${failure.message}`,
    status,
    options,
  )
}

function isRefusalCode(code: string): code is keyof typeof refusalCodes {
  return code in refusalCodes
}
