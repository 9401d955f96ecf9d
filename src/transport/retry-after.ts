/**
 * The milliseconds that a `Retry-After` header asks to wait, in seconds or as a date; `undefined` without one that can
 * be read. A date is measured against the server's own clock, where the answer tells it. (Across origins, browsers
 * show these headers only where the server exposes them.)
 */
export function parseRetryAfter(headers: Headers | undefined): number | undefined {
  const given = headers?.get('retry-after')?.trim() ?? ''
  if (/^\d+$/.test(given)) return Number(given) * 1000
  const until = Date.parse(given)
  if (Number.isNaN(until)) return undefined
  const now = Date.parse(headers?.get('date') ?? '')
  return Math.max(0, until - (Number.isNaN(now) ? Date.now() : now))
}
