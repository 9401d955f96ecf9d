import { decodeJwt, jwtVerify, SignJWT } from 'jose'

/** PostgREST forgives clocks that differ by this much. */
const GRACE_SECONDS = 30

const refusal = (message: string): Response =>
  Response.json(
    { code: 'PGRST301', details: null, hint: null, message },
    {
      status: 401,
      headers: { 'www-authenticate': `Bearer error="invalid_token", error_description="${message}"` },
    },
  )

/**
 * Does for a request's token what PostgREST does and the gateway does not: refuses what is no token at all, and
 * forgives a token that has expired, or is to be issued, within the last or next half minute. A good token, and a bad
 * one, is left to the gateway.
 */
export async function checkBearer(request: Request, secret: Uint8Array): Promise<Request | Response> {
  const bearer = /^Bearer\s+(.*)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  // supabase-js sends its API key as a token where it has none; Supabase's gateway takes it off.
  if (bearer === undefined || bearer.startsWith('sb_')) return request
  const parts = bearer.split('.').length
  if (parts !== 3) return refusal(`Expected 3 parts in JWT; got ${parts}`)
  const now = Math.floor(Date.now() / 1000)
  try {
    const { exp = Infinity, iat = 0 } = decodeJwt(bearer)
    const late = exp <= now && exp > now - GRACE_SECONDS
    const early = iat > now && iat <= now + GRACE_SECONDS
    if (!late && !early) return request
    const { payload } = await jwtVerify(bearer, secret, {
      algorithms: ['HS256'],
      clockTolerance: GRACE_SECONDS,
    })
    const token = await new SignJWT(payload)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt(Math.min(iat, now))
      .setExpirationTime(Math.max(exp, now + GRACE_SECONDS))
      .sign(secret)
    const headers = new Headers(request.headers)
    headers.set('authorization', `Bearer ${token}`)
    const { url, method, body } = request
    return new Request(url, { method, headers, ...(body === null ? {} : { body, duplex: 'half' }) })
  } catch {
    return request
  }
}
