import { jwtVerify, errors, type JWTPayload } from 'jose'

/** Who speaks: what a token says, or a key of the project's. */
export interface Caller {
  readonly role: string
  readonly claims: JWTPayload
  /** In milliseconds since 1970. */
  readonly expiresAt: number
}

/** Why a token is not accepted, in the real server's words. */
export class TokenError extends Error {
  override readonly name = 'TokenError'
  /** As the real server logs it, and says it in the refusal of a join. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export interface TokenChecker {
  /** Of the project's keys and of tokens. */
  readonly callerOfKey: (key: string) => Promise<Caller>
  /** @throws TokenError */
  readonly callerOf: (token: string) => Promise<Caller>
  /** From now on these have expired, whatever they say of themselves. */
  readonly expire: (tokens: Iterable<string>) => void
}

const keyCaller = (role: string): Caller => ({ role, claims: { role }, expiresAt: Infinity })

const expired = (expiresAt: number): TokenError => {
  const seconds = Math.max(0, Math.round((Date.now() - expiresAt) / 1000))
  return new TokenError('InvalidJWTToken', `Token has expired ${seconds} seconds ago`)
}

export function tokenChecker(keys: {
  readonly anonKey: string
  readonly serviceKey: string
  readonly jwtSecret: string
}): TokenChecker {
  const secret = new TextEncoder().encode(keys.jwtSecret)
  const expiredTokens = new Set<string>()

  async function verify(token: string): Promise<JWTPayload> {
    try {
      return (await jwtVerify(token, secret, { algorithms: ['HS256'] })).payload
    } catch (cause) {
      if (cause instanceof errors.JWTExpired) throw expired(Number(cause.payload.exp) * 1000)
      if (cause instanceof errors.JWSSignatureVerificationFailed) {
        throw new TokenError('JwtSignatureError', 'Failed to validate JWT signature', { cause })
      }
      throw new TokenError('MalformedJWT', 'The token provided is not a valid JWT', { cause })
    }
  }

  async function callerOf(token: string): Promise<Caller> {
    const claims = await verify(token)
    if (expiredTokens.has(token)) throw expired(Date.now())
    const { role, exp } = claims
    if (typeof role !== 'string' || typeof exp !== 'number') {
      throw new TokenError('InvalidJWTToken', 'Fields `role` and `exp` are required in JWT')
    }
    return { role, claims, expiresAt: exp * 1000 }
  }

  return {
    callerOf,
    // What follows `sb_` is a secret of the project's, and never a token.
    callerOfKey: async (key) => {
      if (key === keys.anonKey) return keyCaller('anon')
      if (key === keys.serviceKey) return keyCaller('service_role')
      return callerOf(key)
    },
    expire(tokens) {
      for (const token of tokens) expiredTokens.add(token)
    },
  }
}
